import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { startBrowser } from '../testkit/browser.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { clockAhead, requestEvents, ticketFor, type Subscribed } from '../testkit/event-source.ts'
import { startNginx } from '../testkit/nginx.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startProxy } from '../testkit/proxy.ts'
import { freePort } from '../testkit/redis.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const query = `subscription ($id: ID!) { conversationEvents(conversationId: $id) {
  __typename ... on MessageSent { message { text } } } }`

/** An empty web page of its own origin. */
let site: Server
let origin: string
let database: TestDatabase
/** Never touched: who sends does it here. */
let steady: ServerProcess
let ann: Person
let page: Page
beforeAll(async () => {
  site = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>A page</p>'))
  site.listen(0, '127.0.0.1')
  await once(site, 'listening')
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  database = await createTestDatabase()
  steady = await startServer({ databaseUrl: database.url })
  ann = await signUp(steady.url)
  page = await (await startBrowser()).newPage()
  await page.goto(origin)
}, 120_000)
afterAll(() => {
  site.closeAllConnections()
  site.close()
})

const env = () => ({ CORS_ORIGINS: origin })

interface Seen {
  texts: string[]
  /** How often its connection was lost. */
  errorCount: number
  readyState: number
}

/** The browser's own EventSource, left to itself. */
async function openSource(url: string, subscribed: Subscribed, person = ann): Promise<() => Promise<Seen>> {
  const { search } = await ticketFor(person, subscribed)
  const name = `source${String(Math.random()).slice(2)}`
  await page.evaluate(
    ([address, key]) => {
      const texts: string[] = []
      const seen = { texts, errorCount: 0 }
      const source = new EventSource(address!)
      source.addEventListener('next', ({ data }: MessageEvent<string>) => {
        const { data: result } = JSON.parse(data) as {
          data: Record<string, { message?: { text: string }; __typename: string }>
        }
        for (const event of Object.values(result)) texts.push(event.message?.text ?? event.__typename)
      })
      source.addEventListener('error', () => seen.errorCount++)
      Object.assign(globalThis, { [key!]: () => ({ ...seen, readyState: source.readyState }) })
    },
    [url + search, name],
  )
  return () => page.evaluate((key) => (globalThis as unknown as Record<string, () => Seen>)[key]!(), name)
}

const closed = 2

async function until(look: () => Promise<Seen>, fits: (seen: Seen) => boolean): Promise<Seen> {
  let seen: Seen | undefined
  await expect.poll(async () => fits((seen = await look())) || seen, { timeout: 30_000 }).toBe(true)
  return seen!
}

test('an EventSource goes on by itself at another server, after a kill and its ticket: all once, in order', async () => {
  const port = String(await freePort())
  const first = await startServer({ databaseUrl: database.url, env: { ...env(), PORT: port } })
  const conversation = await ann.createGroup([await signUp(steady.url)])
  const look = await openSource(first.url, { query, variables: { id: conversation } })
  await until(look, ({ readyState }) => readyState === 1)
  const sent: string[] = []
  const send = async (text: string) => {
    sent.push(text)
    await ann.send(conversation, text)
  }
  for (let at = 0; at < 20; at++) await send(`before ${at}`)
  await until(look, ({ texts }) => texts.includes('before 3'))
  // In the middle of it.
  const going = (async () => {
    for (let at = 0; at < 40; at++) await send(`while ${at}`)
  })()
  await until(look, ({ texts }) => texts.includes('while 3'))
  first.kill('SIGKILL')
  await first.exited
  await going
  await until(look, ({ errorCount }) => errorCount > 0)
  await startServer({ databaseUrl: database.url, env: { ...env(), PORT: port, ...clockAhead(120_000) } })
  await send('after')
  const { texts, readyState } = await until(look, (seen) => seen.texts.includes('after'))
  expect(texts).toEqual(sent)
  expect(readyState).toBe(1)
})

test('that of a whole inbox goes on in all conversations, also one that was begun while it was away', async () => {
  const port = String(await freePort())
  const first = await startServer({ databaseUrl: database.url, env: { ...env(), PORT: port } })
  const bob = await signUp(steady.url)
  const conversations = [await ann.createGroup([bob]), await ann.createGroup([bob]), await ann.startDirect(bob)]
  const inbox = 'subscription { inboxEvents { __typename ... on MessageSent { message { text } } } }'
  const look = await openSource(first.url, { query: inbox }, bob)
  await until(look, ({ readyState }) => readyState === 1)
  const sent: string[][] = conversations.map(() => [])
  const send = async (to: number, text: string) => {
    sent[to]!.push(`${to}: ${text}`)
    await ann.send(conversations[to]!, `${to}: ${text}`)
  }
  for (let at = 0; at < 12; at++) await send(at % 3, `before ${at}`)
  await until(look, ({ texts }) => texts.includes('2: before 11'))
  const going = (async () => {
    for (let at = 0; at < 30; at++) await send(at % 3, `while ${at}`)
  })()
  await until(look, ({ texts }) => texts.includes('0: while 3'))
  first.kill('SIGKILL')
  await first.exited
  await going
  conversations.push(await ann.createGroup([bob]))
  sent.push([])
  await send(3, 'new')
  await until(look, ({ errorCount }) => errorCount > 0)
  await startServer({ databaseUrl: database.url, env: { ...env(), PORT: port, ...clockAhead(120_000) } })
  await send(3, 'after')
  const { texts } = await until(look, (seen) => seen.texts.includes('3: after'))
  for (const [at, expected] of sent.entries()) {
    expect(texts.filter((text) => text.startsWith(`${at}: `))).toEqual(expected)
  }
})

test('it stays away after the end, and after a logout', async () => {
  const server = await startServer({ databaseUrl: database.url, env: env() })
  const bob = await signUp(server.url)
  const conversation = await ann.createGroup([bob])
  const ended = await openSource(server.url, { query, variables: { id: conversation } }, bob)
  await until(ended, ({ readyState }) => readyState === 1)
  await ask(bob, `mutation { leaveConversation(input: { conversationId: "${conversation}" }) { __typename } }`)
  const seen = await until(ended, ({ readyState }) => readyState === closed)
  expect(seen.texts).toEqual(['MemberLeft'])

  const own = await bob.createGroup([ann])
  const loggedOut = await openSource(server.url, { query, variables: { id: own } }, bob)
  await until(loggedOut, ({ readyState }) => readyState === 1)
  await ask(bob, 'mutation { logout }')
  await until(loggedOut, ({ readyState }) => readyState === closed)
  await ann.send(own, 'unheard')
  expect((await loggedOut()).texts).toEqual([])
})

test('it may be used by the web pages of CORS_ORIGINS alone', async () => {
  const server = await startServer({ databaseUrl: database.url, env: { CORS_ORIGINS: 'https://chat.example.com' } })
  const conversation = await ann.createGroup([await signUp(steady.url)])
  const look = await openSource(server.url, { query, variables: { id: conversation } })
  await until(look, ({ readyState }) => readyState === closed)
  const { search } = await ticketFor(ann, { query, variables: { id: conversation } })
  for (const [from, allowed] of [
    ['https://chat.example.com', 'https://chat.example.com'],
    ['https://evil.example.com', null],
  ] as const) {
    const stream = await requestEvents(server.url + search, '', { origin: from })
    expect(stream.headers.get('access-control-allow-origin')).toBe(allowed)
    stream.cut()
  }
})

test('what passes does not end it: the database is away when it comes back', async () => {
  const toDatabase = await startProxy(Number(new URL(database.url).port))
  const databaseUrl = Object.assign(new URL(database.url), { port: String(toDatabase.port) }).href
  const server = await startServer({ databaseUrl, env: env() })
  const toServer = await startProxy(Number(new URL(server.url).port))
  const conversation = await ann.createGroup([await signUp(steady.url)])
  const variables = { id: conversation }
  const { search } = await ticketFor(ann, { query, variables })
  const stream = await requestEvents(server.url + search)
  await stream.waitFor(({ lastEventId }) => lastEventId !== '')
  stream.cut()
  const look = await openSource(`http://127.0.0.1:${toServer.port}/graphql`, { query, variables })
  await until(look, ({ readyState }) => readyState === 1)

  toDatabase.cut()
  await expect.poll(async () => (await fetch(new URL('/health/ready', server.url))).status).toBe(503)
  const isNew = await requestEvents(server.url + search)
  await isNew.waitForEnd()
  expect([isNew.status, isNew.events.at(-1)?.name]).toEqual([503, 'complete'])
  const isBack = await requestEvents(server.url + search, stream.lastEventId)
  await isBack.waitForEnd()
  expect([isBack.status, isBack.events]).toEqual([200, []])
  expect(isBack.retryMs).toBeGreaterThanOrEqual(1_000)
  // No event and no other place: it comes back to where it was.
  expect(isBack.lastEventId).toBe(stream.lastEventId)
  // What does not pass is told as ever.
  const forged = await requestEvents(server.url + search, `${stream.lastEventId}x`)
  expect(forged.status).toBe(403)
  forged.cut()

  toServer.cut()
  toServer.heal()
  // It was there, and is sent back each time.
  await until(look, ({ errorCount }) => errorCount >= 3)
  toDatabase.heal()
  await ann.send(conversation, 'meanwhile')
  const { texts } = await until(look, (seen) => seen.texts.length > 0)
  expect(texts).toEqual(['meanwhile'])
})

