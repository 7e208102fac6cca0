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
import { writeIdentities, writeInvitations, type Inviting } from './writer/invitations.ts'
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
  /** A JSON file: issuer, and subjects of the embedding product by the source's keys, handles or e-mail addresses. */
  identitiesFile: string | null
  /** Where invitations of those who have no way in are written to. */
  inviting: Inviting | null
  onProgress: (done: number, all: number) => void
}

const identitiesShape = z.object({ issuer: z.string().min(1), subjects: z.record(z.string(), z.string().min(1)) })

async function identitiesFrom(path: string) {
  try {
    const { issuer, subjects } = identitiesShape.parse(JSON.parse(await readFile(path, 'utf8')))
    return { issuer, subjects: new Map(Object.entries(subjects)) }
  } catch (cause) {
    throw new ImportError(`${path} is no JSON object with an issuer and subjects: ${(cause as Error).message}`, {
      cause,
    })
  }
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
  const identities = request.identitiesFile === null ? null : await identitiesFrom(request.identitiesFile)
  const source = request.source ?? opening.imported.origin ?? opening.imported.format
  const db = await connect(request.connectionString)
  const { store, folder } = await openOwnFiles(config, createLogger('silent'))
  try {
    const { types, scan, maxByteSize } = config.uploads
    const written = await writeImport(opening.imported, {
      ...{ db, mapping, onProgress: request.onProgress },
      source,
      prepareFile: createFileWriting({
        ...{ db, source: opening.source, maxByteSize, folder, store, scan: createScan(scan) },
        inspect: (path, contentType) => inspect(path, contentType, types),
      }),
    })
    const { users } = opening.imported
    if (identities) written.identitiesMade = await writeIdentities(db, source, users, identities)
    if (request.inviting) written.invitationsMade = await writeInvitations(db, source, users, request.inviting)
    return written
  } finally {
    store.close()
    await db.close()
  }
}
