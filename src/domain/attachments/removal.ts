import type { FileFolder } from '../../files/folder.ts'
import type { AttachmentStore } from '../../store/attachments.ts'

/** Files that one step removes. */
const batchSize = 100

/**
 * Removes files that were not attached in time, and the bytes of files that are gone. Every process does it; what two do at once is
 * done once.
 */
export async function removeFiles(
  store: AttachmentStore,
  folder: Pick<FileFolder, 'remove' | 'removeAbandoned'>,
  isStopping: () => boolean,
): Promise<void> {
  while (!isStopping() && (await store.dropExpired(batchSize)) === batchSize);
  while (!isStopping()) {
    const files = await store.toRemove(batchSize)
    for (const { id } of files) await folder.remove(id)
    if (files.length > 0) await store.wereRemoved(files.map(({ id }) => id))
    if (files.length < batchSize) break
  }
  await folder.removeAbandoned()
}
