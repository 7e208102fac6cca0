import { useId, useState, type SubmitEvent } from 'react'
import { LanguageChoice } from '../parts/language-choice.tsx'
import { useTexts } from '../texts/texts.tsx'

/** The token of a link of an invitation; null in any other address. Behind #, it is in no log of a server. */
export const invitationIn = (hash: string): string | null => /^#\/invitation\/([\w-]+)$/.exec(hash)?.[1] ?? null

interface Props {
  /** Rejects with what to tell the person. */
  accept: (password: string) => Promise<void>
}

/** Who was brought here from another system chooses a password. */
export function Invited({ accept }: Props) {
  const texts = useTexts()
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const id = useId()
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const password = new FormData(event.currentTarget).get('password')
    setBusy(true)
    setError(null)
    accept(typeof password === 'string' ? password : '')
      .catch((reason: unknown) => {
        setError(reason instanceof Error ? reason.message : texts.somethingWrong)
      })
      .finally(() => setBusy(false))
  }
  return (
    <main className="sign-in">
      <div className="card">
        <img src="./icon.svg" alt="" width="56" height="56" />
        <h1>{texts.signIn.invited}</h1>
        <p>{texts.signIn.choosePassword}</p>
        <p className="error" role="alert">
          {error}
        </p>
        <form onSubmit={onSubmit}>
          <label htmlFor={`${id}-password`}>{texts.signIn.password}</label>
          <input
            id={`${id}-password`}
            name="password"
            type="password"
            required
            minLength={8}
            autoComplete="new-password"
            dir="ltr"
          />
          <button className="primary" disabled={busy}>
            {texts.signIn.accept}
          </button>
        </form>
        <LanguageChoice />
      </div>
    </main>
  )
}
