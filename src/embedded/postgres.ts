import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from '../start-error.ts'
import type { Logger } from '../telemetry/logger.ts'
import { claimDataFolder } from './data-folder.ts'
import { runAs, type RunAs } from './account.ts'
import { characterTypes, setCharacterTypes } from './character-types.ts'
import { archiveSettings, type WalArchive } from './archive.ts'
import { postgresBinaries, type PostgresBinaries } from './binaries.ts'
import { commandOf } from './process-identity.ts'
import { spawnSupervised, type Supervised } from './supervised.ts'

export interface EmbeddedPostgres {
  url: string
  /** Resolves when PostgreSQL has written everything and ended. Idempotent. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  dataDir: string
  log: Logger
  /** More arguments for `postgres`, for tests. */
  postgresFlags?: string[]
  /** Where it copies its write-ahead log to. */
  walArchive?: WalArchive | null
  /** Milliseconds until it has to accept connections: a restored one has a log to read before that. */
  startTimeoutMs?: number
}

interface Paths {
  dataDir: string
  cluster: string
  logFile: string
  passwordFile: string
}

function pathsIn(dataDir: string): Paths {
  const absolute = resolve(dataDir)
  return {
    dataDir: absolute,
    cluster: join(absolute, 'postgres'),
    logFile: join(absolute, 'postgres.log'),
    passwordFile: join(absolute, 'postgres.password'),
  }
}

const usualStartMs = 120_000
const stopTimeoutMs = 30_000
const pollMs = 10

