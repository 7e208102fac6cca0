import { useId, useState } from 'react'
import { useTexts } from '../texts/texts.tsx'

export function Rename({ title, onRename }: { title: string; onRename: (title: string) => void }) {
  const texts = useTexts()
  const id = useId()
  const [text, setText] = useState<string | null>(null)
  if (text === null) {
    return (
      <button type="button" className="plain" onClick={() => setText(title)}>
        {texts.details.rename}
      </button>
    )
  }
  return (
    <form
      className="rename"
      onSubmit={(event) => {
        event.preventDefault()
        onRename(text)
        setText(null)
      }}
    >
      <label htmlFor={id}>{texts.details.name}</label>
      <input id={id} value={text} maxLength={120} required autoFocus onChange={({ target }) => setText(target.value)} />
      <button className="primary">{texts.save}</button>
      <button type="button" className="plain" onClick={() => setText(null)}>
        {texts.cancel}
      </button>
    </form>
  )
}
