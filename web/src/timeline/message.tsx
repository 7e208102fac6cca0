import { memo, useState } from 'react'
import { useChat } from '../client/context.tsx'
import { Avatar } from '../parts/avatar.tsx'
import { RichText } from '../parts/rich-text.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'
import { Attachments } from './attachments.tsx'
import { MessageActions, type MessageUse } from './message-actions.tsx'
import { ReadCount } from './read-count.tsx'
import { Reactions } from './reactions.tsx'
import type { MessageItem } from '../client/types.ts'
import { Ticks } from './ticks.tsx'

interface Props {
  conversationId: string
  item: MessageItem
  continues: boolean
  isGroup: boolean
  /** Its actions are shown. */
  isActive: boolean
  isFound: boolean
  /** Of a person whom the viewer has blocked: shown when the viewer asks for it. */
  isBlocked: boolean
  isQuoteBlocked: boolean
  /** The viewer's newest one in a group: it says how many have read it. */
  isLastOwn: boolean
  onActive: (key: string | null) => void
  onUse: (use: MessageUse, item: MessageItem) => void
}

export const Message = memo(function Message(props: Props) {
  const {
    conversationId,
    item,
    continues,
    isGroup,
    isActive,
    isFound,
    isBlocked,
    isQuoteBlocked,
    isLastOwn,
    onActive,
    onUse,
  } = props
  const { viewerId, retry, drop } = useChat()
  const texts = useTexts()
  const dates = useDates()
  const { message, delivery, reason, opKey, key, replyTo: repliedTo } = item
  const isMine = message.sender.id === viewerId
  const isDeleted = message.deletedAt !== null
  const [isShown, setIsShown] = useState(false)
  const isHidden = isBlocked && !isShown
  const classes = ['message', isMine && 'mine', continues && 'continues', isFound && 'found', isActive && 'active']
  const handles = message.mentions.map(({ handle }) => handle)
  return (
    <article
      className={classes.filter(Boolean).join(' ')}
      tabIndex={-1}
      data-seq={opKey === null ? message.seq : undefined}
      aria-label={`${isMine ? texts.you : message.sender.displayName}, ${dates.time(message.createdAt)}`}
      onFocus={() => onActive(key)}
      onPointerEnter={() => onActive(key)}
    >
      {isGroup &&
        !isMine &&
        (continues ? (
          <span className="avatar-space" />
        ) : (
          <Avatar name={message.sender.displayName} url={message.sender.avatarUrl} small />
        ))}
      <div className="message-body">
        <div className="bubble">
          {isGroup && !isMine && !continues && <bdi className="sender">{message.sender.displayName}</bdi>}
          {repliedTo && !isHidden && (
            <button
              type="button"
              className="quote"
              tabIndex={isActive ? 0 : -1}
              onClick={() => onUse('showReplied', item)}
            >
              <bdi className="sender">{repliedTo.sender.displayName}</bdi>
              <span className="quote-text" dir="auto">
                {isQuoteBlocked
                  ? texts.timeline.blocked
                  : repliedTo.deletedAt === null
                    ? repliedTo.text || texts.inbox.attachment
                    : texts.inbox.deleted}
              </span>
            </button>
          )}
          {isHidden ? (
            <p className="text deleted">
              {texts.timeline.blocked}{' '}
              <button type="button" className="link" tabIndex={isActive ? 0 : -1} onClick={() => setIsShown(true)}>
                {texts.timeline.showBlocked}
              </button>
            </p>
          ) : isDeleted ? (
            <p className="text deleted">{texts.timeline.deleted}</p>
          ) : (
            <>
              <Attachments attachments={message.attachments} />
              {message.text && (
                <div className="text" dir="auto">
                  <RichText text={message.text} handles={handles} />
                </div>
              )}
            </>
          )}
          <span className="meta">
            {message.editedAt !== null && !isDeleted && (
              <span title={dates.full(message.editedAt)}>{texts.timeline.edited} </span>
            )}
            <time dateTime={message.createdAt} title={dates.full(message.createdAt)}>
              {dates.time(message.createdAt)}
            </time>
            {delivery && !isDeleted && <Ticks delivery={delivery} />}
          </span>
        </div>
        {delivery === 'REFUSED' && opKey !== null && (
          <div className="refused" role="alert">
            <span>
              {texts.timeline.refused} {reason}
            </span>
            <button type="button" className="link" onClick={() => retry(opKey)}>
              {texts.timeline.resend}
            </button>
            <button type="button" className="link" onClick={() => onUse('changeRefused', item)}>
              {texts.timeline.editRefused}
            </button>
            <button type="button" className="link" onClick={() => drop(opKey)}>
              {texts.timeline.drop}
            </button>
          </div>
        )}
        {isLastOwn && !isDeleted && (
          <ReadCount
            conversationId={conversationId}
            seq={message.seq}
            isActive={isActive}
            onOpen={() => onUse('readBy', item)}
          />
        )}
        {message.reactions.length > 0 && !isDeleted && !isHidden && (
          <Reactions conversationId={conversationId} message={message} isActive={isActive} />
        )}
        {message.replyCount > 0 && (
          <button
            type="button"
            className="link thread-link"
            tabIndex={isActive ? 0 : -1}
            onClick={() => onUse('thread', item)}
          >
            {texts.timeline.replies(message.replyCount)}
          </button>
        )}
      </div>
      {isActive && !isDeleted && !isHidden && opKey === null && (
        <MessageActions conversationId={conversationId} item={item} isMine={isMine} onUse={onUse} />
      )}
    </article>
  )
})
