// How the cost of each operation grows with the size of its data. Run: npm run bench -- --growth [--quick]
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAsker, measureCurve } from './growth/measure.mjs'
import { sizes as allSizes } from './growth/sizes.mjs'
import { measureSubscribers } from './growth/subscribers.mjs'
import { seedGrowth } from './growth/world.mjs'
import { startClient } from './harness/client.mjs'
import { createContender, loadContenders } from './harness/contenders.mjs'
import { machine } from './harness/machine.mjs'
import { writeReport } from './harness/report.mjs'
import { printColumns } from './harness/table.mjs'
import { startPostgres, startRedis } from './harness/services.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const template = 'growth_world'

const titles = {
  subscribers: 'Subscribers of one conversation',
  conversations: 'Conversations of one person',
  messages: 'Messages in one conversation',
  members: 'Members of one group',
}

/** @returns {Promise<number>} the exit code */
export async function run(options) {
  const startedAt = Date.now()
  const runsOn = machine()
  const mode = options.quick ? 'quick' : 'full'
  const wanted = options.only?.split(',') ?? Object.keys(titles)
  const unknown = wanted.filter((name) => !(name in titles))
  if (unknown.length > 0)
    throw new Error(`There is no curve ${unknown.join(', ')}. There are: ${Object.keys(titles).join(', ')}.`)

  // Data is made only for the chosen curves.
  const sizes = { ...allSizes[mode] }
  for (const name of Object.keys(titles)) if (!wanted.includes(name)) sizes[name] = []

  const [contender] = await loadContenders(['parley'])
  contender.prepare()
  const postgres = await startPostgres({ postgresFlags: ['-c', 'shared_preload_libraries=pg_stat_statements'] })
  const redisUrl = await startRedis()
  console.log('Making the data …')
  await seedGrowth(await postgres.createDatabase(template), sizes)
  const secret = randomBytes(36).toString('base64url')
  const one = await createContender({ contender, postgres, template, redisUrl, secret })
  const server = await one.running()
  const context = { ...one, server, watchers: startClient(), writers: startClient() }

  const curves = []
  for (const name of Object.keys(titles).filter((title) => wanted.includes(title))) {
    let operations
    if (name === 'subscribers') operations = await measureSubscribers(context, sizes.subscribers, sizes.repeats)
    else {
      const asker = createAsker(server.httpUrl, one.tokenOf)
      operations = await measureCurve({ asker, query: one.query }, name, sizes[name], sizes.repeats)
      asker.close()
    }
    curves.push({ name, title: titles[name], sizes: sizes[name], operations })
  }
  await one.close()

  const report = {
    at: new Date(startedAt).toISOString(),
    mode,
    tookS: Math.round((Date.now() - startedAt) / 1000),
    machine: runsOn,
    postgres: postgres.settings,
    versions: contender.versions(),
    curves,
  }
  print(report)
  writeReport(options.json ?? join(here, 'results/growth.json'), report, mode)
  return 0
}

function print({ curves }) {
  for (const { title, sizes, operations } of curves) {
    const head = [`${title}: median (statements)`, ...sizes.map((size) => size.toLocaleString('en')), 'last : first']
    const lines = operations.map(({ label, unit = 'ms', points }) => [
      label,
      ...points.map(({ medianMs, statements }) => `${medianMs.toPrecision(3)} ${unit} (${String(statements)})`),
      `${(points.at(-1).medianMs / points[0].medianMs).toFixed(2)}×`,
    ])
    printColumns([head, ...lines])
  }
}
