import { describe, expect, test } from 'vitest'
import { SendMessageDocument, WriteStatusDocument } from '../../sdk/src/generated/graphql.ts'
import { ask, askSocket, expectErrors, type Answer } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { effort, inFullRun } from '../testkit/effort.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { openSocket, type OpenSocket } from '../testkit/open-socket.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { openConnections, readiness, startProxied, untilReadiness } from '../testkit/proxied.ts'
import type { Proxy } from '../testkit/proxy.ts'
import { subscribeBySse } from '../testkit/sse.ts'

/** What the API promises, a request that cannot be served fails within 2 s, with room for a machine that is busy with other things. */
const boundMs = 10_000
const poolSize = 4

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

const queries = {
  viewer: '{ viewer { user { handle } } }',
  search: '{ searchUsers(query: "some") { nodes { handle } } }',
  history: 'query ($id: ID!) { conversation(id: $id) { messages(last: 5) { nodes { text } } } }',
  send: `mutation ($id: ID!, $key: String!) { sendMessage(input: { conversationId: $id, text: "Lost?", clientMessageId: $key }) {
    ... on SendMessageSuccess { ack { outcome } } } }`,
  login: `mutation ($handle: String!) { login(input: { handle: $handle, password: "correct horse battery" }) {
    ... on LoginSuccess { session { accessToken } } } }`,
  subscription: 'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { __typename } }',
}
const operations = Object.values(queries)

/** How PostgreSQL gets lost: connections break and are refused, or hang without a word. */
const losses = effort<['cut' | 'stall'][]>([['cut'], ['stall']], [['stall']])

async function tookMs(asking: Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now()
  await asking
  return performance.now() - startedAtMs
}

function expectUnavailable(answer: Pick<Answer, 'data' | 'errors'>): void {
  for (const { extensions } of expectErrors(answer, 'UNAVAILABLE')) {
    expect(extensions).toMatchObject({ retryable: true })
    expect(extensions.retryAfterMs).toBeGreaterThan(0)
  }
}

/** Asks for everything at once, over every transport; all of it has to be refused in time. */
async function expectAllRefused(person: Person, socket: OpenSocket, conversationId: string): Promise<number> {
  const variables = () => ({ id: conversationId, key: newKey(), handle: person.handle })
  const refused = async (asking: Promise<Pick<Answer, 'data' | 'errors'>>) => {
    expectUnavailable(await asking)
  }
  const asked = [
    ...operations
      .filter((operation) => operation !== queries.subscription)
      .map((operation) => refused(ask(person, operation, variables()))),
    refused(ask(person.url, queries.login, variables())),
    ...operations.map((operation) => refused(socket.ask(operation, variables()))),
    refused(askSocket(person.url, queries.login, variables())),
    askSocket(person, queries.viewer).then(expectUnavailable, (event: unknown) => {
      // Who may not even connect is told so by the close code: come back later.
      expect(event).toMatchObject({ code: 1013 })
    }),
    subscribeBySse(person, queries.subscription, variables()).then(async (stream) => {
      expectUnavailable((await stream.waitForCount(1))[0]!)
    }),
  ]
  return Math.max(...(await Promise.all(asked.map(tookMs))))
}

async function expectSaysUnavailable(server: Parameters<typeof readiness>[0]): Promise<void> {
  const startedAtMs = performance.now()
  const { status, body } = await readiness(server)
  expect(performance.now() - startedAtMs).toBeLessThan(boundMs)
  expect({ status, body }).toMatchObject({
    status: 503,
    body: { ready: false, status: 'unavailable', checks: { database: 'unreachable' } },
  })
  expect((await fetch(new URL('/health/live', server.url))).status).toBe(200)
}

