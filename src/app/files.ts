import { join } from 'node:path'
import type { Config } from '../config.ts'
import { createChecking, type Checking } from '../domain/attachments/checking.ts'
import { createTransfers, type Transfers } from '../domain/attachments/transfers.ts'
import { ownSecret } from '../embedded/own-secret.ts'
import { createFileAddresses } from '../files/addresses.ts'
import { createFolderStore } from '../files/folder-store.ts'
import { FileFolder } from '../files/folder.ts'
import { inspect } from '../files/inspection.ts'
import { isAllowedType, isKnownType, knownTypes } from '../files/media-types.ts'
import { openS3Store } from '../files/s3.ts'
import { createScan } from '../files/scan.ts'
import { servedAs } from '../files/served-as.ts'
import type { FileStore } from '../files/store.ts'
import { StartError } from '../start-error.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Storage } from './storage.ts'

export interface Files {
  store: FileStore
  checking: Checking
  /** Null: bytes come and go without us. */
  transfers: Transfers | null
}

/** Where the bytes of attachments are, and how they come and go. */
export async function openFiles(
  config: Config,
  { attachments }: Pick<Storage, 'attachments'>,
  logger: Logger,
): Promise<Files> {
  const { types, scan, unattachedTtlMs } = config.uploads
  const unknown = types.find((type) => !type.endsWith('/*') && !isKnownType(type))
  if (unknown !== undefined) {
    throw new StartError(
      `UPLOAD_TYPES must be types that can be told by their bytes, but ${unknown} is none. They are: ${knownTypes.join(', ')}.`,
    )
  }
  const addresses = createFileAddresses(config.jwtSecret ?? ownSecret(config.dataDir))
  const folder = new FileFolder(join(config.dataDir, 'attachments'))
  const store = config.s3
    ? await openS3Store({ ...config.s3, folder, unattachedTtlMs, logger })
    : createFolderStore(folder, addresses)
  store.prepare().catch((error: unknown) => {
    const what = config.s3 ? 'the bucket cannot be used' : 'PARLEY_DATA_DIR cannot be written to'
    logger.warn({ err: error, dataDir: config.dataDir, bucket: config.s3?.bucket }, `uploads will fail: ${what}`)
  })
  const checking = createChecking({
    store: attachments,
    files: store,
    inspect: (path, contentType) => inspect(path, contentType, types),
    scan: createScan(scan),
    logger,
  })
  const transfers = config.s3 ? null : createTransfers({ store: attachments, addresses, folder, checking, servedAs })
  return { store, checking, transfers }
}

export const isAllowedIn = (types: readonly string[]) => (essence: string) => isAllowedType(essence, types)
