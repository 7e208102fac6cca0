import { useChat } from '../client/context.tsx'
import type { MessageState } from '../client/types.ts'
import { useTexts } from '../texts/texts.tsx'

interface Props {
  conversationId: string
  message: MessageState
  isActive: boolean
}

export function Reactions({ conversationId, message, isActive }: Props) {
  const texts = useTexts()
  const { react } = useChat()
  return (
    <div className="reactions" role="group" aria-label={texts.timeline.reactions}>
      {message.reactions.map(({ emoji, count, viewerReacted }) => (
        <button
          key={emoji}
          type="button"
          className="reaction"
          tabIndex={isActive ? 0 : -1}
          aria-pressed={viewerReacted}
          onClick={() => react(conversationId, message.id, emoji, !viewerReacted)}
        >
          {emoji} {count}
          <span className="hidden-text"> {texts.timeline.reacted(emoji, count)}</span>
        </button>
      ))}
    </div>
  )
}
