import { useState } from 'react'
import { useChat, useStore, useSupportQueueView } from '../client/context.tsx'
import type { ConversationState } from '../client/types.ts'
import { useTexts } from '../texts/texts.tsx'

/** While it is shown the desk's events come: staff get those of a conversation that they are no member of in no other way. */
function DeskFollower() {
  useStore(useSupportQueueView(null))
  return null
}

/** Of a support conversation: its state, and for the staff what to do about it. */
export function SupportBar({ conversation }: { conversation: ConversationState }) {
  const chat = useChat()
  const texts = useTexts()
  const viewer = useStore(chat.viewer)
  const [error, setError] = useState<string | null>(null)
  const { id, fields } = conversation
  const role = viewer?.user.role
  const isStaff = role === 'STAFF' || role === 'ADMIN'
  const isOpen = fields.supportStatus !== 'RESOLVED'
  const isMine = fields.assignee?.id === chat.viewerId
  const attempt = (doing: Promise<unknown>) => {
    setError(null)
    doing.catch((reason: unknown) => setError(reason instanceof Error ? reason.message : texts.somethingWrong))
  }
  return (
    <div className="support-bar" role="group" aria-label={texts.support.title}>
      <span className="role">{texts.support[isOpen ? 'OPEN' : 'RESOLVED']}</span>
      {isStaff && (
        <>
          <DeskFollower />
          <span className="hint">
            {fields.assignee ? texts.support.assignedTo(fields.assignee.displayName) : texts.support.unassigned}
          </span>
          <button
            type="button"
            className="plain"
            onClick={() => attempt(chat.assign(id, isMine ? null : chat.viewerId))}
          >
            {isMine ? texts.support.unassign : texts.support.assignMe}
          </button>
          <button
            type="button"
            className="plain"
            onClick={() => attempt(chat.setSupportStatus(id, isOpen ? 'RESOLVED' : 'OPEN'))}
          >
            {isOpen ? texts.support.resolve : texts.support.reopen}
          </button>
        </>
      )}
      <span className="error" role="alert">
        {error}
      </span>
    </div>
  )
}
