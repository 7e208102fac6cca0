import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import process from 'node:process'

/** Writes the results of a run, and prints where. */
export function writeReport(file, report, mode) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  console.log(`\n${mode} run, ${String(report.tookS)} s. Results: ${relative(process.cwd(), file)}`)
}
