import { spawnSync, type SpawnOptions } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { StartError } from '../start-error.ts'

/** How to start PostgreSQL's programs: what to put before the command, and the account to start it as. */
export interface RunAs {
  prefix: string[]
  options: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd'>
  /** The account that has to own PostgreSQL's files; null when it is our own. */
  owner: { uid: number; gid: number } | null
}

function findAccount(): { name: string; uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const wanted of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${wanted}:`))?.split(':')
    if (fields) return { name: wanted, uid: Number(fields[2]), gid: Number(fields[3]) }
  }
  throw new StartError(
    'PostgreSQL does not run as root, and there is no account postgres or nobody. Start as another user, or set DATABASE_URL.',
  )
}

/** A cluster that another user made stays that user's: PostgreSQL insists on owning its files. */
function ownerOf(cluster: string): { name: string; uid: number; gid: number } | null {
  if (!existsSync(cluster)) return null
  const { uid, gid } = statSync(cluster)
  return { name: `with uid ${uid}`, uid, gid }
}

/**
 * PostgreSQL refuses to run as root. It then runs as another account. If that account cannot reach the paths (a clone under
 * root's home, say), it also gets the right to ignore file permissions.
 */
export function runAs(binary: string, dataDir: string, cluster: string): RunAs {
  // Not our working directory: the other account may have no access to it.
  const cwd = '/'
  if (process.getuid?.() !== 0) return { prefix: [], options: { cwd }, owner: null }

  const { name, uid, gid } = ownerOf(cluster) ?? findAccount()
  const owner = { uid, gid }
  const probe = ['-c', 'test -x "$1" && test -x "$2"', 'sh', binary, dataDir]
  if (spawnSync('sh', probe, { uid, gid, cwd }).status === 0) return { prefix: [], options: { uid, gid, cwd }, owner }

  const capabilities = '+dac_override,+dac_read_search'
  const prefix = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    `--inh-caps=${capabilities}`,
    `--ambient-caps=${capabilities}`,
    // Without it access(2), which PostgreSQL asks about its own programs, does not count the capabilities.
    '--securebits=+no_setuid_fixup',
  ]
  if (spawnSync('setpriv', [...prefix.slice(1), 'true'], { cwd }).status === 0)
    return { prefix, options: { cwd }, owner }
  throw new StartError(
    `PostgreSQL does not run as root, and the account ${name} cannot reach ${dataDir}. Move the project out of the private folder, start as another user, or set DATABASE_URL.`,
  )
}
