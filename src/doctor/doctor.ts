import { styleText } from 'node:util'
import type { Config } from '../config.ts'
import { exitCodeOf, error, ok, type Finding } from './finding.ts'
import { lookAtDisk, lookAtFiles, lookAtNode, lookAtPort, lookAtSecrets } from './machine.ts'
import { lookAtPostgres } from './postgres.ts'
import { lookAtProxies } from './proxies.ts'
import { lookAtRedis } from './redis.ts'

export interface DoctorOptions {
  json: boolean
  /** Also what is right. */
  verbose: boolean
  migrationsDir: string
  nodeVersion: string
  /** Rejects with a ConfigError. */
  findDatabase: () => Promise<{ config: Config; connectionString: string | null }>
  print: (text: string) => void
}

/** Everything at once: what is away costs its own time only. */
async function examine({ findDatabase, migrationsDir, nodeVersion }: DoctorOptions): Promise<Finding[]> {
  const node = lookAtNode(nodeVersion)
  let found: Awaited<ReturnType<DoctorOptions['findDatabase']>>
  try {
    found = await findDatabase()
  } catch (problem) {
    const { name, message } = problem as Error
    if (name !== 'ConfigError') throw problem
    return [
      node,
      error('settings', message, 'Correct it; docs/operations.md lists all settings. The rest was not looked at'),
    ]
  }
  const { config, connectionString } = found
  const { redisUrl, dataDir } = config
  const parts = await Promise.all([
    connectionString === null
      ? [ok('postgres.connection', 'the embedded PostgreSQL does not run: start the server to have it looked at')]
      : lookAtPostgres(connectionString, config, migrationsDir),
    redisUrl === null
      ? [ok('redis.connection', 'there is none: one machine only, and no more processes than WORKERS')]
      : lookAtRedis(redisUrl, config.redisTls),
    lookAtPort('port', 'PORT', config.port, config.host),
    lookAtPort('port.metrics', 'METRICS_PORT', config.metricsPort, config.metricsHost),
    lookAtProxies(config),
  ])
  return [
    node,
    ok('settings', 'all can be read'),
    ...lookAtSecrets(config),
    ...parts.flat(),
    ...lookAtFiles(config),
    ...lookAtDisk('disk', `the disk of PARLEY_DATA_DIR (${dataDir})`, dataDir),
    ...(config.walArchive === null
      ? []
      : lookAtDisk('disk.archive', 'the disk of WAL_ARCHIVE_DIR', config.walArchive.dir)),
  ]
}

const marks = { ok: '✓', warning: '!', error: '✗', unknown: '?' }
const colours = { ok: 'green', warning: 'yellow', error: 'red', unknown: 'yellow' } as const

function describe({ level, check, message, remedy }: Finding, isTerminal: boolean): string {
  const mark = isTerminal ? styleText(colours[level], marks[level]) : marks[level]
  return `${mark} ${check}: ${message}.${remedy === undefined ? '' : `\n    → ${remedy}.`}`
}

const countOf = (findings: Finding[], level: Finding['level'], words: string) => {
  const count = findings.filter((finding) => finding.level === level).length
  return count === 0 ? [] : [`${String(count)} ${words}${count === 1 ? '' : 's'}`]
}

/** Looks at all that a deployment stands on. Exit code 0: all is well; 1: something should be changed; 2: something is wrong. */
export async function runDoctor(options: DoctorOptions): Promise<0 | 1 | 2> {
  const findings = await examine(options)
  const exitCode = exitCodeOf(findings)
  if (options.json) {
    const status = (['ok', 'warning', 'error'] as const)[exitCode]
    options.print(JSON.stringify({ status, findings }, null, 2))
    return exitCode
  }
  const isTerminal = process.stdout.isTTY
  for (const finding of findings) {
    if (options.verbose || finding.level !== 'ok') options.print(describe(finding, isTerminal))
  }
  const counts = [...countOf(findings, 'error', 'error'), ...countOf(findings, 'warning', 'warning')]
  const looked = `${String(findings.length)} things were looked at`
  options.print(counts.length === 0 ? `${looked}, and nothing is wrong.` : `${looked}: ${counts.join(', ')}.`)
  return exitCode
}
