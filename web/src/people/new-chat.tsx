import { useId, useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import { useChat } from '../client/context.tsx'
import type { UserState } from '../client/types.ts'
import { conversationPath } from '../layout/paths.ts'
import { Dialog } from '../parts/dialog.tsx'
import { useTexts } from '../texts/texts.tsx'
import { PeoplePicker } from './people-picker.tsx'

export default function NewChat({ onClose }: { onClose: () => void }) {
  const chat = useChat()
  const texts = useTexts()
  const id = useId()
  const [, navigate] = useLocation()
  const [chosen, setChosen] = useState<readonly UserState[]>([])
  const [title, setTitle] = useState('')
  const [question, setQuestion] = useState('')
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const open = (starting: Promise<string>) => {
    setBusy(true)
    setError(null)
    starting
      .then((conversationId) => {
        onClose()
        navigate(conversationPath(conversationId))
      })
      .catch((reason: unknown) => {
        setBusy(false)
        setError(reason instanceof Error ? reason.message : texts.somethingWrong)
      })
  }
  const [only] = chosen
  const isGroup = chosen.length > 1 || title.trim() !== ''
  return (
    <Dialog title={texts.newChat.title} description={texts.newChat.hint} onClose={onClose}>
      <Form
        onSubmit={() => {
          if (isGroup)
            open(
              chat.createGroup(
                title,
                chosen.map((user) => user.id),
              ),
            )
          else if (only) open(chat.startDirect(only.id))
        }}
      >
        <PeoplePicker chosen={chosen} setChosen={setChosen} />
        <label htmlFor={`${id}-title`}>{texts.newChat.groupName}</label>
        <input id={`${id}-title`} value={title} maxLength={120} onChange={({ target }) => setTitle(target.value)} />
        <button className="primary" disabled={busy || (isGroup ? title.trim() === '' : !only)}>
          {isGroup ? texts.newChat.createGroup : texts.newChat.start}
        </button>
      </Form>
      <p className="error" role="alert">
        {error}
      </p>
      <details>
        <summary>{texts.newChat.askSupport}</summary>
        <Form onSubmit={() => open(chat.openSupport(question))}>
          <label htmlFor={`${id}-question`}>{texts.newChat.supportTitle}</label>
          <input
            id={`${id}-question`}
            value={question}
            maxLength={120}
            onChange={({ target }) => setQuestion(target.value)}
          />
          <button className="plain" disabled={busy}>
            {texts.newChat.openSupport}
          </button>
        </Form>
      </details>
    </Dialog>
  )
}

function Form({ onSubmit, children }: { onSubmit: () => void; children: ReactNode }) {
  return (
    <form
      className="dialog-form"
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      {children}
    </form>
  )
}
