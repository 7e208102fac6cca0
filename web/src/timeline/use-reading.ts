import { useCallback, useEffect, type RefObject } from 'react'
import type { VListHandle } from 'virtua'
import { useChat } from '../client/context.tsx'
import type { ConversationState } from '../client/types.ts'
import type { Row } from './rows.ts'

/** Marks as read what is in the window while the person looks at it. */
export function useReading(conversation: ConversationState, rows: readonly Row[], list: RefObject<VListHandle | null>) {
  const chat = useChat()
  const { id, entry } = conversation
  const lastReadSeq = entry?.lastReadSeq ?? Infinity
  const read = useCallback(() => {
    const handle = list.current
    if (!handle || document.visibilityState !== 'visible' || !document.hasFocus()) return
    const lastAt = handle.findItemIndex(handle.scrollOffset + handle.viewportSize - 1)
    for (let at = Math.min(lastAt, rows.length - 1); at >= 0; at--) {
      const row = rows[at]
      if (row?.kind !== 'message' || row.item.opKey !== null) continue
      if (row.item.message.seq > lastReadSeq) chat.markRead(id, row.item.message.seq)
      return
    }
  }, [chat, id, lastReadSeq, rows, list])
  useEffect(() => {
    // When the list has been laid out.
    const frame = requestAnimationFrame(read)
    window.addEventListener('focus', read)
    document.addEventListener('visibilitychange', read)
    return () => {
      cancelAnimationFrame(frame)
      window.removeEventListener('focus', read)
      document.removeEventListener('visibilitychange', read)
    }
  }, [read])
  return read
}