describe.each(losses)('with PostgreSQL lost by a %s', (loss) => {
  test('every request fails in time with UNAVAILABLE, subscriptions outlive it, and all is well when it is back', async () => {
    const { proxy, servers, urls } = await startProxied()
    const [ann, bob] = await Promise.all(urls.map((url) => signUp(url)))
    const conversation = await ann!.startDirect(bob!)
    const elsewhere = await ann!.createGroup([bob!])
    const readers = await Promise.all([
      ann!.conversationEvents(conversation),
      ann!.inboxEvents(),
      bob!.at(urls[0]).conversationEvents(conversation, 0),
    ])
    const stream = await subscribeBySse(
      ann!,
      'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { ... on MessageSent { message { text } } } }',
      { id: conversation },
    )
    const socket = await openSocket(ann!)
    let total = 0
    const sendFromBoth = async () => {
      for (const person of [ann!, bob!, ann!, bob!]) await person.send(conversation, `Message ${++total}`)
      for (const reader of readers) {
        const last = `Message ${total}`
        await reader.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === last, last)
        // A write that was refused may have happened all the same: the bytes were on their way when the network hung.
        const events = reader.events.filter((event) => 'message' in event && event.message.text !== 'Lost?')
        expect(events.map((event) => event.__typename === 'MessageSent' && event.message.text)).toEqual(
          oneTo(total).map((count) => `Message ${count}`),
        )
        expect(reader.ended).toBeNull()
      }
      expect(await stream.waitForCount(total)).toEqual(
        oneTo(total).map((count) => ({ data: { conversationEvents: { message: { text: `Message ${count}` } } } })),
      )
      expect(stream.ended).toBeNull()
    }
    await sendFromBoth()

    proxy[loss]()
    const [slowestMs] = await Promise.all([
      expectAllRefused(ann!, socket, elsewhere),
      expectSaysUnavailable(servers[0]),
    ])
    expect(slowestMs).toBeLessThan(boundMs)
    // Again, once the session that was looked up a moment ago has to be looked up anew, and the outage is known.
    expect(await expectAllRefused(ann!, socket, elsewhere)).toBeLessThan(boundMs)
    await expectSaysUnavailable(servers[0])

    proxy.heal()
    await untilReadiness(servers[0], 'ok')
    // Of the process's connections the first is there again; the socket is served as soon as one is free for it.
    await expect
      .poll(async () => (await socket.ask(queries.viewer)).data)
      .toEqual({ viewer: { user: { handle: ann!.handle } } })
    await sendFromBoth()
  })

  test('a write whose answer was lost at its commit is settled by its key, and there is one message', async () => {
    const { database, proxy, servers, urls } = await startProxied()
    const [ann, bob] = await Promise.all(urls.map((url) => signUp(url)))
    const conversation = await ann!.startDirect(bob!)
    const reader = await bob!.conversationEvents(conversation)
    const held = await holdRows(database, 'SELECT FROM conversations WHERE id = $1 FOR UPDATE', [keyOf(conversation)])
    const input = { conversationId: conversation, text: 'Once', clientMessageId: newKey() }
    const sending = expect(ann!.client.request(SendMessageDocument, { input })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    await held.waitForBlocked(1)
    proxy[loss]()
    await held.release()
    await sending

    const elsewhere = ann!.at(urls[1])
    await expect
      .poll(
        async () => (await elsewhere.client.request(WriteStatusDocument, { opKey: input.clientMessageId })).writeStatus,
      )
      .toMatchObject({ state: 'ACCEPTED', message: { seq: 1, text: 'Once' } })
    proxy.heal()
    await untilReadiness(servers[0], 'ok')
    for (const person of [ann!, elsewhere]) {
      const { ack, message } = await person.send(conversation, 'Once', input.clientMessageId)
      expect(ack).toMatchObject({ outcome: 'DUPLICATE', cursor: { eventSeq: 1 } })
      expect(message.seq).toBe(1)
    }
    await ann!.send(conversation, 'Next')
    expect(await reader.waitForCount(2)).toMatchObject([
      { message: { seq: 1, text: 'Once' } },
      { message: { seq: 2, text: 'Next' } },
    ])
    expect(await database.query('SELECT count(*)::int FROM messages')).toEqual([{ count: 2 }])
  })

  test('a process that lost it sends readers elsewhere when it cannot tell them an event, and nothing is lost', async () => {
    const { proxy, servers, urls } = await startProxied()
    const [ann, bob] = await Promise.all(urls.map((url) => signUp(url)))
    const conversation = await ann!.startDirect(bob!)
    const live = await ann!.conversationEvents(conversation)
    const inbox = await ann!.inboxEvents()
    const stream = await subscribeBySse(
      ann!,
      'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { __typename ... on MessageSent { message { sender { handle } } } } }',
      { id: conversation },
    )
    await bob!.send(conversation, 'Message 1')
    await Promise.all([live.waitForCount(1), inbox.waitForCount(1), stream.waitForCount(1)])
    proxy[loss]()
    await expect
      .poll(() => readiness(servers[0]).then(({ body }) => body.status), { timeout: 10_000 })
      .toBe('unavailable')
    // The neighbour goes on, and the bus carries what it writes to where nobody can be told who sent it.
    for (const count of [2, 3, 4]) await bob!.send(conversation, `Message ${count}`)
    const joined = await bob!.createGroup([ann!])
    await bob!.send(joined, 'In the group')
    const outcome = (reader: typeof live | typeof inbox) =>
      reader.ended === null ? 'goes on' : JSON.stringify(reader.ended)
    expect(['goes on', '{"closeCode":1013}']).toContain(outcome(live))
    const resumed = await ann!.at(urls[1]).conversationEvents(conversation, live.events.at(-1)!.cursor.eventSeq)
    await resumed.waitForCount(4 - live.events.length)
    proxy.heal()
    await untilReadiness(servers[0], 'ok')
    for (const reader of [live, inbox]) {
      if (reader.ended === null) await reader.waitForCount(4)
      else expect(reader.ended).toEqual({ closeCode: 1013 })
    }
    const textsOf = (events: typeof live.events) =>
      events.map((event) => event.__typename === 'MessageSent' && event.message.text)
    const seen = live.ended === null ? textsOf(live.events) : textsOf([...live.events, ...resumed.events])
    expect(seen).toEqual(oneTo(4).map((count) => `Message ${count}`))
    await expect.poll(() => stream.ended === 'cut' || stream.results.length === 4).toBe(true)
    for (const { errors } of stream.results) expect(errors).toBeUndefined()
    const again = await ann!.inboxEvents()
    await bob!.send(joined, 'Still in the group')
    await again.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'Still in the group')
  })
})

