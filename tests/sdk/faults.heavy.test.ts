import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'ws'
import { beforeAll, expect, test } from 'vitest'
import { Core, type CoreOptions } from '../../sdk/src/core.ts'
import type { Diagnostic } from '../../sdk/src/feed/diagnostics.ts'
import { memoryStorage } from '../../sdk/src/storage/memory.ts'
import { messageAt } from '../../sdk/src/replica/timeline.ts'
import { timelineOf } from '../../sdk/src/replica/state.ts'
import { atEndOfEachFile } from '../testkit/at-end.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startProxy, type Proxy } from '../testkit/proxy.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const password = 'correct horse battery'
/** Within which a client has noticed and is back, on a busy machine: its longest wait is that for a first retry. */
const back = { timeout: 45_000, interval: 50 }

let database: TestDatabase
let server: ServerProcess
let proxy: Proxy
let friend: Person
const cores: Core[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  server = await startServer({ databaseUrl: database.url, redisUrl: null })
  proxy = await startProxy(Number(new URL(server.url).port))
  friend = await signUp(server.url, 'Friend')
})
atEndOfEachFile(async () => {
  await Promise.all(cores.splice(0).map((core) => core.close()))
})

const throughProxy = () => `http://127.0.0.1:${proxy.port}/graphql`

interface Client {
  core: Core
  handle: string
  found: Diagnostic[]
  errors: unknown[]
}

function start(options: Partial<CoreOptions> = {}): Omit<Client, 'handle'> {
  const [found, errors]: [Diagnostic[], unknown[]] = [[], []]
  const core = new Core({
    url: throughProxy(),
    webSocketImpl: WebSocket,
    onDiagnostics: (diagnostic) => found.push(diagnostic),
    onError: (error) => errors.push(error),
    ...options,
  })
  cores.push(core)
  return { core, found, errors }
}

const syncOf = ({ core }: Pick<Client, 'core'>) => core.person.getSnapshot()?.syncState.getSnapshot() ?? 'NOBODY'
const untilLive = (client: Pick<Client, 'core'>) => expect.poll(() => syncOf(client), back).toBe('LIVE')

async function signedIn(options: Partial<CoreOptions> = {}): Promise<Client> {
  const client = start(options)
  const handle = `c_${randomUUID().slice(0, 8)}`
  expect(await client.core.session?.register({ handle, displayName: 'Client', password })).toBeNull()
  await untilLive(client)
  return { ...client, handle }
}

const idOf = ({ core }: Client) => core.person.getSnapshot()?.replica.snapshot.viewerId ?? ''

/** The texts of a conversation, as the client has them. */
function textsOf({ core }: Pick<Client, 'core'>, conversationId: string): (string | null)[] {
  const state = core.person.getSnapshot()?.replica.snapshot
  if (!state) return []
  const head = state.conversations.get(conversationId)?.headSeq ?? 0
  return Array.from({ length: head }, (_, at) => messageAt(timelineOf(state, conversationId), at + 1)?.text ?? null)
}

const numbered = (count: number) => Array.from({ length: count }, (_, at) => `text ${at + 1}`)

test('offline, half dead, and killed: nothing is missed, nothing comes twice, and it is never LIVE while behind', async () => {
  const client = await signedIn()
  const conversationId = await friend.startDirect({ id: idOf(client) })
  /** What it showed whenever it said LIVE. */
  const liveWith: number[] = []
  client.core.person.getSnapshot()?.syncState.subscribe(() => {
    if (syncOf(client) === 'LIVE') liveWith.push(textsOf(client, conversationId).length)
  })
  let sent = 0
  const send = async (count: number) => {
    for (let nth = 0; nth < count; nth++) await friend.send(conversationId, `text ${++sent}`)
  }
  const expectAll = async () => {
    client.core.retryNow()
    await untilLive(client)
    await expect.poll(() => textsOf(client, conversationId), back).toEqual(numbered(sent))
  }

  await send(3)
  await expectAll()

  proxy.cut()
  await expect.poll(() => syncOf(client), back).toBe('OFFLINE')
  await send(20)
  liveWith.length = 0
  proxy.heal()
  await expectAll()
  expect(liveWith[0]).toBe(sent)

  // Half dead: the socket is there, and nothing moves.
  proxy.stall()
  await send(5)
  client.core.connection.probe()
  expect(syncOf(client)).toBe('CATCHING_UP')
  await expect.poll(() => syncOf(client), back).toBe('OFFLINE')
  liveWith.length = 0
  proxy.resume()
  proxy.cut()
  proxy.heal()
  await expectAll()
  expect(liveWith[0]).toBe(sent)

  server.kill('SIGKILL')
  await server.exited
  await expect.poll(() => syncOf(client), back).toBe('OFFLINE')
  server = await startServer({ databaseUrl: database.url, redisUrl: null })
  proxy.redirect(Number(new URL(server.url).port))
  friend = friend.at(server.url)
  await send(5)
  await expectAll()
  expect(client.found).toEqual([])
})

