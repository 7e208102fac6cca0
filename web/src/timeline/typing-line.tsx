import { useStore, useTypingOf } from '../client/context.tsx'
import { uploadPercent } from '../client/put.ts'
import { useTexts } from '../texts/texts.tsx'

/** Who types; and how far one's own files are, while they leave. */
export function TypingLine({ conversationId }: { conversationId: string }) {
  const { timeline, composer } = useTexts()
  const percent = useStore(uploadPercent)
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
      {percent === null ? text : composer.uploading(percent)}
    </p>
  )
}
