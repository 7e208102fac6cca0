// parley import: exit code 0 when everything is in, 2 when something was skipped, 1 when nothing was done.
import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { formats, ImportError } from './model.ts'
import { readExport } from './recognise.ts'
import { toJson, toReport, toSummary } from './report.ts'
import { checkTimeZone } from './text/times.ts'

const optionsSchema = z.object({
  format: z.enum(['auto', ...formats]),
  dryRun: z.boolean().default(false),
  json: z.boolean().default(false),
  report: z.string().optional(),
  timeZone: z.string().optional(),
  dateOrder: z.enum(['DMY', 'MDY', 'YMD']).optional(),
  title: z.string().optional(),
  kind: z.enum(['DIRECT', 'GROUP', 'SELF']).optional(),
})

/** Waits until all of it is written: process.exit would cut what a pipe has not taken yet. */
const print = (text: string) =>
  new Promise<void>((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => (error ? reject(error) : resolve()))
  })

export async function runImport(path: string, rawOptions: unknown): Promise<number> {
  const { format, dryRun, json, report, timeZone, dateOrder, title, kind } = optionsSchema.parse(rawOptions)
  try {
    if (timeZone !== undefined) checkTimeZone(timeZone)
    const told = Object.fromEntries(
      Object.entries({ timeZone, dateOrder, title, kind }).filter(([, value]) => value !== undefined),
    )
    const imported = await readExport({ path, format, ...told })
    if (!dryRun) throw new ImportError('Only --dry-run is there yet.')
    if (report !== undefined) await writeFile(report, `${JSON.stringify(toReport(imported), null, 2)}\n`)
    await print(json ? JSON.stringify(toJson(imported), null, 2) : toSummary(imported))
    return imported.skipped.length > 0 ? 2 : 0
  } catch (error) {
    if (!(error instanceof ImportError)) throw error
    console.error(error.message)
    return 1
  }
}
