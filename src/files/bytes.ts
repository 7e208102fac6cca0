// The store of a deployment for who has its settings and no server: the operator's commands.
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createFileAddresses } from './addresses.ts'
import { createFolderStore } from './folder-store.ts'
import { FileFolder } from './folder.ts'
import { openS3Store } from './s3.ts'
import type { FileStore } from './store.ts'

export interface OwnFiles {
  store: FileStore
  /** Where bytes are while they are looked at. */
  folder: FileFolder
}

export async function openOwnFiles(
  config: Pick<Config, 'dataDir' | 's3' | 'uploads'>,
  logger: Logger,
): Promise<OwnFiles> {
  const folder = new FileFolder(join(config.dataDir, 'attachments'))
  const { unattachedTtlMs } = config.uploads
  const store = config.s3
    ? await openS3Store({ ...config.s3, folder, unattachedTtlMs, logger })
    : // Nobody outside gets an address from us.
      createFolderStore(folder, createFileAddresses('-'))
  return { store, folder }
}
