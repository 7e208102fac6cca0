import { useMemo } from 'react'
import { useChat, useStore } from '../client/context.tsx'
import { useTexts } from '../texts/texts.tsx'

interface Props {
  conversationId: string
  seq: number
  isActive: boolean
  onOpen: () => void
}

/** How many have read the newest own message of a group; who and when is behind it. */
export function ReadCount({ conversationId, seq, isActive, onOpen }: Props) {
  const chat = useChat()
  const { timeline: texts } = useTexts()
  const { members } = useStore(useMemo(() => chat.receipts(conversationId), [chat, conversationId]))
  const count = members.filter(({ lastReadSeq }) => (lastReadSeq ?? 0) >= seq).length
  if (count === 0) return null
  return (
    <button type="button" className="link read-count" tabIndex={isActive ? 0 : -1} onClick={onOpen}>
      {texts.readByCount(count)}
    </button>
  )
}
