import { memo } from 'react'
import { Link } from 'wouter'
import type { ConversationState, PresenceState } from '../client/types.ts'
import { useBlockedIds, useChat } from '../client/context.tsx'
import { Avatar } from '../parts/avatar.tsx'
import { Icon } from '../parts/icons.tsx'
import { Menu } from '../parts/menu.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'
import { conversationPath } from '../layout/paths.ts'
import { isMuted, titleOf } from './titles.ts'

interface Props {
  conversation: ConversationState
  presence: PresenceState | null
  isOpen: boolean
  draft: string | undefined
}

/** Ten years from now: until the person says otherwise. */
const mutedMs = 10 * 365 * 86_400_000

export const InboxRow = memo(function InboxRow({ conversation, presence, isOpen, draft }: Props) {
  const chat = useChat()
  const texts = useTexts()
  const dates = useDates()
  const { id, entry, fields, lastMessage } = conversation
  const title = titleOf(conversation, texts)
  const { peer } = fields
  const blocked = useBlockedIds()
  const isBlocked = peer !== null && blocked.has(peer.id)
  const unread = entry?.unreadCount ?? 0
  const mentions = entry?.unreadMentionCount ?? 0
  const muted = isMuted(conversation)
  const update = (change: Parameters<typeof chat.updateEntry>[1]) => chat.attempt(chat.updateEntry(id, change))
  return (
    <li className={isOpen ? 'row open' : 'row'}>
      <Link href={conversationPath(id)} className="row-link" aria-current={isOpen ? 'page' : undefined}>
        <Avatar name={title} url={fields.peer?.avatarUrl} status={presence?.status} />
        <span className="row-text">
          <span className="row-top">
            <bdi className="row-title">{title}</bdi>
            {entry?.pinned && (
              <span className="row-mark" title={texts.inbox.pinned}>
                <Icon name="pin" size={14} />
                <span className="hidden-text">{texts.inbox.pinned}</span>
              </span>
            )}
            {muted && (
              <span className="row-mark" title={texts.inbox.muted}>
                <Icon name="mute" size={14} />
                <span className="hidden-text">{texts.inbox.muted}</span>
              </span>
            )}
            <time className="row-time" dateTime={conversation.lastActivityAt}>
              {dates.short(conversation.lastActivityAt)}
            </time>
          </span>
          <span className="row-bottom">
            {draft ? (
              <span className="row-preview">
                <em className="preview-who error">{texts.inbox.draft}&nbsp;</em>
                <bdi className="preview-text">{draft}</bdi>
              </span>
            ) : (
              <span className="row-preview">
                <Preview
                  conversation={conversation}
                  message={lastMessage}
                  isHidden={lastMessage !== null && blocked.has(lastMessage.sender.id)}
                />
              </span>
            )}
            {mentions > 0 && (
              <span className="badge mention-badge">
                <span aria-hidden="true">@</span>
                <span className="hidden-text">{texts.inbox.mentions(mentions)}</span>
              </span>
            )}
            {unread > 0 && (
              <span className={muted ? 'badge muted' : 'badge'}>
                <span aria-hidden="true">{unread > 999 ? '999+' : unread}</span>
                <span className="hidden-text">{texts.inbox.unread(unread)}</span>
              </span>
            )}
          </span>
        </span>
      </Link>
      {entry && (
        <Menu
          label={texts.inbox.menuOf(title)}
          trigger={<Icon name="more" />}
          items={[
            {
              text: entry.pinned ? texts.inbox.unpin : texts.inbox.pin,
              onSelect: () => update({ pinned: !entry.pinned }),
            },
            {
              text: entry.archived ? texts.inbox.unarchive : texts.inbox.archive,
              onSelect: () => update({ archived: !entry.archived }),
            },
            {
              text: muted ? texts.inbox.unmute : texts.inbox.mute,
              onSelect: () => update({ mutedUntil: muted ? null : new Date(Date.now() + mutedMs).toISOString() }),
            },
            unread === 0 &&
              conversation.headSeq > entry.historyFromSeq && {
                text: texts.inbox.markUnread,
                onSelect: () => update({ unreadFromSeq: conversation.headSeq }),
              },
            { text: texts.inbox.hide, onSelect: () => chat.attempt(chat.hide(id, conversation.headSeq)) },
            peer !== null && {
              text: isBlocked ? texts.blocks.unblock(title) : texts.blocks.block(title),
              onSelect: () => chat.attempt(chat.block(peer.id, !isBlocked)),
              danger: !isBlocked,
            },
          ]}
        />
      )}
    </li>
  )
})

interface PreviewProps {
  conversation: ConversationState
  message: ConversationState['lastMessage']
  /** Of a person whom the viewer has blocked. */
  isHidden: boolean
}

function Preview({ conversation, message, isHidden }: PreviewProps) {
  const texts = useTexts()
  const { viewerId } = useChat()
  if (!message) return texts.inbox.noMessages
  if (message.deletedAt !== null) return <em>{texts.inbox.deleted}</em>
  const isDirect = conversation.fields.kind === 'DIRECT'
  if (isHidden && !isDirect) return <em>{texts.timeline.blocked}</em>
  const mine = message.sender.id === viewerId
  const who = mine ? texts.you : isDirect ? null : message.sender.displayName
  return (
    <>
      {who !== null && (
        <span className="preview-who">
          <bdi>{who}</bdi>:&nbsp;
        </span>
      )}
      <bdi className="preview-text">{message.text || texts.inbox.attachment}</bdi>
    </>
  )
}
