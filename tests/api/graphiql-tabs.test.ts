import { Kind, OperationTypeNode, parse } from 'graphql'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { ReportUserDocument, UpdateSettingsDocument } from '../../sdk/src/generated/graphql.ts'
import { placeholders } from '../../src/transport/graphiql/demo.ts'
import { starterTabs } from '../../src/transport/graphiql/tabs.ts'
import { ask, askSocket } from '../testkit/api.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { sharedServer } from '../testkit/shared.ts'
import { makeStaff, setRole } from '../testkit/support.ts'

/* Each operation of each tab, sent as GraphiQL sends it: the whole document, its name, and all variables of the tab. */

let people: Record<'ana' | 'ben' | 'staff' | 'admin', Person>
/** What a click on a name puts into the tabs, for each of them. */
let values: Record<string, Record<string, string>>
/** What the tabs leave to be filled in by hand, which is in the answers of other operations. */
const byHand: Record<string, string> = {}

beforeAll(async () => {
  const { server, database } = await sharedServer()
  const signedUp = await Promise.all(Array.from({ length: 6 }, () => signUp(server.url)))
  const [ana, ben, staff, admin, cleo, dan] = signedUp as [Person, Person, Person, Person, Person, Person]
  await makeStaff(database, staff)
  await setRole(database, 'ADMIN', admin)
  people = { ana, ben, staff, admin }
  const conversationId = await ana.startDirect(ben)
  const own = async (person: Person) => (await person.send(conversationId, 'Hello, look!')).message.id
  const of = async (person: Person, peer: Person) => ({
    ...placeholders,
    ...{ conversationId, peerId: peer.id, clientMessageId: newKey(), messageId: await own(person) },
  })
  const theirs = { ana: await of(ana, ben), ben: await of(ben, ana) }
  values = { ...theirs, staff: theirs.ana, admin: theirs.ana }
  byHand.groupId = await ana.createGroup([ben, dan])
  byHand.bannedId = dan.id
  byHand.suspendedId = cleo.id
  byHand.reportedId = await own(ben)
  byHand.reportId = await reported(ana, cleo)
  await ben.client.request(UpdateSettingsDocument, { input: { directMessagesFrom: 'NOBODY', requestsEnabled: true } })
  byHand.acceptedId = await cleo.startDirect(ben)
  byHand.declinedId = await dan.startDirect(ben)
  const opened = await ask<{ openSupport: { conversation: { id: string } } }>(
    ana,
    'mutation ($opKey: String!) { openSupport(input: { opKey: $opKey }) { ... on OpenSupportSuccess { conversation { id } } } }',
    { opKey: newKey() },
  )
  byHand.supportId = opened.data?.openSupport.conversation.id ?? ''
  await signedInAgain(ana)
  byHand.endpointId = await newEndpoint(admin)
})

// Other tests have the same server.
afterAll(async () => {
  const { data } = await ask<{ webhookEndpoints: { id: string; url: string }[] }>(
    people.admin,
    '{ webhookEndpoints { id url } }',
  )
  const remove = 'mutation ($id: ID!) { deleteWebhookEndpoint(input: { endpointId: $id }) { __typename } }'
  for (const { id, url } of data?.webhookEndpoints ?? [])
    if (url.startsWith('https://parley.example')) await ask(people.admin, remove, { id })
})

async function newEndpoint(admin: Person): Promise<string> {
  const create = `mutation ($key: String!) { createWebhookEndpoint(input: { url: "https://parley.example", opKey: $key }) {
    ... on CreateWebhookEndpointSuccess { endpoint { id } } } }`
  // The server knows the role a second later.
  return await vi.waitFor(
    async () => {
      const { data, text } = await ask<{ createWebhookEndpoint: { endpoint?: { id: string } } }>(admin, create, {
        key: newKey(),
      })
      return data?.createWebhookEndpoint.endpoint?.id ?? expect.fail(text)
    },
    { timeout: 20_000, interval: 100 },
  )
}

async function reported(person: Person, other: Person): Promise<string> {
  const input = { userId: other.id, reason: 'SPAM' as const, opKey: newKey() }
  const { reportUser } = await person.client.request(ReportUserDocument, { input })
  return expectType(reportUser, 'ReportUserSuccess').report.id
}

async function signedInAgain(person: Person) {
  const sessions = () =>
    ask<{ viewer: { sessions: { id: string; current: boolean }[] } }>(person, '{ viewer { sessions { id current } } }')
  const { handle } = person.session.user
  await ask(person.url, 'mutation ($input: LoginInput!) { login(input: $input) { __typename } }', {
    input: { handle, password: 'correct horse battery' },
  })
  const { data } = await sessions()
  byHand.sessionId = data?.viewer.sessions.find(({ current }) => !current)?.id ?? ''
}

const benOnly = ['MarkRead', 'Inbox', 'WatchConversation', 'AskFirst', 'Requests', 'AcceptRequest', 'DeclineRequest']
const staffOnly = ['SupportDesk', 'Resolve', 'Reports', 'RemoveReported', 'ResolveReport']
const adminOnly = [
  'Suspend',
  'Suspensions',
  'Unsuspend',
  'CreateWebhook',
  'Webhooks',
  'TestWebhook',
  'WebhookDeliveries',
  'ReplayWebhook',
]
const whoRuns = (name: string) => {
  if (adminOnly.includes(name)) return 'admin'
  return staffOnly.includes(name) ? 'staff' : benOnly.includes(name) ? 'ben' : 'ana'
}
const handles = /handle: "(?:ana|ben)"/

const operationsOf = (query: string) =>
  parse(query).definitions.flatMap((one) =>
    one.kind === Kind.OPERATION_DEFINITION ? [{ name: one.name?.value ?? '', kind: one.operation }] : [],
  )

const operations = starterTabs
  .filter(({ query }) => !handles.test(query))
  .flatMap((tab) => operationsOf(tab.query).map((operation) => ({ ...operation, tab })))

describe('an operation of a starter tab runs as it is', () => {
  test.each(operations)('$name', async ({ name, kind, tab }) => {
    const who = whoRuns(name)
    let variables = tab.variables
    for (const [key, placeholder] of Object.entries(placeholders)) {
      variables = variables.replaceAll(`${placeholder}"`, `${values[who]?.[key] ?? ''}"`)
    }
    for (const [key, value] of Object.entries(byHand)) {
      variables = variables.replace(`"${key}": ""`, `"${key}": "${value}"`)
    }
    const given = JSON.parse(variables) as Record<string, unknown>
    const operationName = name
    const isSubscription = kind === OperationTypeNode.SUBSCRIPTION
    const answer = isSubscription
      ? askSocket(people[who], tab.query, given, operationName)
      : ask(people[who], tab.query, given, { operationName })
    // Nothing tells when a subscription to what comes from now on has begun.
    const repeated = setInterval(() => {
      if (isSubscription) void people.ana.send(values.ana?.conversationId ?? '', 'Live')
    }, 200)
    const { data, errors } = await answer
    clearInterval(repeated)
    expect([errors, JSON.stringify(data)]).toEqual([undefined, expect.not.stringContaining('"code"')])
    expect(Object.keys(data ?? {}).length).toBeGreaterThan(0)
  })
})
