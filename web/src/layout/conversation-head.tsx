import { Link } from 'wouter'
import { usePresenceOf } from '../client/context.tsx'
import type { ConversationState } from '../client/types.ts'
import { titleOf } from '../inbox/titles.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Icon } from '../parts/icons.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'

interface Props {
  conversation: ConversationState | null
  onDetails: () => void
  onPins?: () => void
}

export function ConversationHead({ conversation, onDetails, onPins }: Props) {
  const texts = useTexts()
  const dates = useDates()
  const peer = conversation?.fields.peer ?? null
  const presence = usePresenceOf(peer ? [peer.id] : [])(peer?.id)
  const title = conversation ? titleOf(conversation, texts) : ''
  const line = !conversation
    ? ''
    : presence
      ? presence.status === 'OFFLINE' && presence.lastSeenAt !== null
        ? texts.presence.lastSeen(dates.short(presence.lastSeenAt))
        : texts.presence[presence.status]
      : conversation.fields.kind === 'DIRECT'
        ? ''
        : texts.details.members(conversation.memberCount)
  return (
    <header className="conversation-head">
      <Link href="/" className="icon-button back" aria-label={texts.back}>
        <Icon name="back" />
      </Link>
      {conversation && (
        <>
          <Avatar name={title} url={peer?.avatarUrl} status={presence?.status} small />
          <div className="conversation-title">
            <h1>
              <bdi>{title}</bdi>
            </h1>
            <p className="hint">{line}</p>
          </div>
          {conversation.pins.length > 0 && onPins && (
            <button
              type="button"
              className="icon-button"
              aria-label={texts.timeline.pinnedMessages}
              title={texts.timeline.pinnedMessages}
              onClick={onPins}
            >
              <Icon name="pin" />
            </button>
          )}
          <button
            type="button"
            className="icon-button"
            aria-label={texts.details.open}
            title={texts.details.open}
            onClick={onDetails}
          >
            <Icon name="info" />
          </button>
        </>
      )}
    </header>
  )
}
