// How much one client can harm another: one person chats while another client attacks. Run: npm run bench -- --attacks
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { clearInterval, setInterval } from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { percentiles } from './client/clock.mjs'
import { createContender, loadContenders } from './harness/contenders.mjs'
import { machine } from './harness/machine.mjs'
import { residentBytes } from './harness/process-figures.mjs'
import { reportOf, writeReport } from './harness/report.mjs'
import { source, startPostgres, startRedis } from './harness/services.mjs'
import { median, printColumns } from './harness/table.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const template = 'attacks_world'
const mb = 1_048_576

const { attacks } = await source('tests/attacks/index.ts')
const { openBystander } = await source('tests/attacks/bystander.ts')

/** @param {number[]} values */
const p95 = (values) => percentiles(values)?.p95 ?? NaN

/** Highest resident memory of a process while it is watched. */
function watchMemory(pid) {
  let highest = 0
  const looking = setInterval(() => (highest = Math.max(highest, residentBytes(pid) ?? 0)), 50)
  return () => {
    clearInterval(looking)
    return highest
  }
}

/** One attack on a server of its own: without the attack, with it, and without it again. */
async function measure(attack, { httpUrl, wsUrl, pid, databaseUrl }, ms) {
  const bystander = await openBystander(httpUrl, 100)
  await bystander.watch(2_000)
  const child = fork(
    join(here, '../tests/attacks/child.ts'),
    [attack.name, JSON.stringify({ httpUrl, wsUrl, databaseUrl })],
    { execArgv: ['--import', 'tsx'] },
  )
  // It stands for somebody's own machine: what the attacker computes takes no processor from the server or the bystander.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
  try {
    await once(child, 'message')
    const before = await bystander.watch(ms)
    const restingBytes = residentBytes(pid) ?? 0
    const memory = watchMemory(pid)
    child.send('run')
    const attacked = await bystander.watch(ms)
    const highest = memory()
    if (child.connected) child.send('stop')
    await Promise.race([once(child, 'exit'), sleep(5_000)])
    const after = await bystander.watch(ms)
    const failures = [...before.failures, ...attacked.failures, ...after.failures]
    const quiet = (key) => p95([...before[key], ...after[key]])
    return {
      failures,
      quietAckMs: quiet('ackMs'),
      ackMs: p95(attacked.ackMs),
      quietDeliveryMs: quiet('deliveryMs'),
      deliveryMs: p95(attacked.deliveryMs),
      grownMb: (highest - restingBytes) / mb,
    }
  } finally {
    child.kill('SIGKILL')
    await bystander.close()
  }
}

/** @returns {Promise<number>} the exit code: 1 when a send had no answer, or a message was lost or repeated */
export async function run(options) {
  const startedAt = Date.now()
  const runsOn = machine()
  const ms = options.quick ? 3_000 : 8_000
  const roundCount = Number(options.rounds ?? (options.quick ? 1 : 3))
  const names = options.only?.split(',')
  const chosen = attacks.filter(({ name }) => !names || names.includes(name))
  const [contender] = await loadContenders(['parley'])
  contender.prepare()
  const postgres = await startPostgres()
  const redisUrl = await startRedis()
  await postgres.createDatabase(template)
  /** @type {Record<string, any[]>} */
  const rounds = Object.fromEntries(chosen.map(({ name }) => [name, []]))
  for (let round = 1; round <= roundCount; round++) {
    for (const attack of chosen) {
      const env = { RATE_LIMITS: 'on' }
      const name = `${attack.name.replaceAll('-', '_')}_${String(round)}`
      const given = { ...contender, name, start: (to) => contender.start({ ...to, env }) }
      const secret = randomBytes(36).toString('base64url')
      const one = await createContender({ contender: given, postgres, template, redisUrl, secret })
      const { httpUrl, wsUrl, pid } = await one.running()
      const result = await measure(attack, { httpUrl, wsUrl, pid, databaseUrl: one.databaseUrl }, ms)
      await one.close()
      rounds[attack.name].push(result)
      console.log(`round ${String(round)}, ${attack.name}: ${JSON.stringify(result)}`)
    }
  }
  const of = (name, key) => median(rounds[name].map((result) => result[key]))
  const shown = (value) => value.toPrecision(3)
  printColumns([
    ['p95 of a bystander, ms', 'ack: quiet', 'attacked', 'ratio', 'delivery: quiet', 'attacked', 'ratio', 'memory, MB'],
    ...chosen.map(({ name, title }) => [
      `${name}: ${title}`,
      shown(of(name, 'quietAckMs')),
      shown(of(name, 'ackMs')),
      `${(of(name, 'ackMs') / of(name, 'quietAckMs')).toFixed(1)}×`,
      shown(of(name, 'quietDeliveryMs')),
      shown(of(name, 'deliveryMs')),
      `${(of(name, 'deliveryMs') / of(name, 'quietDeliveryMs')).toFixed(1)}×`,
      `+${of(name, 'grownMb').toFixed(0)}`,
    ]),
  ])
  const failures = Object.values(rounds).flatMap((results) => results.flatMap(({ failures }) => failures))
  for (const failure of failures) console.log(failure)
  const report = reportOf(startedAt, {
    machine: runsOn,
    postgres: postgres.settings,
    versions: contender.versions(),
    rounds,
  })
  writeReport(options.json ?? join(here, 'results/attacks.json'), report, options.quick ? 'quick' : 'full')
  return failures.length > 0 ? 1 : 0
}
