import { performance } from 'node:perf_hooks'
import process from 'node:process'

// Both come from the machine's monotonic clock; reading performance.now() makes no bigint.
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Milliseconds on the machine's monotonic clock: comparable between the processes of this machine. */
export const nowMs = () => performance.now() + offsetMs

/** @typedef {{ p50: number, p95: number, p99: number, max: number }} Percentiles */

/**
 * @param {number[] | Float64Array} values in any order
 * @returns {Percentiles | null}
 */
export function percentiles(values) {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).sort()
  const at = (/** @type {number} */ share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted[sorted.length - 1] }
}
