import DataLoader from 'dataloader'
import { oncePerTurn } from '../../flow/turn.ts'
import type { ConversationStore, EntryKey, ViewerHead } from '../../store/conversations.ts'
import type { EntryRow } from '../../store/rows.ts'

const maxBatchSize = 500

interface Read {
  entry: EntryRow | null
  viewerHead: ViewerHead | undefined
}

/**
 * Reads entries for all requests of a turn of the event loop in one statement: many members who read a message at once get
 * their entries at once. Nothing is cached, so each request sees everything that was there when it began.
 */
export function gatherEntries(conversations: Pick<ConversationStore, 'entries'>): ConversationStore['entries'] {
  const loader = new DataLoader<EntryKey, Read>(
    async (keys) => {
      const { entries, viewerHeads } = await conversations.entries(keys)
      return entries.map((entry, index) => ({
        entry,
        viewerHead: viewerHeads.get(keys[index]?.viewerId ?? ''),
      }))
    },
    { cache: false, maxBatchSize, batchScheduleFn: oncePerTurn },
  )
  return async (keys) => {
    const read = await Promise.all(keys.map((key) => loader.load(key)))
    const viewerHeads = new Map<string, ViewerHead>()
    for (const [index, { viewerHead }] of read.entries()) {
      const viewerId = keys[index]?.viewerId
      if (viewerId === undefined || viewerHead === undefined) continue
      // The least, if the keys went in two statements.
      const known = viewerHeads.get(viewerId)
      if (!known || viewerHead.headEventSeq < known.headEventSeq) viewerHeads.set(viewerId, viewerHead)
    }
    return { entries: read.map(({ entry }) => entry), viewerHeads }
  }
}
