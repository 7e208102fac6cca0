// Random frames on WebSockets (valid messages, half of them, binary, fragmented, in a wrong order) and every operation of the schema with
// generated arguments, by WebSocket and HTTP, against a server in this process. Nothing may be answered with INTERNAL or a status of 500,
// and the server must go on answering others. `npm run fuzz:socket -- [seconds] [seed]`: 10 minutes by default, on the database of
// DATABASE_URL or a new one. The last line is a report; the exit code is 1 when something was wrong.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
  type GraphQLField,
  type GraphQLInputType,
} from 'graphql'
import { WebSocket } from 'ws'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { schema } from '../../src/schema/index.ts'
import { ask, groupOf, register, type Person } from '../attacks/people.ts'
import { randomFrom } from '../testkit/hostile.ts'

const [, , seconds = '600', seed = String(Date.now() % 1_000_000)] = process.argv
const random = randomFrom(Number(seed))
const below = (count: number) => Math.floor(random() * count)
const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item

const folder = mkdtempSync(join(tmpdir(), 'parley-fuzz-'))
const own = { PORT: '0', LOG_LEVEL: 'silent', RATE_LIMITS: 'off', PARLEY_DATA_DIR: folder }
const app = await createApp(loadConfig({ ...process.env, ...own }))
const faults: string[] = []
const counts: Record<string, number> = {}
const count = (what: string) => (counts[what] = (counts[what] ?? 0) + 1)
const fault = (what: string) => {
  if (faults.length < 20) faults.push(what.slice(0, 1_000))
}

let person: Person = await register(app.url)
const group = await groupOf(person, 0)
const encode = (text: string) => Buffer.from(text).toString('base64url')
const uuid = '01890000-0000-7000-8000-000000000000'
const texts = [
  '',
  'x',
  'a'.repeat(5_000),
  '\0',
  '\ud800',
  '😀'.repeat(300),
  '-1',
  'null',
  '{}',
  '2026-01-01T00:00:00Z',
  '\u202e',
  '%s',
]
const ids = () => [
  group,
  person.userId,
  encode(`Message:${uuid}/1`),
  encode(`Conversation:${uuid}`),
  encode(`User:${uuid}`),
  ...texts,
]
const numbers = [0, 1, -1, 100, 101, 2_147_483_647, -2_147_483_648, 0.5, 1e300]

function valueOf(type: GraphQLInputType, depth: number): unknown {
  if (isNonNullType(type)) return random() < 0.03 ? null : valueOf(type.ofType, depth)
  if (random() < 0.1) return null
  if (isListType(type)) return Array.from({ length: below(4) }, () => valueOf(type.ofType, depth))
  const named = getNamedType(type)
  if (random() < 0.03) return pick<unknown>([{}, [], true, 7, 'a', { a: { b: [] } }])
  if (isEnumType(named)) return random() < 0.05 ? 'NONE' : pick(named.getValues()).name
  if (isInputObjectType(named)) {
    const fields = Object.values(named.getFields()).filter((field) => isRequiredInputField(field) || random() < 0.6)
    return Object.fromEntries(fields.map((field) => [field.name, depth > 5 ? null : valueOf(field.type, depth + 1)]))
  }
  if (named.name === 'ID') return pick(ids())
  if (named.name === 'Int' || named.name === 'Float') return pick(numbers)
  if (named.name === 'Boolean') return random() < 0.5
  return pick(texts)
}

const roots = (['query', 'mutation', 'subscription'] as const).flatMap((operation) => {
  const type = schema.getRootType(operation as never)
  return Object.values(type?.getFields() ?? {}).map((field) => ({
    operation,
    field: field as GraphQLField<unknown, unknown>,
  }))
})

/** What ends the session of all is rare, so that what follows it is tried too. */
const ending = ['logout', 'changePassword']
const someRoot = (among: typeof roots) => {
  const root = pick(among)
  return ending.includes(root.field.name) && random() < 0.95 ? pick(among) : root
}

function operationOf({ operation, field }: (typeof roots)[number]) {
  const args = field.args.filter((arg) => isRequiredArgument(arg) || random() < 0.6)
  const declared = args.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ')
  const given = args.map(({ name }) => `${name}: $${name}`).join(', ')
  const selection = isLeafType(getNamedType(field.type)) ? '' : ' { __typename }'
  const query = `${operation}${declared && ` (${declared})`} { ${field.name}${given && `(${given})`}${selection} }`
  return { query, variables: Object.fromEntries(args.map(({ name, type }) => [name, valueOf(type, 0)])) }
}

function judge(what: string, answer: string): void {
  for (const [, code] of answer.matchAll(/"code":"([A-Z_]+)"/g)) count(code ?? '')
  if (/"code":"INTERNAL"/.test(answer)) fault(`${what} → ${answer}`)
}