/** Of a section of docs/operations.md, in its nginx block. */
function documentedAway(): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8')
  const lines = /^ {2}error_page 502.*?^ {2}\}$/ms.exec(text)?.[0] ?? ''
  expect(lines).toContain('retry:')
  return lines
}

test.each([
  ['ends it without', () => '', closed],
  ['does not end it with', documentedAway, 1],
])('a restart behind nginx %s the lines of the documentation', async (_name, lines, readyState) => {
  const port = String(await freePort())
  const start = () => startServer({ databaseUrl: database.url, env: { ...env(), PORT: port } })
  const first = await start()
  const [nginx = 0] = await startNginx(
    1,
    (own) => `server { listen 127.0.0.1:${own}; location / { proxy_pass http://127.0.0.1:${port}; }\n${lines()}\n}`,
  )
  const conversation = await ann.createGroup([await signUp(steady.url)])
  const look = await openSource(`http://127.0.0.1:${nginx}/graphql`, { query, variables: { id: conversation } })
  await until(look, (seen) => seen.readyState === 1)
  await first.stop()
  await ann.send(conversation, 'meanwhile')
  await until(look, (seen) => seen.readyState === closed || seen.errorCount >= 3)
  await start()
  const seen = await until(look, (one) => one.readyState === closed || one.texts.length > 0)
  expect(seen).toMatchObject({ readyState, texts: readyState === closed ? [] : ['meanwhile'] })
  const plain = await fetch(`http://127.0.0.1:${nginx}/graphql?query={__typename}`)
  expect(plain.status).toBe(200)
})
