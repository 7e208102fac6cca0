import { getNamedType, isObjectType, isUnionType, type GraphQLField, type GraphQLSchema } from 'graphql'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { LoginDocument } from '../../../sdk/src/generated/graphql.ts'
import { ask } from '../../testkit/api.ts'
import { connect, newKey, Person } from '../../testkit/person.ts'
import type { Ids, ViewerName, World } from './world.ts'

/** What somebody gets: a value, null, or the code with which they are refused. */
export type Cell = string

type Values = Record<string, unknown>
type Make = (ids: Ids, world: World, viewer: Person) => Values | Promise<Values>

const password = 'correct horse battery'
const inGroup: Make = ({ conversation }) => ({ conversationId: conversation })
const onMessage: Make = ({ message }) => ({ messageId: message, opKey: newKey() })
const member: Make = ({ conversation, bob }) => ({ conversationId: conversation, userId: bob })
const nothing: Make = () => ({})

const endpoint = () => ({
  endpointId: Buffer.from('WebhookEndpoint:01890000-0000-7000-8000-000000000000').toString('base64url'),
})

const apiKey = () => ({
  apiKeyId: Buffer.from('ApiKey:01890000-0000-7000-8000-000000000000').toString('base64url'),
})

/** A session of its own, for what ends it. */
async function again(person: Person): Promise<Person> {
  const { login } = await connect(person.url, () => null).request(LoginDocument, {
    input: { handle: person.handle, password },
  })
  return login.__typename === 'LoginSuccess' ? new Person(login.session, person.url) : person
}

