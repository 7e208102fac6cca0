// Random documents within the limits, of the real schema, against a server in this process: whatever they ask for, no answer
// may take more processor time, bytes or objects than its budget, by the budget's own counters, and what is counted before it
// runs must be no less than what it comes to. `npm run fuzz:cost -- [seconds] [seed]`: 10 minutes by default, on the database of
// DATABASE_URL or a new one. The last line is a report; the exit code is 1 when something was wrong.
import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { defaultOperationLimits as limits } from '../../src/execution/costs/budget.ts'
import { createOperations } from '../../src/execution/operations.ts'
import { schema } from '../../src/schema/index.ts'
import { ask, found, groupOf, register, sendMessage, type Person } from '../attacks/people.ts'
import { randomFrom } from '../testkit/hostile.ts'
import { RandomDocuments } from './random-documents.ts'

interface Answered {
  objects: number
  byteSize: number
  processorMs: number
  isGivenUp: boolean
}

/** Beside the data an answer has errors, each of a few hundred bytes and 100 at the most. */
const errorsByteSize = 65_536
const expectedCodes = ['QUERY_TOO_COMPLEX', 'VALIDATION_ERROR', 'NOT_FOUND', 'FORBIDDEN', 'UNAVAILABLE', 'RATE_LIMITED']

const [, , seconds = '600', seed = String(Date.now() % 1_000_000)] = process.argv
const folder = mkdtempSync(join(tmpdir(), 'parley-fuzz-'))
const own = { PORT: '0', LOG_LEVEL: 'error', RATE_LIMITS: 'off', PARLEY_DATA_DIR: folder }
const app = await createApp(loadConfig({ ...process.env, ...own }))
const operations = createOperations({ schema, introspection: true })

/** People, groups with long and strange texts that answer each other, receipts: as much as makes answers large. */
async function world(): Promise<{ person: Person; ids: string[]; messages: string[]; cursors: object[] }> {
  const [person, friend] = await Promise.all([register(app.url), register(app.url)])
  const ids = [person.userId, friend.userId]
  const messages: string[] = []
  const texts = ['short', 'x'.repeat(4_000), '\u0001'.repeat(3_999) + 'x', '語'.repeat(4_000), '"\\'.repeat(2_000)]
  for (let group = 0; group < 6; group++) {
    const id = await groupOf(person, 0)
    ids.push(id)
    for (let nth = 0; nth < 60; nth++) {
      const input = {
        conversationId: id,
        clientMessageId: randomUUID(),
        text: texts[(nth + group) % texts.length],
        ...(nth > 0 && { replyToId: messages.at(-1) }),
      }
      messages.push(String(found(await ask(person, sendMessage, { input }), 'data.sendMessage.message.id')))
    }
  }
  return { person, ids, messages, cursors: ids.slice(2).map((streamId) => ({ streamId, eventSeq: 0 })) }
}

const { person, ids, messages, cursors } = await world()
const documents = new RandomDocuments(schema, randomFrom(Number(seed)), {
  ids: [...ids, ...messages.slice(-40)],
  cursors,
})
const most = { objects: 0, byteSize: 0, processorMs: 0, bodyByteSize: 0, ms: 0 }
const codes: Record<string, number> = {}
const faults: string[] = []
let answered: Answered[] = []
const note = (fact: unknown) => void answered.push(fact as Answered)
subscribe('parley:answered', note)

const check = (fault: string, isWrong: boolean, query: string) => {
  if (isWrong && faults.length < 5) faults.push(`${fault} (seed ${seed}): ${query}`)
}

let count = 0
const endAtMs = performance.now() + Number(seconds) * 1_000
/** A busy machine gets to few, and most random documents are refused: then it takes longer. */
const leastAnswers = 10
const longestMs = 60_000
const isEnough = () => (codes.none ?? 0) >= leastAnswers || performance.now() >= endAtMs + longestMs
while ((performance.now() < endAtMs || !isEnough()) && faults.length === 0) {
  const { query, variables } = documents.next()
  answered = []
  const startMs = performance.now()
  const response = await fetch(app.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${person.token ?? ''}` },
    body: JSON.stringify({ query, variables }),
  })
  const body = await response.text()
  most.ms = Math.max(most.ms, performance.now() - startMs)
  count++
  const { data, errors = [] } = JSON.parse(body) as { data?: unknown; errors?: { extensions: { code: string } }[] }
  for (const code of new Set(errors.map(({ extensions }) => extensions.code))) {
    codes[code] = (codes[code] ?? 0) + 1
    check(`unexpected ${code}`, !expectedCodes.includes(code), query)
  }
  if (errors.length === 0) codes.none = (codes.none ?? 0) + 1
  // New documents are an expense of their own.
  if (errors.some(({ extensions }) => extensions.code === 'RATE_LIMITED')) await sleep(500)
  check('a long answer', body.length > limits.byteSize + errorsByteSize, query)
  const [cost] = answered
  if (!cost) continue
  most.bodyByteSize = Math.max(most.bodyByteSize, Buffer.byteLength(body))
  for (const name of ['objects', 'byteSize', 'processorMs'] as const) {
    if (!cost.isGivenUp) most[name] = Math.max(most[name], cost[name])
    check(`over the ${name}`, !cost.isGivenUp && cost[name] > limits[name], query)
  }
  // By one look at the clock, at the most.
  check('given up late', cost.processorMs > limits.processorMs + 50, query)
  const dataByteSize = Buffer.byteLength(JSON.stringify(data ?? null))
  check(
    `bytes not counted: ${String(dataByteSize)} of ${String(cost.byteSize)}`,
    dataByteSize > cost.byteSize + 8,
    query,
  )
  const { objects } = operations.prepare({ query }, 'fuzz').costOf(variables)
  check(`objects not foreseen: ${String(cost.objects)} of ${String(objects)}`, cost.objects > objects + 1, query)
}
unsubscribe('parley:answered', note)
await app.stop()
rmSync(folder, { recursive: true, force: true })
process.stdout.write(`${JSON.stringify({ seed, count, most, codes, faults })}\n`)
process.exit(faults.length === 0 ? 0 : 1)
