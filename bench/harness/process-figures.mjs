import { readFileSync } from 'node:fs'

// The usual values of getconf CLK_TCK and PAGESIZE on Linux.
const tickMs = 10
const pageBytes = 4096

/**
 * Milliseconds of processor time the process has taken; null where there is no /proc.
 * @param {number} pid
 */
function cpuMs(pid) {
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
