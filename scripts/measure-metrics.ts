// What share of a server's processor time its metrics take. Run: npm run build && npx tsx scripts/measure-metrics.ts [seconds]
// A real server with metrics has a load; its own figures say how often each fact was told and what processor time it took. What one fact
// costs with its listeners is measured here, in turns with and without them: a difference of 1 % between two loads is less than
// they differ by themselves.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import * as facts from '../src/telemetry/facts.ts'
import { createMetrics } from '../src/telemetry/metrics/metrics.ts'
import { median } from './median.ts'

const seconds = Number(process.argv[2] ?? 15)
const readerCount = 50
const rounds = 9
const perRound = 20_000

const event = { streamId: '018f0000-0000-7000-8000-000000000000', seq: 7, type: 'MESSAGE_SENT' }
/** Each fact that a message tells, and the figure that counts it. */
const told: { name: string; figure: string; tell: () => void }[] = [
  {
    name: 'committed',
    figure: 'parley_writes_total',
    tell() {
      if (!facts.committed.hasSubscribers) return
      facts.committed.publish({
        type: 'sendMessage',
        outcome: 'ACCEPTED',
        events: [event],
        durationMs: 2,
        actorId: 'a',
      })
    },
  },
  {
    name: 'offered',
    figure: 'parley_events_total',
    tell() {
      if (facts.offered.hasSubscribers) facts.offered.publish({ ...event, hasReaders: true })
    },
  },
  {
    name: 'event-executed',
    figure: 'parley_event_executions_total',
    tell() {
      facts.executed.run(
        () => ({ type: 'MESSAGE_SENT' }),
        () => null,
      )
    },
  },
  {
    name: 'delivered',
    figure: 'parley_delivered_events_total',
    tell() {
      if (!facts.delivered.hasSubscribers) return
      facts.delivered.publish({ eventCount: 1, byteSize: 900, committedAtMs: Date.now() })
    },
  },
  {
    name: 'answered',
    figure: 'parley_answers_total',
    tell() {
      if (!facts.answered.hasSubscribers) return
      facts.answered.publish({ objects: 9, byteSize: 900, processorMs: 0.2, isGivenUp: false })
    },
  },
  {
    name: 'stated',
    figure: 'parley_sql_seconds_count',
    tell() {
      if (!facts.stated.hasSubscribers) return
      facts.stated.publish({ lane: 'writes', name: 'send', durationMs: 2, isAnswered: true })
    },
  },
  {
    name: 'gathered',
    figure: 'parley_gathered_writes_count',
    tell() {
      facts.gathered.run(
        () => ({ size: 1, members: [] }),
        () => null,
      )
    },
  },
]

/** Microseconds of processor time that each fact costs more with listeners than without. */
function costs(): Map<string, number> {
  const taken = new Map(told.map(({ name }) => [name, { on: [] as number[], off: [] as number[] }]))
  const round = (kind: 'on' | 'off') => {
    for (const { name, tell } of told) {
      const before = process.cpuUsage()
      for (let nth = 0; nth < perRound; nth++) tell()
      const { user, system } = process.cpuUsage(before)
      taken.get(name)?.[kind].push((user + system) / perRound)
    }
  }
  for (let nth = 0; nth < rounds; nth++) {
    const metrics = createMetrics({
      counts: () => ({}),
      connections: () => [],
      health: () => Promise.resolve({ ready: true, checks: {} }),
    })
    round('on')
    metrics.stop()
    round('off')
  }
  return new Map([...taken].map(([name, { on, off }]) => [name, Math.max(0, median(on) - median(off))]))
}

async function ask(url: string, query: string, variables: object, token?: string) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: Record<string, unknown>; errors?: unknown }
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

async function figuresOf(port: number) {
  const started = performance.now()
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text()
  const sums = new Map<string, number>()
  for (const [, name = '', value] of text.matchAll(/^(\w+)(?:\{.*\})? (\S+)$/gm)) {
    sums.set(name, (sums.get(name) ?? 0) + Number(value))
  }
  return { sums, scrapeMs: performance.now() - started }
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'parley-metrics-'))
  const server = spawn(process.execPath, ['dist/main.js'], {
    env: {
      ...process.env,
      PORT: '0',
      METRICS_PORT: '0',
      PARLEY_DATA_DIR: folder,
      RATE_LIMITS: 'off',
      LOG_LEVEL: 'info',
    },
  })
  let output = ''
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  try {
    while (!/listening on/.test(output)) {
      if (server.exitCode !== null) throw new Error(output)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const url = /listening on (\S+)/.exec(output)?.[1] ?? ''
    const port = Number(
      /"port":(\d+)\}?,"msg":"metrics are served/.exec(output)?.[1] ?? /metrics.*?"port":(\d+)/.exec(output)?.[1],
    )
    const { register } = await ask(
      url,
      'mutation { register(input: { handle: "measured", displayName: "M", password: "a long password" }) { ... on RegisterSuccess { session { accessToken } } } }',
      {},
    )
    const token = (register as { session: { accessToken: string } }).session.accessToken
    const { createGroup } = await ask(
      url,
      'mutation { createGroup(input: { title: "G", memberIds: [], opKey: "018f0000-0000-7000-8000-000000000001" }) { ... on CreateGroupSuccess { conversation { id } } } }',
      {},
      token,
    )
    const id = (createGroup as { conversation: { id: string } }).conversation.id
    let received = 0
    for (let nth = 0; nth < readerCount; nth++) {
      const client = createClient({
        url: url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        lazy: false,
        retryAttempts: 0,
        connectionParams: { authorization: `Bearer ${token}` },
      })
      client.subscribe(
        {
          query: `subscription ($id: ID!) { conversationEvents(conversationId: $id) { cursor { eventSeq } ... on MessageSent { message { id seq text sender { id displayName } } } } }`,
          variables: { id },
        },
        { next: () => received++, error: console.error, complete: () => undefined },
      )
    }
    const send = () =>
      ask(
        url,
        'mutation ($id: ID!, $key: String!) { sendMessage(input: { conversationId: $id, clientMessageId: $key, text: "Hello" }) { __typename } }',
        { id, key: crypto.randomUUID() },
        token,
      )
    const load = async (forMs: number) => {
      const untilMs = performance.now() + forMs
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          while (performance.now() < untilMs) await send()
        }),
      )
    }
    await load(3_000)
    const before = await figuresOf(port)
    const receivedBefore = received
    await load(seconds * 1_000)
    const after = await figuresOf(port)
    const grown = (name: string) => (after.sums.get(name) ?? 0) - (before.sums.get(name) ?? 0)
    const processorUs = grown('process_cpu_seconds_total') * 1_000_000
    let total = 0
    for (const [name, us] of costs()) {
      const figure = told.find((one) => one.name === name)?.figure ?? ''
      total += us * grown(figure)
      console.log(`${name}: ${us.toFixed(2)} µs, ${String(grown(figure))} times`)
    }
    console.log(`${String(grown('parley_writes_total'))} sends, ${String(received - receivedBefore)} frames`)
    console.log(
      `Processor time of the server: ${(processorUs / 1_000_000).toFixed(2)} s; of it metrics: ${((100 * total) / processorUs).toFixed(2)} %`,
    )
    console.log(`A scrape: ${after.scrapeMs.toFixed(0)} ms from outside, once in 15 s`)
  } finally {
    server.kill('SIGINT')
    await new Promise((resolve) => server.once('exit', resolve))
    rmSync(folder, { recursive: true, force: true })
  }
}

await main()
process.exit(0)
