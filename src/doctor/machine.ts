import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { error, ok, unknown, warning, type Finding } from './finding.ts'

const oldestNode = [20, 19] as const
const megabyte = 1_048_576
/** Free bytes below which a disk is nearly full, and as good as full. */
const lowByteSize = 2_048 * megabyte
const fullByteSize = 256 * megabyte

export function lookAtNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNewEnough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  return isNewEnough
    ? ok('node.version', `Node ${version}`)
    : error('node.version', `Node ${version} is too old`, `Use Node ${oldestNode.join('.')} or newer`)
}

/** With fewer open files than this a server is soon at its end, whatever MAX_SOCKETS says. */
const fewFiles = 8_192

/** Each socket is an open file. */
export function lookAtFiles(config: Config, limits = '/proc/self/limits'): Finding[] {
  if (!existsSync(limits)) return []
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync(limits, 'utf8'))?.[1] ?? 'unlimited'
  return [
    hard !== 'unlimited' && Number(hard) < Math.min(config.maxSockets, fewFiles)
      ? warning(
          'machine.open_files',
          `a process may have ${hard} open files, and MAX_SOCKETS is ${String(config.maxSockets)}`,
          `Raise the limit (LimitNOFILE= of systemd, ulimit -Hn), or lower MAX_SOCKETS`,
        )
      : ok('machine.open_files', `a process may have ${hard} open files`),
  ]
}

/** Who may read them is the affair of what put them there: Docker and Kubernetes have them readable, in a folder that is not. */
export function lookAtSecrets({ secretFiles }: Pick<Config, 'secretFiles'>): Finding[] {
  const files = Object.entries(secretFiles)
  const writable = files.filter(([, file]) => (statSync(file).mode & 0o002) !== 0)
  if (writable.length === 0 && files.length > 0)
    return [ok('settings.files', `from files: ${files.map(([name]) => name).join(', ')}`)]
  return writable.map(([name, file]) =>
    warning(
      'settings.files',
      `everybody on this machine can write ${file}, which ${name}_FILE names, and so say what ${name} is`,
      `chmod o-w ${file}`,
    ),
  )
}

/** The nearest folder on the way to it that is there. */
const existing = (path: string): string => (existsSync(path) || dirname(path) === path ? path : existing(dirname(path)))

export function lookAtDisk(check: string, what: string, path: string): Finding[] {
  const folder = existing(resolve(path))
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const words = `${what} has ${String(Math.round(free / megabyte))} MB free`
  const remedy = `Make room on the disk of ${folder}, or move it to a larger one; docs/runbooks.md, A full disk`
  const findings = [
    free < fullByteSize
      ? error(check, words, remedy)
      : free < lowByteSize
        ? warning(check, words, remedy)
        : ok(check, words),
  ]
  try {
    accessSync(folder, constants.W_OK)
  } catch {
    findings.push(error(`${check}.rights`, `${folder} cannot be written`, 'Give it to the account that runs Parley'))
  }
  return findings
}

/** Null: it is free. Else the code of the error. */
const tryPort = (port: number, host: string): Promise<string | null> =>
  new Promise((done) => {
    const server = createServer()
    server.once('error', (problem: NodeJS.ErrnoException) => {
      done(problem.code ?? 'unknown')
    })
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        done(null)
      })
    })
  })

export async function lookAtPort(check: string, name: string, port: number | null, host: string): Promise<Finding[]> {
  if (port === null || port === 0) return []
  const code = await tryPort(port, host)
  if (code === null) return [ok(check, `port ${String(port)} is free: no server runs there yet`)]
  if (code === 'EADDRINUSE') {
    const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
    const path = name === 'PORT' ? '/health/live' : '/metrics'
    const url = `http://${reached.includes(':') ? `[${reached}]` : reached}:${String(port)}${path}`
    const isOurs = await fetch(url, { signal: AbortSignal.timeout(3_000) }).then(
      async (answer) => answer.ok && (path === '/metrics' || (await answer.text()).includes('"live"')),
      () => false,
    )
    return [
      isOurs
        ? ok(check, `a Parley server answers at port ${String(port)}`)
        : error(check, `port ${String(port)} is taken by another program`, `Stop that, or set ${name} to another port`),
    ]
  }
  if (code === 'EACCES')
    return [error(check, `port ${String(port)} needs more rights`, `Set ${name} to one above 1023, behind a proxy`)]
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return [error(check, `${host} is no address of this machine`, 'Set HOST to 127.0.0.1 or 0.0.0.0, :: for IPv6 too')]
  return [unknown(check, `port ${String(port)} cannot be tried: ${code}`, 'See what keeps it from listening')]
}