/** What each operation is tried with. Of mutations it is the input. */
export const argumentsOf: Record<string, Make> = {
  'Query.auditLog': nothing,
  'Query.bans': inGroup,
  'Query.conversation': ({ conversation }) => ({ id: conversation }),
  'Query.inbox': nothing,
  'Query.node': ({ message }) => ({ id: message }),
  'Query.nodes': ({ conversation }) => ({ ids: [conversation] }),
  'Query.reports': nothing,
  'Query.resync': ({ conversation }) => ({ cursors: [{ streamId: conversation, eventSeq: 0 }] }),
  'Query.searchMessages': ({ conversation }) => ({ query: 'Hello', conversationId: conversation }),
  'Query.searchUsers': () => ({ query: 'bob' }),
  'Query.server': nothing,
  'Query.supportQueue': nothing,
  'Query.suspensions': nothing,
  'Query.viewer': nothing,
  'Query.writeStatus': () => ({ opKey: newKey() }),
  'Mutation.acceptInvitation': () => ({ token: 'of nobody', password }),
  'Mutation.acceptRequest': inGroup,
  'Mutation.declineRequest': inGroup,
  'Mutation.addMembers': ({ conversation, stranger }) => ({ conversationId: conversation, userIds: [stranger] }),
  'Mutation.assignSupport': (_, { support, people }) => ({ conversationId: support, userId: people.staff.id }),
  'Mutation.banMember': ({ conversation, bob }) => ({ conversationId: conversation, userId: bob, banned: true }),
  'Mutation.blockUser': ({ stranger }) => ({ userId: stranger, blocked: true }),
  'Mutation.changePassword': () => ({ currentPassword: password, newPassword: password }),
  'Mutation.createGroup': ({ bob }) => ({ title: 'New', memberIds: [bob], opKey: newKey() }),
  'Mutation.createStreamTicket': () => ({ query: 'subscription { inboxEvents { __typename } }' }),
  'Mutation.createUpload': () => ({ fileName: 'a.txt', contentType: 'text/plain', byteSize: 1 }),
  'Mutation.deleteConversation': ({ conversation }) => ({ conversationId: conversation, opKey: newKey() }),
  'Mutation.deleteMessage': onMessage,
  'Mutation.editMessage': ({ message }) => ({ messageId: message, opKey: newKey(), text: 'Mine' }),
  'Mutation.eraseUser': (_, { gone }) => ({ userId: gone.id }),
  'Mutation.heartbeat': () => ({ deviceId: 'device', kind: 'WEB', status: 'ONLINE' }),
  'Mutation.hideConversation': inGroup,
  'Mutation.leaveConversation': inGroup,
  'Mutation.login': (_, __, { handle }) => ({ handle, password }),
  'Mutation.logout': nothing,
  'Mutation.markAllRead': nothing,
  'Mutation.markDelivered': ({ conversation }) => ({ conversationId: conversation, seq: 1 }),
  'Mutation.markRead': ({ conversation }) => ({ conversationId: conversation, seq: 1 }),
  'Mutation.openSupport': () => ({ opKey: newKey() }),
  'Mutation.pinMessage': ({ message }) => ({ messageId: message, pinned: true, opKey: newKey() }),
  'Mutation.refreshSession': async (_, __, viewer) => ({ refreshToken: (await again(viewer)).session.refreshToken }),
  'Mutation.register': () => ({
    handle: `p_${newKey().slice(0, 20)}`.replaceAll('-', '_'),
    displayName: 'New',
    password,
  }),
  'Mutation.removeMember': member,
  'Mutation.removeMessage': ({ message }) => ({ messageId: message }),
  'Mutation.renameConversation': ({ conversation }) => ({ conversationId: conversation, title: 'Mine' }),
  'Mutation.renewToken': (_, __, { session }) => ({ token: session.accessToken }),
  'Mutation.reportMessage': ({ message }) => ({ messageId: message, reason: 'SPAM', opKey: newKey() }),
  'Mutation.reportUser': ({ bob }) => ({ userId: bob, reason: 'SPAM', opKey: newKey() }),
  'Mutation.resolveReport': (_, { report }) => ({ reportId: report, outcome: 'NO_ACTION' }),
  'Mutation.revokeSession': () => ({
    sessionId: Buffer.from('ActiveSession:01890000-0000-7000-8000-000000000000').toString('base64url'),
  }),
  'Mutation.sendMessage': ({ conversation }) => ({
    conversationId: conversation,
    text: 'Hi',
    clientMessageId: newKey(),
  }),
  'Mutation.setEditPolicy': ({ conversation }) => ({ conversationId: conversation, editPolicy: 'NEVER' }),
  'Mutation.setHistoryVisibility': ({ conversation }) => ({ conversationId: conversation, historyVisibility: 'ALL' }),
  'Mutation.setMemberPermissions': ({ conversation }) => ({ conversationId: conversation, memberPermissions: ['PIN'] }),
  'Mutation.setMemberRole': ({ conversation, bob }) => ({ conversationId: conversation, userId: bob, role: 'ADMIN' }),
  'Mutation.setSupportStatus': (_, { support }) => ({ conversationId: support, status: 'OPEN' }),
  'Mutation.reportDiagnostics': () => ({
    ...{ eventCount: 1, acksWithoutEvent: 0, duplicateEvents: 0, duplicateMessages: 0, readsWentBack: 0 },
  }),
  'Mutation.setTyping': ({ conversation }) => ({ conversationId: conversation, typing: true }),
  'Mutation.startDirect': ({ bob }) => ({ userId: bob }),
  'Mutation.suspendUser': ({ stranger }) => ({ userId: stranger }),
  'Mutation.toggleReaction': ({ message }) => ({ messageId: message, emoji: '👍', on: true, opKey: newKey() }),
  'Mutation.transferOwnership': member,
  'Mutation.unsuspendUser': ({ stranger }) => ({ userId: stranger }),
  'Mutation.updateInboxEntry': ({ conversation }) => ({ conversationId: conversation, pinned: true }),
  'Mutation.updateSettings': nothing,
  // Refused before anything else, so no endpoint is needed; who may is told that there is none, or that this is no URL.
  'Query.webhookDeliveries': endpoint,
  'Query.webhookEndpoints': nothing,
  'Mutation.createWebhookEndpoint': () => ({ url: 'nonsense', opKey: newKey() }),
  'Mutation.deleteWebhookEndpoint': endpoint,
  'Mutation.pauseWebhookEndpoint': endpoint,
  'Mutation.replayWebhook': () => ({ ...endpoint(), from: '2026-01-01T00:00:00.000Z' }),
  'Mutation.resumeWebhookEndpoint': endpoint,
  'Mutation.rotateWebhookSecret': () => ({ ...endpoint(), opKey: newKey() }),
  'Mutation.testWebhookEndpoint': endpoint,
  'Mutation.updateWebhookEndpoint': endpoint,
  'Query.apiKeys': nothing,
  'Mutation.createApiKey': () => ({ name: 'A key', scopes: ['USERS_WRITE'] }),
  'Mutation.revokeApiKey': apiKey,
  'Mutation.rotateApiKey': apiKey,
  'Mutation.upsertUser': () => ({ externalId: newKey(), displayName: 'New' }),
  'Subscription.conversationEvents': ({ conversation }) => ({ conversationId: conversation, after: 0 }),
  'Subscription.inboxEvents': ({ conversation }) => ({ after: [{ streamId: conversation, eventSeq: 0 }] }),
  'Subscription.messageEvents': ({ conversation }) => ({ conversationId: conversation, after: 0 }),
  'Subscription.presenceEvents': ({ bob }) => ({ userIds: [bob] }),
  'Subscription.receiptEvents': ({ conversation }) => ({ conversationId: conversation, after: 0 }),
  'Subscription.supportEvents': (_, { support }) => ({ after: [{ streamId: support, eventSeq: 0 }] }),
  'Subscription.typingEvents': inGroup,
}

