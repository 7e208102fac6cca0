import { join } from 'node:path'
import type { Config } from '../config.ts'
import { createTransfers, type Transfers } from '../domain/attachments/transfers.ts'
import { ownSecret } from '../embedded/own-secret.ts'
import { createFileAddresses, type FileAddresses } from '../files/addresses.ts'
import { FileFolder } from '../files/folder.ts'
import { inspect } from '../files/inspection.ts'
import { isAllowedType, isKnownType, knownTypes, servedAs } from '../files/media-types.ts'
import { createScan } from '../files/scan.ts'
import { StartError } from '../start-error.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Storage } from './storage.ts'

export interface Files {
  addresses: FileAddresses
  folder: FileFolder
  transfers: Transfers
}

/** Where the bytes of attachments are, and how they come and go. */
export function openFiles(config: Config, { attachments: store }: Storage, logger: Logger): Files {
  const { types } = config.uploads
  const unknown = types.find((type) => !type.endsWith('/*') && !isKnownType(type))
  if (unknown !== undefined) {
    throw new StartError(
      `UPLOAD_TYPES must be types that can be told by their bytes, but ${unknown} is none. They are: ${knownTypes.join(', ')}.`,
    )
  }
  const addresses = createFileAddresses(config.jwtSecret ?? ownSecret(config.dataDir))
  const folder = new FileFolder(join(config.dataDir, 'attachments'))
  folder.prepare().catch((error: unknown) => {
    logger.warn({ err: error, dataDir: config.dataDir }, 'uploads will fail: PARLEY_DATA_DIR cannot be written to')
  })
  const transfers = createTransfers({
    store,
    addresses,
    folder,
    inspect: (path, contentType) => inspect(path, contentType, types),
    scan: createScan(config.uploads.scan),
    logger,
    servedAs,
  })
  return { addresses, folder, transfers }
}

export const isAllowedIn = (types: readonly string[]) => (essence: string) => isAllowedType(essence, types)
