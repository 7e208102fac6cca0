import { useChat } from '../client/context.tsx'
import type { MessageState } from '../client/types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { useTexts } from '../texts/texts.tsx'

interface Props {
  opKey: string
  conversationId: string
  current: MessageState
  text: string
}

/** An edit that came after another one: the person says which text stays. */
export default function Conflict({ opKey, conversationId, current, text }: Props) {
  const chat = useChat()
  const { composer } = useTexts()
  const keepTheirs = () => chat.drop(opKey)
  const saveMine = () => {
    chat.drop(opKey)
    // On top of what is there now.
    chat.edit(conversationId, current, text)
  }
  return (
    <Dialog title={composer.conflictTitle} description={composer.conflictText} onClose={keepTheirs}>
      <blockquote dir="auto">{current.text}</blockquote>
      <div className="dialog-actions">
        <button type="button" className="plain" onClick={keepTheirs}>
          {composer.conflictTheirs}
        </button>
        <button type="button" className="primary" onClick={saveMine}>
          {composer.conflictMine}
        </button>
      </div>
    </Dialog>
  )
}
