import { readFileSync } from 'node:fs'

// The usual values of getconf CLK_TCK and PAGESIZE on Linux.
const tickMs = 10
const pageBytes = 4096

/**
 * Those that a process has started, such as its workers, and theirs.
 * @param {number} pid
 * @returns {number[]}
 */
function descendants(pid) {
  try {
    const own = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'latin1')
      .split(' ')
      .filter(Boolean)
      .map(Number)
    return own.flatMap((child) => [child, ...descendants(child)])
  } catch {
    return []
  }
}

/**
 * Milliseconds of processor time the process and its children have taken; null where there is no /proc.
 * @param {number} pid
 */
function cpuMs(pid) {
  const own = ownCpuMs(pid)
  return own === null ? null : descendants(pid).reduce((sum, child) => sum + (ownCpuMs(child) ?? 0), own)
}

/** @param {number} pid */
function ownCpuMs(pid) {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * tickMs
  } catch {
    return null
  }
}

/**
 * Measures the processor time of a process from now on.
 * @param {number} pid
 * @returns {() => number} milliseconds since this call; 0 where there is no /proc
 */
export function startCpuClock(pid) {
  const beforeMs = cpuMs(pid) ?? 0
  return () => (cpuMs(pid) ?? 0) - beforeMs
}

/**
 * Resident memory; null where there is no /proc.
 * @param {number} pid
 */
export function residentBytes(pid) {
  try {
    return Number(readFileSync(`/proc/${String(pid)}/statm`, 'latin1').split(' ')[1]) * pageBytes
  } catch {
    return null
  }
}