/** The pid and state in PostgreSQL's own lock file, when the file is there and its process is a PostgreSQL of this folder. */
function readPostmaster(cluster: string): { pid: number; port: number; ready: boolean } | null {
  const file = join(cluster, 'postmaster.pid')
  if (!existsSync(file)) return null
  const lines = readFileSync(file, 'utf8').split('\n')
  const pid = Number(lines[0])
  // The system may have given the pid to another program; then the file is left over.
  if (!commandOf(pid).includes(cluster)) return null
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

function urlFor(paths: Paths, port: number): string {
  return `postgresql://parley:${readFileSync(paths.passwordFile, 'utf8')}@127.0.0.1:${port}/postgres`
}

/** A PostgreSQL whose owner was killed is stopping, or was orphaned. The folder is ours, so it has to stop. */
async function endLeftover(cluster: string, log: Logger): Promise<void> {
  const startedAtMs = Date.now()
  let signalled = false
  for (let postmaster = readPostmaster(cluster); postmaster !== null; postmaster = readPostmaster(cluster)) {
    const waitedMs = Date.now() - startedAtMs
    if (waitedMs > 2000 && !signalled) {
      log.warn({ pid: postmaster.pid }, 'stopping the PostgreSQL that a killed server left behind')
      process.kill(postmaster.pid, 'SIGINT')
      signalled = true
    }
    if (waitedMs > stopTimeoutMs) {
      throw new StartError(
        `Another PostgreSQL (process ${postmaster.pid}) runs on ${cluster} and does not end. Stop it first.`,
      )
    }
    await sleep(50)
  }
  // PostgreSQL would refuse to start if the system has given the pid in its old lock file to another program.
  rmSync(join(cluster, 'postmaster.pid'), { force: true })
}

function initialise(binaries: PostgresBinaries, as: RunAs, paths: Paths, ctype = characterTypes): void {
  // Made under another name first: an interrupted initdb then leaves nothing that looks like a cluster.
  const draft = `${paths.cluster}.new`
  rmSync(draft, { recursive: true, force: true })
  rmSync(paths.passwordFile, { force: true })
  mkdirSync(draft, { mode: 0o700 })
  writeFileSync(paths.passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  if (as.owner) for (const path of [draft, paths.passwordFile]) chownSync(path, as.owner.uid, as.owner.gid)

  const command = [
    ...as.prefix,
    binaries.initdb,
    `--pgdata=${draft}`,
    '--username=parley',
    `--pwfile=${paths.passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own rules for sorting and case: the same on every machine, whatever locales it has.
    '--locale=C',
    `--lc-ctype=${ctype}`,
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ]
  const result = spawnSync(command[0] ?? '', command.slice(1), { ...as.options, encoding: 'utf8' })
  if (result.status !== 0 && ctype !== 'C') {
    // The system may lack that locale. If the cause was another one, this call fails with it too.
    initialise(binaries, as, paths, 'C')
    return
  }
  if (result.status !== 0) {
    const reason = result.error?.message ?? complaintIn(result.stderr)
    throw new StartError(`PostgreSQL could not prepare ${paths.cluster}: ${reason}`)
  }
  renameSync(draft, paths.cluster)
}

/** The line of a PostgreSQL program's output that says what went wrong. */
function complaintIn(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const complaint = lines.find((line) => /FATAL|PANIC|error:/.test(line)) ?? lines.at(-1) ?? 'it gave no reason'
  return complaint.replace(/^.*(FATAL|PANIC|error):\s*/, '').replace(/\.$/, '')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function launch(binaries: PostgresBinaries, as: RunAs, paths: Paths, port: number, flags: string[]): Supervised {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '128MB',
    // Otherwise the log quotes rows that a constraint refuses, and with them texts and names.
    log_error_verbosity: 'terse',
    log_parameter_max_length: 0,
    log_parameter_max_length_on_error: 0,
  }
  const settingFlags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const logFd = openSync(paths.logFile, 'a', 0o600)
  try {
    const command = [binaries.postgres, '-D', paths.cluster, ...settingFlags, ...flags]
    return spawnSupervised(command, logFd, as.options, as.prefix)
  } finally {
    closeSync(logFd)
  }
}

/** Waits until PostgreSQL accepts connections; throws with PostgreSQL's own message if it ends instead. */
async function untilReady(
  server: Supervised,
  paths: Paths,
  logOffsetBytes: number,
  startTimeoutMs: number,
): Promise<void> {
  const deadlineMs = Date.now() + startTimeoutMs
  while (readPostmaster(paths.cluster)?.ready !== true) {
    if (server.hasEnded() || Date.now() > deadlineMs) {
      server.end()
      const said = readFileSync(paths.logFile).subarray(logOffsetBytes).toString()
      throw new StartError(`PostgreSQL did not start: ${complaintIn(said)}. Its log is ${paths.logFile}.`)
    }
    await sleep(pollMs)
  }
}

async function start(options: EmbeddedOptions, paths: Paths): Promise<EmbeddedPostgres> {
  const { log, postgresFlags = [], walArchive = null, startTimeoutMs = usualStartMs } = options
  const binaries = await postgresBinaries()
  const as = runAs(binaries.postgres, paths.dataDir, paths.cluster)
  await endLeftover(paths.cluster, log)
  if (!existsSync(paths.cluster)) initialise(binaries, as, paths)

  const logOffsetBytes = existsSync(paths.logFile) ? statSync(paths.logFile).size : 0
  const port = await freePort()
  const flags = [...(walArchive ? archiveSettings(walArchive, as.owner) : []), ...postgresFlags]
  const server = launch(binaries, as, paths, port, flags)
  await untilReady(server, paths, logOffsetBytes, startTimeoutMs)
  // A flag of a test may have set another port.
  const url = urlFor(paths, readPostmaster(paths.cluster)?.port ?? port)
  await setCharacterTypes(url, log).catch((error: unknown) => {
    server.end()
    throw error
  })

  let stopping = false
  void server.ended.then((code) => {
    if (!stopping) log.error({ code, logFile: paths.logFile }, 'the embedded PostgreSQL ended by itself')
  })
  return {
    url,
    async stop() {
      stopping = true
      server.end()
      const timer = setTimeout(() => {
        const postmaster = readPostmaster(paths.cluster)
        // SIGQUIT ends it at once. What was committed is safe: the next start replays it.
        if (postmaster) process.kill(postmaster.pid, 'SIGQUIT')
      }, stopTimeoutMs)
      await server.ended
      clearTimeout(timer)
    },
  }
}

/** Starts the PostgreSQL of a data folder; makes the cluster first if there is none. It ends with this process. */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') {
    throw new StartError('The embedded PostgreSQL does not run on Windows. Set DATABASE_URL to a PostgreSQL of yours.')
  }
  const paths = pathsIn(options.dataDir)
  const { dataDir } = paths
  const release = claimDataFolder(dataDir)
  try {
    const server = await start(options, paths)
    return { url: server.url, stop: () => server.stop().finally(release) }
  } catch (error) {
    release()
    if (error instanceof StartError || !(error instanceof Error)) throw error
    throw new StartError(`PostgreSQL did not start in ${dataDir}: ${error.message}.`)
  }
}

/** The address of the PostgreSQL that runs on this data folder now; null when none does. */
export function runningEmbeddedUrl(dataDir: string): string | null {
  const paths = pathsIn(dataDir)
  const postmaster = readPostmaster(paths.cluster)
  return postmaster?.ready ? urlFor(paths, postmaster.port) : null
}
