import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { StartError } from '../start-error.ts'
import { identityOf } from './process-identity.ts'

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function takeLock(dataDir: string, lock: string, draft: string): void {
  const mine = identityOf(process.pid)
  writeFileSync(draft, mine, { mode: 0o644 })
  // link() makes the file whole, and succeeds for one process only: that process has the folder.
  while (!tryLink(draft, lock)) {
    const holder = readIfThere(lock)
    if (holder === null) continue
    const holderPid = Number(holder.split(' ')[0])
    if (identityOf(holderPid) === holder) {
      throw new StartError(
        `The data folder ${dataDir} is in use by process ${holderPid}. Stop that one, or set PARLEY_DATA_DIR to another folder.`,
      )
    }
    // The lock of a process that was killed. Two processes may remove it at once, and the later one would remove the fresh
    // lock of the earlier one too. So it looks at the file that it took, and puts a fresh one back.
    const taken = `${lock}.${process.pid}.stale`
    try {
      renameSync(lock, taken)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw error
    }
    if (readIfThere(taken) !== holder) tryLink(taken, lock)
    rmSync(taken, { force: true })
  }
}

/** Like mkdir -p. Not Node's own `recursive`, which never returns where the parent refuses new folders (/proc, say). */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  try {
    // Other accounts may pass through (under root PostgreSQL runs as another account) but not list it.
    mkdirSync(path, { mode: 0o711 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Makes the data folder and takes it for this process. Returns the function that gives it back. */
export function claimDataFolder(dataDir: string): () => void {
  const lock = join(dataDir, 'lock')
  const draft = `${lock}.${process.pid}`
  try {
    makeFolder(dataDir)
    try {
      takeLock(dataDir, lock, draft)
    } finally {
      rmSync(draft, { force: true })
    }
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`The data folder ${dataDir} cannot be used: ${(error as Error).message}.`)
  }
  return () => rmSync(lock, { force: true })
}
