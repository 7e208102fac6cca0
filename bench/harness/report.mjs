import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import process from 'node:process'

/**
 * The results of a run that ends now.
 * @template Found
 * @param {number} startedAt milliseconds since 1970
 * @param {Found} found
 */
export const reportOf = (startedAt, found) => ({
  at: new Date(startedAt).toISOString(),
  tookS: Math.round((Date.now() - startedAt) / 1000),
  ...found,
})

/** Writes the results of a run, and prints where. */
export function writeReport(file, report, mode) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  console.log(`\n${mode} run, ${String(report.tookS)} s. Results: ${relative(process.cwd(), file)}`)
}
