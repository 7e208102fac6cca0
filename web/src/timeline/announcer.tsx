import { useEffect, useRef, useState } from 'react'
import type { TimelineItem } from '../client/types.ts'
import { useTexts } from '../texts/texts.tsx'

interface Props {
  items: readonly TimelineItem[]
  viewerId: string
  /** Whose messages are not read out. */
  blocked: ReadonlySet<string>
}

/** Tells a screen reader of what comes while one is here. The list itself cannot: it renders old messages anew. */
export function Announcer({ items, viewerId, blocked }: Props) {
  const texts = useTexts()
  const [text, setText] = useState('')
  const toldSeq = useRef<number | null>(null)
  const last = items.findLast((item) => item.kind === 'message' && item.opKey === null)
  const message = last?.kind === 'message' ? last.message : null
  useEffect(() => {
    if (!message) return
    const isNew = toldSeq.current !== null && message.seq > toldSeq.current
    toldSeq.current = Math.max(toldSeq.current ?? 0, message.seq)
    if (isNew && message.sender.id !== viewerId && !blocked.has(message.sender.id)) {
      setText(texts.timeline.newMessageOf(message.sender.displayName, message.text || texts.inbox.attachment))
    }
  }, [message, viewerId, blocked, texts])
  return (
    <p className="hidden-text" role="status" aria-live="polite">
      {text}
    </p>
  )
}
