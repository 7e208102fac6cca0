import { useStore, useTypingOf } from '../client/context.tsx'
import { useTexts } from '../texts/texts.tsx'

export function TypingLine({ conversationId }: { conversationId: string }) {
  const { timeline } = useTexts()
  const users = useStore(useTypingOf(conversationId))
  const [one, two] = users
  const text =
    one === undefined
      ? ''
      : two === undefined
        ? timeline.typingOne(one.displayName)
        : users.length === 2
          ? timeline.typingTwo(one.displayName, two.displayName)
          : timeline.typingMany
  return (
    <p className="typing" role="status">
      {text}
    </p>
  )
}