test('a token that expired while the network was away is exchanged, and the client is back', async () => {
  const storage = memoryStorage()
  const first = await signedIn({ storage })
  const conversationId = await friend.startDirect({ id: idOf(first) })
  await friend.send(conversationId, 'text 1')
  await expect.poll(() => textsOf(first, conversationId), back).toEqual(numbered(1))
  await first.core.close()
  // As after a night: the server does not take the token any more.
  const [[, kept]] = (await storage.read('session', 'session')) as [[string, { accessToken: string }]]
  const expired = { ...kept, accessToken: `${kept.accessToken.slice(0, -4)}AAAA` }
  await storage.write([{ table: 'session', key: 'session', value: expired }])
  await friend.send(conversationId, 'text 2')

  const again = start({ storage })
  await untilLive(again)
  expect(textsOf(again, conversationId)).toEqual(numbered(2))
  expect(again.core.session?.state.getSnapshot().status).toBe('SIGNED_IN')
})

test('a start with storage shows the last state at once, without a network', async () => {
  const storage = memoryStorage()
  const first = await signedIn({ storage })
  const conversationId = await friend.startDirect({ id: idOf(first) })
  await friend.send(conversationId, 'text 1')
  await expect.poll(() => textsOf(first, conversationId), back).toEqual(numbered(1))
  await first.core.close()

  const offline = start({ storage, url: 'http://127.0.0.1:9/graphql' })
  await expect.poll(() => offline.core.person.getSnapshot(), back).not.toBeNull()
  await offline.core.person.getSnapshot()?.replica.load(conversationId)
  expect(textsOf(offline, conversationId)).toEqual(numbered(1))
  expect(syncOf(offline)).toBe('OFFLINE')
})

test('a session that is ended elsewhere: said so, the copy stays, and the same person may sign in again', async () => {
  const client = await signedIn()
  const other = start()
  expect(await other.core.session?.login({ handle: client.handle, password })).toBeNull()
  const mine = await client.core.requests.request('{ viewer { id } }', {})
  expect(mine).toBeTruthy()
  // All other sessions of the person end with a change of the password.
  const text = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }'
  const input = { currentPassword: password, newPassword: `${password}!` }
  await other.core.requests.request(text, { input })
  await expect.poll(() => client.core.session?.state.getSnapshot().status, back).toBe('ENDED')
  expect(client.core.person.getSnapshot()).not.toBeNull()
  expect(await client.core.session?.login({ handle: client.handle, password })).toMatchObject({
    code: 'INVALID_CREDENTIALS',
  })
  expect(await client.core.session?.login({ handle: client.handle, password: `${password}!` })).toBeNull()
  await untilLive(client)
})

test('signing out leaves nothing behind', async () => {
  const storage = memoryStorage()
  const client = await signedIn({ storage })
  await friend.startDirect({ id: idOf(client) })
  await client.core.logout()
  expect(client.core.person.getSnapshot()).toBeNull()
  for (const table of ['meta', 'conversations', 'messages', 'outbox'] as const) {
    expect(await storage.read(table)).toEqual([])
  }
  expect((await storage.read('session')).map(([key]) => key)).toEqual(['device'])
  expect(await client.core.requests.request('{ server { apiVersion } }', {})).toBeTruthy()
})

/** Something else at the address. */
async function somethingElse(answer: (text: string) => string, status = 200): Promise<string> {
  const other = createServer((request, response) => {
    void request.toArray().then((chunks) => response.writeHead(status).end(answer(Buffer.concat(chunks).toString())))
  })
  await once(other.listen(0, '127.0.0.1'), 'listening')
  atEndOfEachFile(async () => void other.close())
  return `http://127.0.0.1:${(other.address() as AddressInfo).port}/graphql`
}
const problemsOf = ({ core }: Pick<Client, 'core'>) => core.problems.store.getSnapshot().map(({ code }) => code)

test('a wrong address, and a server of another version: one clear state each', async () => {
  const getToken = () => 'a token'
  const page = start({ getToken, url: await somethingElse(() => '<html>A page</html>', 404) })
  await expect.poll(() => problemsOf(page), back).toEqual(['WRONG_SERVER'])
  await expect(page.core.requests.request('{ server { time } }', {})).rejects.toMatchObject({ code: 'WRONG_SERVER' })

  const time = new Date(Date.now() - 3 * 86_400_000).toISOString()
  const greeting = JSON.stringify({ data: { server: { apiVersion: 7, time } } })
  const newer = start({ getToken, url: await somethingElse(() => greeting) })
  await expect.poll(() => problemsOf(newer).sort(), back).toEqual(['CLOCK_WRONG', 'WRONG_VERSION'])
  const words = newer.core.problems.store.getSnapshot().map(({ message }) => message)
  expect(words.join('. ')).toMatch(/newer.*version 7/)
  expect(words.join('. ')).toMatch(/3 days ahead/)
  expect(newer.core.connection.status.getSnapshot().state).toBe('IDLE')
})
