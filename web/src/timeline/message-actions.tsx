import { useChat } from '../client/context.tsx'
import { quickEmoji } from '../parts/emoji.tsx'
import { EmojiButton } from '../parts/emoji-button.tsx'
import { Icon } from '../parts/icons.tsx'
import { Menu } from '../parts/menu.tsx'
import { useTexts } from '../texts/texts.tsx'
import type { MessageItem } from '../client/types.ts'

/** What the timeline does with a message. */
export type MessageUse = 'reply' | 'edit' | 'delete' | 'readBy' | 'thread' | 'showReplied' | 'changeRefused' | 'pin'

interface Props {
  conversationId: string
  item: MessageItem
  isMine: boolean
  onUse: (use: MessageUse, item: MessageItem) => void
}

export function MessageActions({ conversationId, item, isMine, onUse }: Props) {
  const texts = useTexts()
  const { react } = useChat()
  const { message } = item
  const toggle = (emoji: string) => {
    const isOn = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.viewerReacted)
    react(conversationId, message.id, emoji, !isOn)
  }
  const use = (name: MessageUse) => () => onUse(name, item)
  return (
    <div className="message-actions">
      <button
        type="button"
        className="icon-button"
        aria-label={texts.timeline.reply}
        title={texts.timeline.reply}
        onClick={use('reply')}
      >
        <Icon name="reply" size={18} />
      </button>
      <EmojiButton label={texts.timeline.react} emojiLabel={texts.timeline.reactWith} onPick={toggle} />
      <Menu
        label={texts.timeline.actionsOf(isMine ? texts.you : message.sender.displayName)}
        trigger={<Icon name="more" size={18} />}
        items={[
          { text: texts.timeline.reply, onSelect: use('reply') },
          { text: texts.timeline.thread, onSelect: use('thread') },
          { text: texts.timeline.copy, onSelect: () => void navigator.clipboard.writeText(message.text ?? '') },
          { text: texts.timeline.pin, onSelect: use('pin') },
          isMine && { text: texts.timeline.readBy, onSelect: use('readBy') },
          isMine && { text: texts.timeline.edit, onSelect: use('edit') },
          { text: texts.timeline.delete, onSelect: use('delete'), danger: true },
        ]}
        quick={quickEmoji.map((emoji) => ({
          text: emoji,
          label: texts.timeline.reactWith(emoji),
          onSelect: () => toggle(emoji),
        }))}
      />
    </div>
  )
}