/** The document of an operation: as little of its result as there is. */
function documentOf(root: string, field: GraphQLField<unknown, unknown>): string {
  const declared = field.args.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ')
  const passed = field.args.map(({ name }) => `${name}: $${name}`).join(', ')
  const type = getNamedType(field.type)
  const selection = isUnionType(type)
    ? '{ __typename ... on Error { code } }'
    : 'getFields' in type
      ? '{ __typename }'
      : ''
  return `${root.toLowerCase()}${declared && ` (${declared})`} { ${field.name}${passed && `(${passed})`} ${selection} }`
}

interface Answered {
  data?: Record<string, unknown> | null
  errors?: readonly { extensions?: { code?: unknown } }[]
}

export function cellOf({ data, errors }: Answered): Cell {
  if (errors) return String(errors[0]?.extensions?.code)
  const [value] = Object.values(data ?? {})
  if (
    value === null ||
    value === false ||
    (Array.isArray(value) && value.length > 0 && value.every((item) => item === null))
  )
    return 'null'
  const { code } = value as { code?: string }
  return code ?? 'value'
}

/** The first that a subscription answers. What is not stored is made to happen until then. */
async function first(world: World, ids: Ids, person: Person, query: string, variables: Values): Promise<Answered> {
  const client = createClient({
    url: person.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: person.connectionParams,
    retryAttempts: 0,
  })
  let answer: Answered | undefined
  const answered = new Promise<void>((resolve) => {
    client.subscribe(
      { query, variables },
      {
        next: (result) => {
          answer ??= result as Answered
          resolve()
        },
        error: (error) => {
          // A socket that is not let in is closed with 4403.
          answer ??= {
            errors: Array.isArray(error) ? (error as never[]) : [{ extensions: { code: 'UNAUTHENTICATED' } }],
          }
          resolve()
        },
        complete: resolve,
      },
    )
  })
  const deadlineMs = performance.now() + 60_000
  while (answer === undefined && performance.now() < deadlineMs) {
    if (query.includes('typingEvents')) await world.owner.setTyping(ids.conversation, true)
    if (query.includes('receiptEvents')) await world.owner.markRead(ids.conversation, 1)
    await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 200))])
  }
  await client.dispose()
  if (!answer) throw new Error(`no answer to ${query}`)
  return answer
}

export async function cellOfOperation(
  schema: GraphQLSchema,
  name: string,
  [world, ids, viewerName]: [World, Ids, ViewerName],
): Promise<Cell> {
  const [root = '', fieldName = ''] = name.split('.')
  const type = schema.getType(root)
  const field = isObjectType(type) ? type.getFields()[fieldName] : undefined
  const make = argumentsOf[name]
  if (!field || !make) throw new Error(`${name} has no arguments here`)
  const person = world.people[viewerName]
  const values = await make(ids, world, person)
  const query = documentOf(root, field)
  if (root === 'Subscription') return cellOf(await first(world, ids, person, query, values))
  const variables = root === 'Mutation' && field.args.length > 0 ? { input: values } : values
  return cellOf(await ask(name === 'Mutation.logout' ? await again(person) : person, query, variables))
}
