import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Whether a process with this pid exists, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function ps(pid: number, column: string): string {
  return spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
}

/** The command line of a live process, '' when there is none. */
export function commandOf(pid: number): string {
  if (!isAlive(pid)) return ''
  if (!existsSync('/proc/self/cmdline')) return ps(pid, 'command')
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

/**
 * A text that no other process has had or will have, also after a reboot: the system reuses pids, so a pid alone does not
 * say who wrote a lock. '' when there is no such process.
 */
export function identityOf(pid: number): string {
  if (!isAlive(pid)) return ''
  if (!existsSync('/proc/self/stat')) return `${pid} ${ps(pid, 'lstart')}`
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, a name in brackets, may hold spaces. The start time is the 20th field after it.
    const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
    return `${pid} ${boot} ${startTicks}`
  } catch {
    return ''
  }
}
