import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureLimits } from '../limits/index.mjs'
import { morePaths, openGroup, paths as allPaths } from '../paths/index.mjs'
import { WrongResult } from './audience.mjs'
import { budgets } from './budget.mjs'
import { startClient } from './client.mjs'
import { isEnding } from './ending.mjs'
import { createContender, loadContenders } from './contenders.mjs'
import { machine } from './machine.mjs'
import { writeReport } from './report.mjs'
import { startPostgres, startRedis } from './services.mjs'
import { printTable } from './table.mjs'
import { seedWorld } from './world.mjs'

const bench = join(dirname(fileURLToPath(import.meta.url)), '..')
const template = 'bench_world'

/**
 * What a path gave in one round: figures by name, or why there are none.
 * @typedef {{ wrong?: string, leftOut?: boolean, isBehind?: boolean, [figure: string]: any }} Result
 */

function choosePaths(only) {
  if (only === undefined) return allPaths
  const names = only.split(',')
  const known = [...allPaths, ...morePaths]
  const unknown = names.filter((name) => !known.some((path) => path.name === name))
  if (unknown.length > 0) {
    throw new Error(`There is no path ${unknown.join(', ')}. There are: ${known.map(({ name }) => name).join(', ')}.`)
  }
  return known.filter(({ name }) => names.includes(name))
}

/** Paths that share a group come one after the other; each other path is a group of its own. */
function groupsOf(paths) {
  const groups = []
  for (const path of paths) {
    const last = groups.at(-1)
    if (path.group !== undefined && last !== undefined && last.name === path.group) last.paths.push(path)
    else groups.push({ name: path.group, paths: [path] })
  }
  return groups
}

/** @returns {Promise<number>} the exit code: 1 when an answer was wrong */
export async function run(options) {
  const startedAt = Date.now()
  const runsOn = machine()
  const mode = options.quick ? 'quick' : 'full'
  const budget = { ...budgets[mode] }
  if (options.rounds !== undefined) budget.rounds = Number(options.rounds)
  if (options.sockets !== undefined) budget.idleSockets = Number(options.sockets)
  if (options.minutes !== undefined) budget.endAfterMs = Number(options.minutes) * 60_000
  const paths = choosePaths(options.only)
  const modules = await loadContenders(options.contenders?.split(','))
  const described = modules.map(({ name, label, kind, versions }) => ({ name, label, kind, versions: versions() }))
  for (const contender of modules) contender.prepare?.()

  const postgres = await startPostgres()
  const redisUrl = await startRedis()
  await seedWorld(await postgres.createDatabase(template))
  const secret = randomBytes(36).toString('base64url')
  const contenders = []
  for (const contender of modules) {
    contenders.push(await createContender({ contender, postgres, template, redisUrl, secret }))
  }
  const clients = { watchers: startClient(), writers: startClient(), readers: startClient() }

  /** @type {Record<string, Record<string, Result[]>>} what each round gave, by path and contender */
  const rounds = {}
  let noted = Date.now()
  const note = (path, { contender }, result) => {
    ;((rounds[path.name] ??= {})[contender.name] ??= []).push(result)
    const tookS = ((Date.now() - noted) / 1000).toFixed(1)
    noted = Date.now()
    const figures = path.metrics
      .filter(({ key }) => typeof result[key] === 'number')
      .map(({ key, divideBy = 1 }) => `${key} ${Number((result[key] / divideBy).toPrecision(4))}`)
    console.log(
      `${path.name}  ${contender.name}  ${result.leftOut ? 'left out, as the time was over' : (result.wrong ?? figures.join('  '))}  (${tookS} s)`,
    )
  }

  for (const group of groupsOf(paths)) {
    for (let round = 0; round < budget.rounds; round++) {
      for (const one of contenders) {
        if (Date.now() - startedAt < budget.endAfterMs) await visit({ group, one, clients, budget, note })
        else for (const path of group.paths) note(path, one, { leftOut: true })
        if (isEnding()) return 130
      }
    }
  }
  for (const one of contenders) await one.stop()
  const limits = options['no-limits'] ? {} : await measureLimits({ postgres, template, budget, clients })
  for (const one of contenders) await one.close()

  const report = {
    at: new Date(startedAt).toISOString(),
    mode,
    tookS: Math.round((Date.now() - startedAt) / 1000),
    machine: runsOn,
    postgres: postgres.settings,
    budget,
    contenders: described,
    paths: paths.map(({ name, metrics, costs = [] }) => ({ name, metrics, costs })),
    rounds,
    limits,
  }
  printTable(report)
  writeReport(options.json ?? join(bench, 'results/latest.json'), report, mode)
  const ours = Object.values(rounds).flatMap(({ parley = [] }) => parley)
  return ours.some(({ wrong }) => wrong !== undefined) ? 1 : 0
}

/** One contender, one round, the paths of a group. A wrong result is recorded, and the next path starts afresh. */
async function visit({ group, one, clients, budget, note }) {
  const { contender } = one
  const paths = group.paths.filter(({ name }) => contender.paths === null || contender.paths.includes(name))
  /** @type {{ close(): Promise<void> } | null} */
  let shared = null
  let context = null
  const leave = async () => {
    await shared?.close().catch(() => undefined)
    shared = null
    context = null
  }
  for (const path of paths) {
    /** @type {Result} */
    let result
    try {
      if (path.isFresh) {
        await leave()
        await one.stop()
      }
      context ??= { ...one, ...clients, server: await one.running(), budget }
      if (group.name !== undefined) shared ??= await openGroup[group.name](context)
      result = await path.run(context, shared)
    } catch (/** @type {any} */ error) {
      if (isEnding()) return
      if (!(error instanceof WrongResult)) console.error(error)
      result = { wrong: error.message }
    }
    note(path, one, result)
    if (result.wrong !== undefined || result.isBehind) {
      await leave()
      for (const method of ['close', 'closeSenders', 'closeReaders']) {
        for (const client of Object.values(clients)) await client.call(method)
      }
      await one.stop()
    }
  }
  await leave()
}