/** 200 requests of all kinds at once, each with the time it took. A quarter is sent by socket, where no token is checked. */
async function burst(person: Person, socket: OpenSocket, conversationId: string): Promise<number[]> {
  return Promise.all(
    oneTo(200).map(async (index) => {
      const operation = [queries.viewer, queries.send, queries.login, queries.search][index % 4]!
      const startedAtMs = performance.now()
      const variables = { id: conversationId, key: newKey(), handle: person.handle }
      if (operation === queries.search) expectUnavailable(await socket.ask(operation))
      else expectUnavailable(await ask(operation === queries.login ? person.url : person, operation, variables))
      return performance.now() - startedAtMs
    }),
  )
}

/** The most connections that are open at one moment, from now until the returned function is called. */
function watchConnections(proxy: Proxy): () => number {
  let most = 0
  const look = setInterval(() => {
    most = Math.max(most, openConnections(proxy.port) ?? 0)
  }, 20)
  return () => {
    clearInterval(look)
    return most
  }
}

inFullRun(() =>
  test('200 requests at once while PostgreSQL hangs all end in time, later ones at once, and no connections pile up', async () => {
    const { proxy, servers, urls } = await startProxied({ env: { DATABASE_POOL_SIZE: String(poolSize) } })
    const person = await signUp(urls[0])
    const conversation = await person.startDirect(await signUp(urls[0]))
    // All connections are in use once, so that they are open and will hang, too.
    await Promise.all(oneTo(20).map(() => ask(person, queries.history, { id: conversation })))
    const socket = await openSocket(person)
    const mostConnections = watchConnections(proxy)
    proxy.stall()
    const firstMs = await burst(person, socket, conversation)
    expect(Math.max(...firstMs)).toBeLessThan(boundMs)
    // Now it is known. One request at a time may try whether PostgreSQL is back, and nobody else waits for it.
    const laterMs = await burst(person, socket, conversation)
    expect(Math.max(...laterMs)).toBeLessThan(boundMs)
    expect(laterMs.filter((ms) => ms >= Math.min(...firstMs)).length).toBeLessThanOrEqual(2)
    // One that was given up may still be on its way out when the next one opens.
    expect(mostConnections()).toBeLessThanOrEqual(2 * poolSize)
    proxy.heal()
    await untilReadiness(servers[0], 'ok')
    await expect.poll(() => proxy.connectionCount).toBeLessThanOrEqual(poolSize)
    const { data } = await ask(person, queries.viewer)
    expect(data).toEqual({ viewer: { user: { handle: person.handle } } })
  }),
)
