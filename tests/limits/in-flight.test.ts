import { createClient } from 'graphql-ws'
import { beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask } from '../testkit/api.ts'
import { crowdSecret } from '../testkit/crowd.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import type { Person } from '../testkit/person.ts'
import { signUpPeople } from '../testkit/presence.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const office = '198.51.100.7'
const elsewhere = '203.0.113.9'
const readers =
  'query ($id: ID!) { conversation(id: $id) { messages(last: 1) { nodes { readBy { nodes { readAt } } } } } }'
const anything = '{ __typename }'

let database: TestDatabase
let server: ServerProcess
beforeAll(async () => {
  database = await createTestDatabase()
  // Addresses are as a test says.
  const limits = { MAX_OPERATIONS_AT_ONCE: '3', MAX_OPERATIONS_AT_ONCE_PER_ADDRESS: '2' }
  const env = { TRUST_PROXY: 'loopback', JWT_SECRET: crowdSecret, ...limits }
  server = await startServer({ databaseUrl: database.url, redisUrl: null, env })
})

const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

/** A socket of somebody at an address that is open; `ask` resolves with the data of one answer. */
async function openSocket(person: Person, address: string) {
  class At extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, from(address))
    }
  }
  const { url, connectionParams } = person
  const client = createClient({ url: url.replace('http', 'ws'), webSocketImpl: At, connectionParams, lazy: false })
  await new Promise<void>((resolve) => client.on('connected', () => resolve()))
  const ask = async (query: string) => {
    const { value } = (await client.iterate({ query }).next()) as { value: { data: object } }
    return value.data
  }
  return { ask, close: () => client.dispose() }
}

/** Whether it has been answered. */
function watched(answer: Promise<unknown>) {
  const state = { isOver: false }
  void answer.finally(() => (state.isOver = true))
  return state
}

test('all who are at one address share what it may have under way, by HTTP and WebSocket; others do not wait for them', async () => {
  const [ann, bob, cleo, dan] = (await signUpPeople(database, server.url, 4)) as [Person, Person, Person, Person]
  const group = await ann.createGroup([bob, cleo, dan])
  await ann.send(group, 'Hello')
  const [near, far] = [await openSocket(cleo, office), await openSocket(cleo, elsewhere)]
  // A statement has a deadline: on a busy machine it may pass before all was asked.
  let wasSeen = false
  for (let tries = 0; tries < 5 && !wasSeen; tries++) {
    const held = await holdRows(database, 'LOCK TABLE receipts IN ACCESS EXCLUSIVE MODE', [])
    const slow = [ann, bob].map((person) => ask(person, readers, { id: group }, from(office)))
    const holding = slow.map(watched)
    await held.waitForBlocked(2)
    const here = [near.ask(anything), ask(dan, anything, {}, from(office)), ask(server.url, anything, {}, from(office))]
    const waiting = here.map(watched)
    // The same person from elsewhere, somebody without a token, and a client of the machine itself.
    for (let nth = 0; nth < 3; nth++) {
      expect(await far.ask(anything)).toEqual({ __typename: 'Query' })
      expect((await ask(dan, anything, {}, from(elsewhere))).data).toEqual({ __typename: 'Query' })
      expect((await ask(server.url, anything)).data).toEqual({ __typename: 'Query' })
    }
    const isAnswered = waiting.some(({ isOver }) => isOver)
    if (holding.every(({ isOver }) => !isOver)) {
      wasSeen = true
      expect(isAnswered).toBe(false)
    }
    await held.release()
    await Promise.all(slow)
    const [bySocket, ...byHttp] = (await Promise.all(here)) as [object, ...{ data: object }[]]
    expect([bySocket, ...byHttp.map(({ data }) => data)]).toEqual(Array(3).fill({ __typename: 'Query' }))
  }
  expect(wasSeen).toBe(true)
  await Promise.all([near.close(), far.close()])
})
