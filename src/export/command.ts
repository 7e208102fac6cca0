// parley export: exit code 0 when everything is in, 2 when something is not, 1 when nothing was done.
import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { UnavailableError } from '../domain/errors.ts'
import { openOwnFiles } from '../files/bytes.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { Exporting } from './attachments.ts'
import { ExportError } from './error.ts'
import { OutFolder } from './folder.ts'
import { writeMattermost, version as mattermostVersion } from './mattermost.ts'
import { version as parleyVersion, writeParley } from './parley.ts'
import { noTotals, toSummary, type ExportReport } from './report.ts'
import { scopeOf, type Scope } from './scope.ts'
import { openSnapshot } from './snapshot.ts'

const optionsSchema = z.object({
  all: z.boolean().default(false),
  user: z.string().min(1).optional(),
  conversation: z.string().min(1).optional(),
  out: z.string().min(1),
  format: z.enum(['parley', 'mattermost']).default('parley'),
  team: z.string().default('parley'),
  json: z.boolean().default(false),
  report: z.string().optional(),
})

type Options = z.infer<typeof optionsSchema>
type FindDatabase = () => Promise<{ config: Config; connectionString: string | null }>

const print = (text: string) =>
  new Promise<void>((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => (error ? reject(error) : resolve()))
  })

export async function runExport(rawOptions: unknown, findDatabase: FindDatabase): Promise<number> {
  const options = optionsSchema.parse(rawOptions)
  try {
    const report = await exportAll(options, findDatabase)
    if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`)
    await print(options.json ? JSON.stringify(report, null, 2) : toSummary(report))
    return report.notExported.length > 0 ? 2 : 0
  } catch (error) {
    if (!(error instanceof ExportError) && !(error instanceof UnavailableError)) throw error
    console.error(error.message)
    return 1
  }
}

const shown = (scope: Scope) => (scope.kind === 'all' ? 'all' : `${scope.kind} ${scope.id}`)

async function exportAll(options: Options, findDatabase: FindDatabase): Promise<ExportReport> {
  const { config, connectionString } = await findDatabase()
  if (connectionString === null)
    throw new ExportError('No database: set DATABASE_URL, or start the server first with npm start.')
  if (options.format === 'mattermost' && !/^[a-z][a-z0-9-]{1,63}$/.test(options.team))
    throw new ExportError('--team is a name of 2 to 64 of a-z, 0-9 and -, which begins with a letter.')
  const snapshot = await openSnapshot(connectionString)
  try {
    const scope = await scopeOf(snapshot, options)
    const out = await OutFolder.open(options.out)
    const { store } = await openOwnFiles(config, createLogger('silent'))
    const exporting: Exporting = { out, files: store, totals: noTotals(), notExported: [] }
    const version = options.format === 'mattermost' ? mattermostVersion : parleyVersion
    try {
      if (options.format === 'mattermost') await writeMattermost(snapshot, scope, exporting, options.team)
      else await writeParley(snapshot, scope, exporting)
    } finally {
      store.close()
    }
    const { takenAt } = snapshot
    const { totals: counts, notExported } = exporting
    await out.endChecksums()
    const { kind, id } = scope
    const manifest = {
      format: options.format,
      version,
      scope: { kind, id },
      takenAt,
      counts,
      files: out.files,
      notExported,
    }
    await out.manifest(`${JSON.stringify(manifest, null, 2)}\n`)
    return { format: options.format, version, scope: shown(scope), takenAt, out: options.out, counts, notExported }
  } finally {
    await snapshot.close()
  }
}
