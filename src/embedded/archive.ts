import { chownSync, mkdirSync } from 'node:fs'
import { StartError } from '../start-error.ts'

export interface WalArchive {
  dir: string
  /** How much of the log may be on the one disk only. */
  timeoutSeconds: number
}

/** For a shell, and then for PostgreSQL, which reads % itself. */
export const quoted = (path: string) => `'${path.replaceAll("'", `'\\''`).replaceAll('%', '%%')}'`

/**
 * The arguments with which PostgreSQL copies each finished file of its write-ahead log. A file appears whole or not at all, and is on
 * the disk when it does. One that is there already is fine when it is the same: the copy may have been made just before a crash.
 */
export function archiveSettings(
  { dir, timeoutSeconds }: WalArchive,
  owner: { uid: number; gid: number } | null,
): string[] {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (owner) chownSync(dir, owner.uid, owner.gid)
  } catch (error) {
    throw new StartError(`WAL_ARCHIVE_DIR ${dir} cannot be used: ${(error as Error).message}.`)
  }
  const [target, draft] = [`${quoted(dir)}/%f`, `${quoted(dir)}/%f.part`]
  const copy = `cp %p ${draft} && sync ${draft} && mv ${draft} ${target}`
  const settings = {
    archive_mode: 'on',
    archive_timeout: String(timeoutSeconds),
    archive_command: `if test -f ${target}; then cmp -s %p ${target}; else ${copy}; fi`,
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
