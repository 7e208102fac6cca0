import { useEffect, useState } from 'react'
import { useChat } from '../client/context.tsx'
import type { PinnedMessage } from '../client/requests.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'

interface Props {
  conversationId: string
  onPick: (seq: number) => void
  onClose: () => void
}

/** The pinned messages of a conversation, to jump to. */
export default function Pins({ conversationId, onPick, onClose }: Props) {
  const chat = useChat()
  const texts = useTexts()
  const dates = useDates()
  const [messages, setMessages] = useState<readonly PinnedMessage[] | null>(null)
  const [error, setError] = useState<string | null>(null)
  useEffect(() => {
    chat.pinned(conversationId).then(setMessages, () => setError(texts.somethingWrong))
  }, [chat, conversationId, texts])
  return (
    <Dialog title={texts.timeline.pinnedMessages} onClose={onClose}>
      {(error !== null || !messages?.length) && (
        <p className="hint" role="status">
          {error ?? (messages === null ? texts.loading : texts.timeline.noPins)}
        </p>
      )}
      <ul className="people">
        {messages?.map(({ id, seq, sender, text, createdAt }) => (
          <li key={id}>
            <button
              type="button"
              className="person"
              onClick={() => {
                onPick(seq)
                onClose()
              }}
            >
              <Avatar name={sender.displayName} url={sender.avatarUrl} small />
              <span className="person-name">
                <bdi className="sender">{sender.displayName}</bdi>
                <bdi className="quote-text">{text || texts.inbox.attachment}</bdi>
              </span>
              <time className="hint" dateTime={createdAt}>
                {dates.short(createdAt)}
              </time>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
