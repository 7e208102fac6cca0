import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { sha256Of } from '../../src/execution/documents/persisted.ts'
import { ask, expectErrors } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import {
  askForTicket,
  clockAhead,
  requestEvents,
  ticketFor,
  told,
  type SourceStream,
  type Subscribed,
} from '../testkit/event-source.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const eventsQuery = `subscription ($id: ID!, $after: Int, $mark: String) {
  conversationEvents(conversationId: $id, after: $after, mark: $mark) {
    __typename cursor { eventSeq mark } ... on MessageSent { message { text } } ... on SnapshotRequired { reason } } }`

interface Told {
  __typename: string
  cursor: { eventSeq: number; mark: string }
  message?: { text: string }
}

const textsOf = (stream: SourceStream) =>
  told<Told>(stream).map(({ __typename, message }) => message?.text ?? __typename)
const codeOf = ({ events }: SourceStream) => events[0]?.data?.errors?.[0]?.extensions.code

let server: ServerProcess
/** On the same database, with a clock that is past the time in which a ticket has to be used. */
let ahead: ServerProcess
let ann: Person
let bob: Person
beforeAll(async () => {
  const database = await createTestDatabase()
  const env = { LOG_LEVEL: 'trace', RATE_LIMITS: 'on' }
  server = await startServer({ databaseUrl: database.url, env })
  ahead = await startServer({ databaseUrl: database.url, env: { ...env, ...clockAhead(61_000) } })
  ann = await signUp(server.url)
  bob = await signUp(server.url)
})

const tickets: string[] = []

async function open(person: Person, subscribed: Subscribed, at: { url: string } = server) {
  const { ticket, search } = await ticketFor(person, subscribed)
  tickets.push(ticket)
  return { address: at.url + search, ticket, search, stream: await requestEvents(at.url + search) }
}

async function group(text?: string) {
  const conversation = await ann.createGroup([bob])
  if (text !== undefined) await ann.send(conversation, text)
  return conversation
}

describe('ids of events', () => {
  const address = (query: string) => `${server.url}?${new URLSearchParams({ query }).toString()}`
  const asAnn = () => ({ authorization: `Bearer ${ann.session.accessToken}` })

  test.each([
    ['live', ''],
    ['from the beginning', ', after: 0'],
    ['from a place with a mark', ', after: 0, mark: "0"'],
  ])('lead on from any event, whatever the arguments say: %s', async (_name, args) => {
    const conversation = await group('before')
    for (const field of ['conversationEvents', 'messageEvents']) {
      const query = `subscription { ${field}(conversationId: "${conversation}"${args}) {
        __typename cursor { eventSeq mark } ... on MessageSent { message { text } } } }`
      const first = await requestEvents(address(query), '', asAnn())
      await first.waitFor(({ lastEventId }) => lastEventId !== '')
      const opening = first.events[0]!.id
      await ann.send(conversation, 'one')
      await ann.send(conversation, 'two')
      await first.waitFor((stream) => textsOf(stream).includes('two'))
      first.cut()
      const all = told<Told>(first)
      const ids = first.events.flatMap(({ name, id }) => (name === 'next' ? [id] : []))
      expect(ids).toEqual(all.map(({ cursor }) => `${cursor.eventSeq}.${cursor.mark}`))
      await ann.send(conversation, 'three')
      for (const [at, id] of [opening, ...ids].entries()) {
        const next = await requestEvents(address(query), id!, asAnn())
        await next.waitFor((stream) => textsOf(stream).includes('three'))
        expect(textsOf(next)).toEqual([...textsOf(first).slice(at), 'three'])
        // Cut off at once, it would be at the same place.
        expect(next.events[0]).toEqual({ name: null, id, data: null })
        next.cut()
      }
    }
  })

  test.each([
    ['live', false, ''],
    ['live, with the token asked for', false, 'resume'],
    ['from places', true, ''],
  ])('lead on in all conversations of an inbox, whatever the arguments say: %s', async (_name, hasPlaces, field) => {
    const own = await signUp(server.url)
    const [one, two] = [await ann.createGroup([own]), await ann.createGroup([own])]
    await ann.send(one, 'before')
    const after = `(after: [{ streamId: "${one}", eventSeq: 0 }])`
    const query = `subscription { inboxEvents${hasPlaces ? after : ''} {
      __typename cursor { streamId } ${field} ... on MessageSent { message { text } } } }`
    const { address: ticketed, stream: first } = await open(own, { query })
    await first.waitFor(({ events }) => events.length > 0)
    await ann.send(two, 'one')
    await ann.send(one, 'two')
    await first.waitFor((stream) => ['one', 'two'].every((text) => textsOf(stream).includes(text)))
    first.cut()
    const ids = first.events.map(({ id }) => id)
    expect(ids).not.toContain(null)
    const messages = (stream: SourceStream) => textsOf(stream).filter((text) => !text.startsWith('Inbox'))
    const all = messages(first)
    expect(all).toHaveLength(hasPlaces ? 3 : 2)
    await ann.send(two, 'three')
    const three = await ann.createGroup([own])
    await ann.send(three, 'four')
    for (const at of first.events.keys()) {
      const next = await requestEvents(ticketed, ids[at]!)
      await next.waitFor((stream) => ['three', 'four'].every((text) => textsOf(stream).includes(text)))
      const rest = textsOf({ ...first, events: first.events.slice(at + 1) }).filter((text) => !text.startsWith('Inbox'))
      expect(messages(next).sort()).toEqual([...rest, 'three', 'four'].sort())
      next.cut()
    }
  })

  test('also lead to the word that a place is lost, until it was told', async () => {
    const conversation = await group()
    const query = `subscription { conversationEvents(conversationId: "${conversation}") { __typename ... on SnapshotRequired { reason } } }`
    for (let round = 0; round < 2; round++) {
      const lost = await requestEvents(address(query), '999.abcdef', asAnn())
      await lost.waitForNext(1)
      expect(lost.events[0]).toEqual({ name: null, id: '999.abcdef', data: null })
      expect(textsOf(lost)).toEqual(['SnapshotRequired'])
      await ann.send(conversation, 'later')
      await lost.waitForNext(2)
      const again = await requestEvents(address(query), lost.events[1]!.id!, asAnn())
      await again.waitForNext(1)
      expect(textsOf(again)).toEqual(['MessageSent'])
      lost.cut()
      again.cut()
    }
  })

  test('of an end are answered with 204, at which an EventSource stays away', async () => {
    const conversation = await group('before')
    const { address: ticketed, stream } = await open(bob, { query: eventsQuery, variables: { id: conversation } })
    const left = await ask(
      bob,
      `mutation { leaveConversation(input: { conversationId: "${conversation}" }) { __typename } }`,
    )
    expect(left.errors).toBeUndefined()
    await stream.waitForEnd()
    expect(stream.events.at(-1)).toMatchObject({ name: 'complete' })
    expect(textsOf(stream)).toEqual(['MemberLeft'])
    expect((await requestEvents(ticketed, stream.lastEventId)).status).toBe(204)
    for (const query of ['{ viewer { id } }', 'subscription { nope }']) {
      const answered = await requestEvents(address(query), '', asAnn())
      await answered.waitForEnd()
      expect(answered.events.at(-1)).toEqual({ name: 'complete', id: 'end', data: null })
      expect((await requestEvents(address(query), 'end', asAnn())).status).toBe(204)
    }
  })

  test('that are none are a mistake, and of no effect where nothing has a place', async () => {
    const conversation = await group()
    const query = `subscription { conversationEvents(conversationId: "${conversation}") { __typename } }`
    for (const id of ['x', '1', '1.', '-1.0', '1.0.0', '99999999999.abc', '1.0 2', '9'.repeat(9_000), 'a\tb', '"']) {
      const refused = await requestEvents(address(query), id, asAnn())
      await refused.waitForEnd()
      expect([id, refused.status, codeOf(refused), refused.lastEventId]).toEqual([id, 200, 'VALIDATION_ERROR', 'end'])
    }
    const typing = `subscription { typingEvents(conversationId: "${conversation}") { typing user { handle } } }`
    const stream = await requestEvents(address(typing), '7.abc', asAnn())
    await stream.waitFor(({ events }) => events.length > 0)
    await bob.setTyping(conversation, true)
    await stream.waitForNext(1)
    expect(stream.events[1]).toMatchObject({ name: 'next', id: null })
    stream.cut()
  })
})

describe('a ticket', () => {
  test('opens its subscription without a token, and the events lead on when it has expired', async () => {
    const conversation = await group('one')
    const subscribed = { query: eventsQuery, variables: { id: conversation, after: 0 } }
    const { stream, search } = await open(ann, subscribed)
    await stream.waitFor((told) => textsOf(told).includes('one'))
    stream.cut()
    const late = await requestEvents(ahead.url + search)
    await late.waitForEnd()
    expect([late.status, codeOf(late)]).toEqual([401, 'UNAUTHENTICATED'])
    await ann.send(conversation, 'two')
    const next = await requestEvents(ahead.url + search, stream.lastEventId)
    await next.waitForNext(1)
    expect(textsOf(next)).toEqual(['two'])
    next.cut()
  })

  test('whose subscription has no places leads on as well', async () => {
    const conversation = await group()
    const query = `subscription ($id: ID!) { typingEvents(conversationId: $id) { typing } }`
    const { stream, search } = await open(ann, { query, variables: { id: conversation } })
    await stream.waitFor(({ lastEventId }) => lastEventId !== '')
    stream.cut()
    const next = await requestEvents(ahead.url + search, stream.lastEventId)
    expect(next.status).toBe(200)
    await next.waitFor(({ events }) => events.length > 0)
    await bob.at(ahead.url).setTyping(conversation, true)
    await next.waitForNext(1)
    next.cut()
  })

  test('is for one text, its variables and its operation, however these are written', async () => {
    const conversation = await group('one')
    const other = await group('two')
    const query = `subscription A($id: ID!, $after: Int) { conversationEvents(conversationId: $id, after: $after) { __typename } }
      subscription B($id: ID!, $after: Int) { messageEvents(conversationId: $id, after: $after) { __typename } }`
    const variables = { id: conversation, after: 0 }
    const { ticket, stream } = await open(ann, { query, variables, operationName: 'A' })
    await stream.waitForNext(1)
    stream.cut()
    const at = (params: Record<string, unknown>) => {
      const texts = Object.entries({ operationName: 'A', ticket, ...params }).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ])
      return `${server.url}?${new URLSearchParams(Object.fromEntries(texts) as Record<string, string>).toString()}`
    }
    await ask(ann, query, variables, { operationName: 'A' })
    const persisted = { version: 1, sha256Hash: sha256Of(query) }
    await requestEvents(at({ query: '{ __typename }', ticket: 'none' }))
    const registered = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, operationName: 'A', variables, extensions: { persistedQuery: persisted } }),
    })
    await registered.text()
    for (const params of [
      { query, variables: { after: 0, id: conversation } },
      { query, variables: `{ "id": "${conversation}", "after": 0.0 }` },
      { extensions: { persistedQuery: persisted }, variables },
    ]) {
      const same = await requestEvents(at(params))
      expect([params, same.status]).toEqual([params, 200])
      await same.waitForNext(1)
      same.cut()
    }
    for (const params of [
      { query: `${query} `, variables },
      { query: query.replace('__typename', 'occurredAt'), variables },
      { query, variables: { ...variables, id: other } },
      { query, variables: { ...variables, after: 1 } },
      { query, variables: { id: conversation } },
      { query, variables: { ...variables, after: [0] } },
      { query, variables, operationName: 'B' },
    ]) {
      for (const lastEventId of ['', stream.lastEventId]) {
        const refused = await requestEvents(at(params), lastEventId)
        await refused.waitForEnd()
        expect([params, refused.status, codeOf(refused)]).toEqual([params, 403, 'FORBIDDEN'])
      }
    }
  })

  test('that is made up or changed opens nothing, nor does a place that was not told to its owner', async () => {
    const conversation = await group('one')
    const subscribed = { query: eventsQuery, variables: { id: conversation, after: 0 } }
    const { stream, ticket, search, address } = await open(ann, subscribed)
    const others = await open(bob, subscribed)
    for (const { stream: each } of [{ stream }, others]) await each.waitForNext(1)
    for (const { stream: each } of [{ stream }, others]) each.cut()
    const bytes = Buffer.from(ticket, 'base64url')
    const changed = Array.from({ length: bytes.byteLength }, (_, at) => {
      const copy = Buffer.from(bytes)
      copy[at]! ^= 1
      return copy.toString('base64url')
    })
    const madeUp = ['', 'x', `${ticket}A`, ticket.slice(1), `${ticket}=`, `${ticket}&ticket=${ticket}`]
    // Of the last letter two bits stand for nothing.
    const rewritten = ticket.slice(0, -1) + 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[(ticket.charCodeAt(137) + 1) % 26]!
    for (const wrong of [...changed, ...madeUp, rewritten, randomBytes(103).toString('base64url')]) {
      for (const lastEventId of ['', stream.lastEventId]) {
        const refused = await requestEvents(server.url + search.replace(ticket, wrong), lastEventId)
        expect([wrong, [401, 403]]).toEqual([wrong, expect.arrayContaining([refused.status]) as number[]])
        refused.cut()
      }
    }
    const [place = '', signature = ''] = stream.lastEventId.split('~')
    const forged = [place, `${place}~`, `0.0~${signature}`, `${place}~${signature.slice(1)}`, others.stream.lastEventId]
    for (const id of [...forged, `open~${signature}`, 'open', '~', `${place}~${signature}~${signature}`]) {
      for (const url of [address, ahead.url + search]) {
        const refused = await requestEvents(url, id)
        await refused.waitForEnd()
        expect([id, textsOf(refused)]).toEqual([id, []])
        const mistake = id.endsWith('~') || id.split('~').length > 2
        expect([id, refused.status, codeOf(refused)]).toEqual([
          id,
          ...(mistake ? [200, 'VALIDATION_ERROR'] : [403, 'FORBIDDEN']),
        ])
      }
    }
  })

  test('is no key to anything else: queries, mutations, other ways', async () => {
    const conversation = await group()
    const subscribed = { query: eventsQuery, variables: { id: conversation } }
    const { ticket, search, stream } = await open(ann, subscribed)
    stream.cut()
    for (const query of ['{ viewer { id } }', 'mutation { logout }']) {
      expect(await askForTicket(ann, { query })).toMatchObject({
        data: { createStreamTicket: { __typename: 'ValidationError', fields: [{ path: ['input', 'query'] }] } },
      })
      const url = `${server.url}?${new URLSearchParams({ query, ticket }).toString()}`
      const byEvents = await requestEvents(url)
      const byJson = await fetch(url, { headers: { accept: 'application/json' } })
      const byPost = await fetch(`${server.url}${search}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ query }),
      })
      const isQuery = query.startsWith('{')
      expect([query, byEvents.status, byJson.status]).toEqual([query, isQuery ? 403 : 400, 400])
      expectErrors(JSON.parse(await byPost.text()) as never, 'UNAUTHENTICATED')
      expect(JSON.stringify(byEvents.events) + (await byJson.text())).not.toContain(ann.id)
    }
    const asJson = await fetch(server.url + search, { headers: { accept: 'application/json' } })
    expect(asJson.status).toBe(400)
    const posted = await fetch(server.url + search, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify(subscribed),
    })
    expect(posted.status).toBe(401)
    await posted.text()
    // Still somebody's session: the ticket has changed nothing.
    expect((await ask(ann, '{ viewer { id } }')).errors).toBeUndefined()
  })

  test('ends with its session', async () => {
    const cat = await signUp(server.url)
    const own = await cat.createGroup([bob])
    await cat.send(own, 'one')
    const { address, search, stream } = await open(cat, { query: eventsQuery, variables: { id: own, after: 0 } })
    await stream.waitForNext(1)
    expect((await ask(cat, 'mutation { logout }')).errors).toBeUndefined()
    await stream.waitForEnd()
    expect(stream.events.at(-1)!.name).toBe('next')
    for (const url of [address, ahead.url + search]) {
      for (const id of ['', stream.lastEventId]) {
        const refused = await requestEvents(url, id)
        await refused.waitForEnd()
        expect([refused.status, codeOf(refused)]).toEqual([401, 'UNAUTHENTICATED'])
      }
    }
    // Nor does somebody's own right end: who is not in a conversation is told so.
    const foreign = await open(ann, { query: eventsQuery, variables: { id: own } })
    expect(foreign.stream.status).toBe(404)
  })

  test('is made for who is logged in, in a size that fits an address, and not without end', async () => {
    expectErrors(
      await askForTicket(server.url, { query: 'subscription { inboxEvents { __typename } }' }),
      'UNAUTHENTICATED',
    )
    const wrong: [string, object][] = [
      ['query', { query: 'subscription {' }],
      ['query', { query: '' }],
      ['query', { query: `subscription { ${'a '.repeat(2_100)} }` }],
      ['query', { query: `subscription { inboxEvents { __typename } } #${'x'.repeat(8_192)}` }],
      ['query', { query: `subscription { inboxEvents { __typename } } #${'é'.repeat(8_000)}` }],
      ['query', { query: `subscription { inboxEvents { __typename } } #${'é'.repeat(1_150)}`, variables: { x: 'y' } }],
      ['variables', { query: 'subscription { inboxEvents { __typename } }', variables: { x: '€'.repeat(800) } }],
      ['query', { query: 'subscription { inboxEvents { __typename } }', operationName: 'B' }],
      ['variables', { query: 'subscription { inboxEvents { __typename } }', variables: { x: 'x'.repeat(4_100) } }],
    ]
    for (const [field, input] of wrong) {
      expect(await askForTicket(ann, input as never)).toMatchObject({
        data: { createStreamTicket: { __typename: 'ValidationError', fields: [{ path: ['input', field] }] } },
      })
    }
    const dan = await signUp(server.url)
    const many = `mutation { ${Array.from({ length: 30 }, (_, at) => `t${at}: createStreamTicket(input: { query: "subscription { inboxEvents { __typename } }" }) { __typename }`).join(' ')} }`
    const codes = []
    for (let round = 0; round < 5; round++) {
      const { errors } = await ask(dan, many)
      codes.push(...(errors ?? []).map(({ extensions }) => extensions.code))
    }
    expect(codes.length).toBeGreaterThan(0)
    expect(new Set(codes)).toEqual(new Set(['RATE_LIMITED']))
    expect((await askForTicket(ann, { query: 'subscription { inboxEvents { __typename } }' })).errors).toBeUndefined()
  })

  test('is made for the longest address that is let in, and for none that is longer by a byte', async () => {
    const document = (length: number) => `subscription { inboxEvents { __typename } }#é${'x'.repeat(length)}`
    const { search } = await ticketFor(ann, { query: document(0) })
    const fitting = 7_000 - search.length
    const { search: longest, stream } = await open(ann, { query: document(fitting) })
    expect([longest.length, stream.status]).toEqual([7_000, 200])
    stream.cut()
    const { data } = await askForTicket(ann, { query: document(fitting + 1) })
    const refused = data?.createStreamTicket as { fields?: { path: string[]; reason: string }[] } | undefined
    expect(refused?.fields).toMatchObject([{ path: ['input', 'query'] }])
    expect(refused?.fields?.[0]?.reason).toMatch(/^Too long for an address: .* 7001 bytes/)
  })

  test('is in none of our logs, at whatever level', () => {
    expect(tickets.length).toBeGreaterThan(5)
    for (const each of [server, ahead]) {
      const written = each.logs()
      expect(written.length).toBeGreaterThan(0)
      for (const ticket of tickets) expect(written).not.toContain(ticket)
      expect(written).not.toContain('ticket=')
    }
  })
})
