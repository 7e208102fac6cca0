// parley import: exit code 0 when everything is in, 2 when something was skipped, 1 when nothing was done.
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { UnavailableError } from '../domain/errors.ts'
import { invitationDays } from '../domain/sessions/invitation-tokens.ts'
import { formats, ImportError } from './model.ts'
import type { Config } from '../config.ts'
import { openExport, type Opening } from './recognise.ts'
import { toJson, toReport, toSummary, toWrittenSummary } from './report.ts'
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
  source: z.string().min(1).max(200).optional(),
  people: z.string().optional(),
  identities: z.string().optional(),
  invitations: z.string().optional(),
  invitationDays: z.coerce
    .number()
    .int()
    .min(invitationDays.least)
    .max(invitationDays.most)
    .default(invitationDays.usual),
  invitationLink: z.url().optional(),
})

export type FindDatabase = () => Promise<{ config: Config; connectionString: string | null }>

/** Waits until all of it is written: process.exit would cut what a pipe has not taken yet. */
const print = (text: string) =>
  new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()))
  })

/** In pieces of some size: however long it is, only one is in memory. */
async function printAll(pieces: Iterable<string>, put: (text: string) => Promise<unknown>): Promise<void> {
  let waiting = ''
  for (const piece of pieces) {
    waiting += piece
    if (waiting.length < 64 * 1024) continue
    await put(waiting)
    waiting = ''
  }
  await put(`${waiting}\n`)
}

async function writeReport(path: string, pieces: Iterable<string>): Promise<void> {
  const file = await open(path, 'w')
  try {
    await printAll(pieces, (text) => file.writeFile(text))
  } finally {
    await file.close()
  }
}

export async function runImport(path: string, rawOptions: unknown, findDatabase: FindDatabase): Promise<number> {
  const options = optionsSchema.parse(rawOptions)
  const { format, dryRun, json, timeZone, dateOrder, title, kind } = options
  try {
    if (timeZone !== undefined) checkTimeZone(timeZone)
    const told = Object.fromEntries(
      Object.entries({ timeZone, dateOrder, title, kind }).filter(([, value]) => value !== undefined),
    )
    const opening = await openExport({ path, format, ...told })
    try {
      const { imported } = opening
      const written = dryRun ? null : await writeTo(opening, options, findDatabase)
      if (options.report !== undefined) await writeReport(options.report, toReport(imported, written))
      if (json) await printAll(written ? toReport(imported, written) : toJson(imported), print)
      else await print(`${[toSummary(imported), ...(written ? [toWrittenSummary(written)] : [])].join('\n')}\n`)
      return imported.skipped.count + (written?.notKept.count ?? 0) > 0 ? 2 : 0
    } finally {
      await opening.close()
    }
  } catch (error) {
    if (!(error instanceof ImportError) && !(error instanceof UnavailableError)) throw error
    console.error(error.message)
    return 1
  }
}

async function writeTo(opening: Opening, options: z.infer<typeof optionsSchema>, findDatabase: FindDatabase) {
  const { config, connectionString } = await findDatabase()
  if (connectionString === null)
    throw new ImportError('No database: set DATABASE_URL, or start the server first with npm start.')
  const { write } = await import('./writing.ts')
  return write({
    ...{ opening, config, connectionString, source: options.source ?? null, peopleFile: options.people ?? null },
    identitiesFile: options.identities ?? null,
    inviting:
      options.invitations === undefined
        ? null
        : {
            ...{ file: options.invitations, days: options.invitationDays },
            link:
              options.invitationLink ?? (config.publicUrl && `${config.publicUrl.replace(/\/$/, '')}/#/invitation/`),
          },
    onProgress: process.stderr.isTTY ? createProgress((line) => process.stderr.write(line)) : () => undefined,
  })
}

/** One line that is written over: how much, how fast, how long yet. */
function createProgress(put: (line: string) => void) {
  const startedAtMs = performance.now()
  return (done: number, all: number): void => {
    const seconds = Math.max((performance.now() - startedAtMs) / 1000, 0.001)
    const rate = done / seconds
    const filled = all === 0 ? 20 : Math.floor((20 * done) / all)
    const left = rate === 0 ? '?' : Math.ceil((all - done) / rate)
    const bar = '#'.repeat(filled).padEnd(20, '.')
    put(`\r[${bar}] ${done} of ${all}, ${Math.round(rate)}/s, ${left} s left \x1b[K${done === all ? '\n' : ''}`)
  }
}
