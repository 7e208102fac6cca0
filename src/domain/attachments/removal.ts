import type { FileStore } from '../../files/store.ts'
import type { AttachmentStore } from '../../store/attachments.ts'

const expiredBatchSize = 100
/** Files whose bytes are removed at once. */
const batchSize = 8

/**
 * Removes files that were not attached in time, and the bytes of files that are gone. Every process does it; what two do at once is
 * done once. Rejects when bytes could not be removed: that is noted, and the next round tries again.
 */
export async function removeFiles(
  store: AttachmentStore,
  files: Pick<FileStore, 'remove' | 'removeAbandoned'>,
  isStopping: () => boolean,
): Promise<void> {
  while (!isStopping() && (await store.dropExpired(expiredBatchSize)) === expiredBatchSize);
  while (!isStopping()) {
    const removed = await store.toRemove(batchSize)
    const ends = await Promise.allSettled(removed.map(({ id }) => files.remove(id)))
    const done = removed.filter((_, index) => ends[index]?.status === 'fulfilled')
    if (done.length > 0) await store.wereRemoved(done.map(({ id }) => id))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    if (removed.length < batchSize) break
  }
  if (!isStopping()) await files.removeAbandoned()
}