async function overHttp(): Promise<void> {
  const root = someRoot(roots.filter(({ operation }) => operation !== 'subscription'))
  const asked = operationOf(root)
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${person.token ?? ''}` }
  const response = await fetch(app.url, {
    method: 'POST',
    headers,
    body: JSON.stringify(asked),
    signal: AbortSignal.timeout(30_000),
  })
  const text = await response.text()
  if (response.status >= 500 && response.status !== 503)
    fault(`${String(response.status)} for ${JSON.stringify(asked)}: ${text}`)
  judge(JSON.stringify(asked), text)
  count('http')
  // What ends the session is among the operations.
  if (response.status === 401) person = await register(app.url)
}

/** Messages that a client may send, and what is none. */
function message(): string | Buffer {
  const id = pick(['1', '2', '3', '', 'x'.repeat(70)])
  const subscribe = () => JSON.stringify({ type: 'subscribe', id, payload: operationOf(someRoot(roots)) })
  const whole = pick([
    subscribe,
    subscribe,
    subscribe,
    () => JSON.stringify({ type: 'complete', id }),
    () => JSON.stringify({ type: pick(['ping', 'pong']), payload: { x: pick(texts) } }),
    () => JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${person.token ?? ''}` } }),
    () =>
      JSON.stringify({
        type: pick(['next', 'error', 'connection_ack', 'nonsense']),
        id,
        payload: pick<unknown>([null, [], {}, 1]),
      }),
    () =>
      JSON.stringify({
        type: 'subscribe',
        id,
        payload: pick<unknown>([
          null,
          {},
          { query: 1 },
          { query: '{' },
          { query: '{ server { time } }', variables: [] },
        ]),
      }),
    () => '['.repeat(below(2_000)),
  ])()
  const way = random()
  if (way < 0.85) return whole
  if (way < 0.93) return whole.slice(0, below(whole.length + 1))
  return Buffer.from(Array.from({ length: below(200) }, () => below(256)))
}

/** One socket: its messages in one order or another, some of them in fragments, until somebody closes it. */
async function overSocket(): Promise<void> {
  const socket = new WebSocket(app.url.replace('http', 'ws'), 'graphql-transport-ws')
  socket.on('message', (data: Buffer) => judge('a socket', data.toString()))
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) =>
    socket.once('close', (code) => {
      count(`closed ${String(code)}`)
      if (code === 4500 || code === 1011) fault(`a socket was closed with ${String(code)}`)
      resolve()
    }),
  )
  await Promise.race([new Promise<void>((resolve) => socket.once('open', () => resolve())), closed])
  const isOpen = socket.readyState === WebSocket.OPEN
  if (random() < 0.9 && isOpen) {
    const payload =
      random() < 0.9 ? { authorization: `Bearer ${person.token ?? ''}`, deviceId: 'fuzz', deviceKind: 'WEB' } : {}
    socket.send(JSON.stringify({ type: 'connection_init', payload }))
  }
  const length = 1 + below(40)
  for (let at = 0; at < length && socket.readyState === WebSocket.OPEN; at++) {
    const data = message()
    const half = Math.floor(data.length / 2)
    if (random() < 0.1) {
      socket.send(data.slice(0, half), { fin: false })
      if (random() < 0.9) socket.send(data.slice(half), { fin: true })
    } else socket.send(data)
    count('frames')
    if (random() < 0.1) socket.ping(Buffer.alloc(below(126)))
    if (random() < 0.2) await sleep(below(30))
  }
  if (random() < 0.5) socket.terminate()
  else socket.close(1000)
  await Promise.race([closed, sleep(5_000)])
  socket.terminate()
}

/** Somebody else, who must be answered whatever goes on. */
async function bystander(untilMs: number): Promise<number> {
  const other = await register(app.url)
  let slowestMs = 0
  while (performance.now() < untilMs) {
    const startMs = performance.now()
    await ask(other, '{ viewer { id } }', {}).catch((error: unknown) =>
      fault(`the bystander got no answer: ${String(error)}`),
    )
    slowestMs = Math.max(slowestMs, performance.now() - startMs)
    await sleep(250)
  }
  return slowestMs
}

const heapMb = () => {
  globalThis.gc?.()
  return Math.round(process.memoryUsage().heapUsed / 1_048_576)
}

const startMs = performance.now()
const untilMs = startMs + Number(seconds) * 1_000
process.on('unhandledRejection', (error) => fault(`an unhandled rejection: ${String(error)}`))
const repeat = async (one: () => Promise<void>) => {
  while (performance.now() < untilMs) await one().catch((error: unknown) => fault(String(error)))
}
const watching = bystander(untilMs)
const early = sleep(Math.min(60_000, Number(seconds) * 300)).then(heapMb)
await Promise.all([
  ...Array.from({ length: 4 }, () => repeat(overHttp)),
  ...Array.from({ length: 6 }, () => repeat(overSocket)),
])
const slowestMs = Math.round(await watching)
await sleep(2_000)
const [earlyHeapMb, lateHeapMb] = [await early, heapMb()]
await app.stop()
rmSync(folder, { recursive: true, force: true })
const ranForSeconds = Math.round((performance.now() - startMs) / 1_000)
console.log(JSON.stringify({ seed, seconds: ranForSeconds, faults, slowestMs, earlyHeapMb, lateHeapMb, counts }))
process.exit(faults.length > 0 ? 1 : 0)
