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
  // A link appears whole and to one process only, so whoever made it has the folder.
  while (!tryLink(draft, lock)) {
    const holder = readIfThere(lock)
    if (holder === null) continue
    const holderPid = Number(holder.split(' ')[0])
    if (identityOf(holderPid) === holder) {
      throw new StartError(
        `The data folder ${dataDir} is in use by process ${holderPid}. Stop that one, or set PARLEY_DATA_DIR to another folder.`,
      )
    }
    // Left by a process that was killed. Two processes may clear it away at once, and the later one would take the
    // fresh lock of the earlier one with it: it looks at what it took, and puts that back.
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

/** As mkdir -p. Not Node's own `recursive`, which never returns where the parent refuses new folders (/proc, say). */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  if (dirname(path) !== path) makeFolder(dirname(path))
  try {
    // Others may pass through (PostgreSQL runs as another account under root) but not list it.
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
