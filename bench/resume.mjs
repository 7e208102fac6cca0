// The cost of delivering an event to 1,000 inboxes with a resume token for each. Run: npm run bench -- --resume
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nowMs } from './client/clock.mjs'
import { checkDelivered, openAudience, WrongResult } from './harness/audience.mjs'
import { budgets } from './harness/budget.mjs'
import { startClient } from './harness/client.mjs'
import { createContender, loadContenders } from './harness/contenders.mjs'
import { measureFanout } from './harness/fanout.mjs'
import { machine } from './harness/machine.mjs'
import { startCpuClock } from './harness/process-figures.mjs'
import { reportOf, writeReport } from './harness/report.mjs'
import { startPostgres, startRedis } from './harness/services.mjs'
import { median, printColumns } from './harness/table.mjs'
import { seedWorld, world } from './harness/world.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const template = 'resume_world'
const waitMs = 30_000

const documentOf = (selection) => `subscription InboxEvents {
  inboxEvents { __typename cursor { streamId eventSeq mark } ${selection} ... on MessageSent { message { id seq text sender { id } } } }
}`
const ways = [
  { name: 'without', label: 'without', query: documentOf('') },
  { name: 'with', label: 'with `resume`', query: documentOf('resume') },
]
const figures = [
  { key: 'oneCpuUs', label: 'one message at a time: processor time of the server for each, µs' },
  { key: 'oneMs', label: 'one message at a time: until all 1,000 have it, ms' },
  { key: 'frameCpuUs', label: 'as many as there can be: processor time of the server for a frame, µs' },
  { key: 'frameUs', label: 'as many as there can be: a frame, µs' },
]

/** Each message is delivered to everybody before the next one is sent. */
async function oneByOne({ watchers, writers, server, budget }, audience) {
  const count = Math.round(budget.sendsMs / 25)
  await watchers.call('reset')
  const cpuMs = startCpuClock(server.pid)
  const times = []
  for (let nth = 0; nth < count; nth++) {
    const startedAtMs = nowMs()
    const seqs = await writers.call('sendToEachRoom')
    const { complete } = await watchers.call('waitFor', { seqs, timeoutMs: waitMs })
    if (!complete) throw new WrongResult('a message did not come to everybody')
    times.push(nowMs() - startedAtMs)
  }
  checkDelivered(await watchers.call('counts'), count * audience.size)
  return { oneCpuUs: (cpuMs() * 1000) / count, oneMs: median(times) }
}

/** One round of one variant: 1,000 people who follow their whole inbox, in which one conversation is busy. */
async function measure(context, { name, query }) {
  const audience = await openAudience(context, [world.room], 16, { query })
  try {
    const first = JSON.parse(await context.watchers.call('firstEvent')).payload.data.inboxEvents
    if ((typeof first.resume === 'string') !== (name === 'with'))
      throw new WrongResult('a token that should not be, or none')
    const one = await oneByOne(context, audience)
    const { framesPerSecond, serverCpuUsPerFrame } = await measureFanout(context, audience, checkDelivered)
    return { ...one, frameCpuUs: serverCpuUsPerFrame, frameUs: 1_000_000 / framesPerSecond }
  } finally {
    await audience.close()
  }
}

/** @returns {Promise<number>} the exit code */
export async function run(options) {
  const startedAt = Date.now()
  const runsOn = machine()
  const mode = options.quick ? 'quick' : 'full'
  const budget = budgets[mode]
  const roundCount = Number(options.rounds ?? budget.rounds)
  const [contender] = await loadContenders(['parley'])
  contender.prepare()
  const postgres = await startPostgres()
  const redisUrl = await startRedis()
  await seedWorld(await postgres.createDatabase(template))
  const secret = randomBytes(36).toString('base64url')
  const one = await createContender({ contender, postgres, template, redisUrl, secret })
  const clients = { watchers: startClient(), writers: startClient() }
  const context = { ...one, ...clients, server: await one.running(), budget }
  /** @type {Record<string, Awaited<ReturnType<typeof measure>>[]>} */
  const rounds = Object.fromEntries(ways.map(({ name }) => [name, []]))
  // A warm-up that does not count.
  for (const way of ways) await measure({ ...context, budget: budgets.quick }, way)
  for (let round = 1; round <= roundCount; round++) {
    for (const way of ways) {
      const result = await measure(context, way)
      rounds[way.name].push(result)
      console.log(`round ${String(round)}, ${way.name}: ${JSON.stringify(result)}`)
    }
  }
  await one.close()
  const medianOf = (name, key) => median(rounds[name].map((result) => result[key]))
  printColumns([
    ['1,000 inboxes get what is sent', ...ways.map(({ label }) => label), 'ratio'],
    ...figures.map(({ key, label }) => {
      const [without, tokens] = ways.map(({ name }) => medianOf(name, key))
      return [label, without.toPrecision(3), tokens.toPrecision(3), `${(tokens / without).toFixed(2)}×`]
    }),
  ])
  const report = reportOf(startedAt, {
    machine: runsOn,
    postgres: postgres.settings,
    versions: contender.versions(),
    rounds,
  })
  writeReport(options.json ?? join(here, 'results/resume.json'), report, mode)
  return 0
}
