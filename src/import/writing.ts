// The import itself: the export is read, and what was read is written, with the source open for the bytes of its files.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { openOwnFiles } from '../files/bytes.ts'
import { inspect } from '../files/inspection.ts'
import { createScan } from '../files/scan.ts'
import { createLogger } from '../telemetry/logger.ts'
import { ImportError } from './model.ts'
import type { Opening } from './recognise.ts'
import { connect } from './writer/database.ts'
import { createFileWriting } from './writer/files.ts'
import type { WriteResult } from './writer/options.ts'
import { writeImport } from './writer/writer.ts'

export interface WriteRequest {
  opening: Opening
  connectionString: string
  config: Pick<Config, 'dataDir' | 'uploads' | 's3'>
  /** Which of several sources of one format. Null: as the export itself says. */
  source: string | null
  /** A JSON file: handles here by the source's keys, handles or e-mail addresses. */
  peopleFile: string | null
  onProgress: (done: number, all: number) => void
}

async function mappingFrom(path: string | null): Promise<ReadonlyMap<string, string>> {
  if (path === null) return new Map()
  try {
    return new Map(Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(await readFile(path, 'utf8')))))
  } catch (cause) {
    throw new ImportError(`${path} is no JSON object of handles by keys: ${(cause as Error).message}`, { cause })
  }
}

export async function write({ opening, config, ...request }: WriteRequest): Promise<WriteResult> {
  const mapping = await mappingFrom(request.peopleFile)
  const db = await connect(request.connectionString)
  const { store, folder } = await openOwnFiles(config, createLogger('silent'))
  try {
    const { types, scan, maxByteSize } = config.uploads
    return await writeImport(opening.imported, {
      ...{ db, mapping, onProgress: request.onProgress },
      source: request.source ?? opening.imported.origin ?? opening.imported.format,
      prepareFile: createFileWriting({
        ...{ db, source: opening.source, maxByteSize, folder, store, scan: createScan(scan) },
        inspect: (path, contentType) => inspect(path, contentType, types),
      }),
    })
  } finally {
    store.close()
    await db.close()
  }
}
