import { useEffect, useMemo, useState } from 'react'
import { useBlockedIds, useChat, useStore, useTimelineView } from '../client/context.tsx'
import type { ConversationState, MessageState } from '../client/types.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Icon } from '../parts/icons.tsx'
import { RichText } from '../parts/rich-text.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'
import { Attachments } from './attachments.tsx'

interface Props {
  conversation: ConversationState
  root: MessageState
  onClose: () => void
  onReply: (to: MessageState) => void
}

/** A message with its answers: those that were found, and those that come. */
export default function Thread({ conversation, root, onClose, onReply }: Props) {
  const chat = useChat()
  const texts = useTexts()
  const { items } = useStore(useTimelineView(conversation.id))
  const [older, setOlder] = useState<readonly MessageState[]>([])
  useEffect(() => {
    chat.replies(root.id).then(setOlder, () => undefined)
  }, [chat, root.id])
  const replies = useMemo(() => {
    // What is in the timeline is newer than what was asked for once.
    const bySeq = new Map(older.map((message) => [message.seq, message]))
    for (const item of items) {
      const isReply = item.kind === 'message' && item.message.replyTo?.seq === root.seq
      if (isReply && item.opKey === null) bySeq.set(item.message.seq, item.message)
    }
    return [...bySeq.values()].sort((one, other) => one.seq - other.seq)
  }, [older, items, root.seq])
  return (
    <aside className="side" aria-label={texts.timeline.thread}>
      <header className="side-head">
        <h2>{texts.timeline.thread}</h2>
        <button type="button" className="icon-button" aria-label={texts.close} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="side-body" tabIndex={0} role="region" aria-label={texts.timeline.thread}>
        <OneMessage message={root} />
        <p className="hint">{texts.timeline.replies(replies.length)}</p>
        {replies.map((message) => (
          <OneMessage key={message.seq} message={message} />
        ))}
      </div>
      <button type="button" className="plain" onClick={() => onReply(root)}>
        {texts.timeline.replyTo(root.sender.displayName)}
      </button>
    </aside>
  )
}

function OneMessage({ message }: { message: MessageState }) {
  const isHidden = useBlockedIds().has(message.sender.id)
  const texts = useTexts()
  const dates = useDates()
  return (
    <article className="thread-message">
      <Avatar name={message.sender.displayName} url={message.sender.avatarUrl} small />
      <div>
        <p>
          <bdi className="sender">{message.sender.displayName}</bdi>{' '}
          <time className="hint" dateTime={message.createdAt}>
            {dates.short(message.createdAt)}
          </time>
        </p>
        {isHidden ? (
          <p className="text deleted">{texts.timeline.blocked}</p>
        ) : message.deletedAt === null ? (
          <>
            <Attachments attachments={message.attachments} />
            <div className="text" dir="auto">
              <RichText text={message.text ?? ''} />
            </div>
          </>
        ) : (
          <p className="text deleted">{texts.timeline.deleted}</p>
        )}
      </div>
    </article>
  )
}
