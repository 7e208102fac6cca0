import { useId, useState, type SubmitEvent } from 'react'
import { demo } from '../settings.ts'
import { useTexts } from '../texts/texts.tsx'
import { LanguageChoice } from '../parts/language-choice.tsx'
import type { Credentials } from './people.ts'

interface Props {
  /** Whether the last session was ended by the server. */
  ended: boolean
  /** Rejects with what to tell the person. */
  signIn: (credentials: Credentials) => Promise<void>
}

const password = demo?.password ?? ''

export function SignIn({ ended, signIn }: Props) {
  const texts = useTexts()
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const submit = (credentials: Credentials) => {
    setBusy(true)
    setError(null)
    signIn(credentials)
      .catch((reason: unknown) => {
        setError(reason instanceof Error ? reason.message : texts.somethingWrong)
      })
      .finally(() => setBusy(false))
  }
  return (
    <main className="sign-in">
      <div className="card">
        <img src="./icon.svg" alt="" width="56" height="56" />
        <h1>{texts.signIn.title}</h1>
        {ended && <p role="status">{texts.signIn.ended}</p>}
        {demo && (
          <section aria-labelledby="demo-title">
            <h2 id="demo-title">{texts.signIn.demoTitle}</h2>
            <div className="demo-people">
              {demo.people.map(({ handle, displayName }) => (
                <button
                  key={handle}
                  type="button"
                  className="primary"
                  disabled={busy}
                  onClick={() => submit({ handle, displayName, password, kind: 'demo' })}
                >
                  {texts.signIn.as(displayName)}
                </button>
              ))}
            </div>
            <p className="hint">{texts.signIn.demoHint}</p>
            <p className="hint">{texts.signIn.demoNote}</p>
          </section>
        )}
        <p className="error" role="alert">
          {error}
        </p>
        {demo ? (
          <details>
            <summary>{texts.signIn.or}</summary>
            <OwnAccount busy={busy} submit={submit} />
          </details>
        ) : (
          <OwnAccount busy={busy} submit={submit} />
        )}
        <LanguageChoice />
      </div>
    </main>
  )
}

function OwnAccount({ busy, submit }: { busy: boolean; submit: (credentials: Credentials) => void }) {
  const { signIn: texts } = useTexts()
  const [isNew, setIsNew] = useState(false)
  const id = useId()
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const fields = new FormData(event.currentTarget)
    const field = (name: string) => {
      const value = fields.get(name)
      return typeof value === 'string' ? value : ''
    }
    submit({
      handle: field('handle'),
      displayName: field('displayName'),
      password: field('password'),
      kind: isNew ? 'register' : 'login',
    })
  }
  return (
    <form onSubmit={onSubmit}>
      <label htmlFor={`${id}-handle`}>{texts.handle}</label>
      <input id={`${id}-handle`} name="handle" required autoComplete="username" autoCapitalize="none" dir="ltr" />
      {isNew && (
        <>
          <label htmlFor={`${id}-name`}>{texts.displayName}</label>
          <input id={`${id}-name`} name="displayName" required autoComplete="name" />
        </>
      )}
      <label htmlFor={`${id}-password`}>{texts.password}</label>
      <input
        id={`${id}-password`}
        name="password"
        type="password"
        required
        minLength={8}
        autoComplete={isNew ? 'new-password' : 'current-password'}
        dir="ltr"
      />
      <button className="primary" disabled={busy}>
        {isNew ? texts.register : texts.logIn}
      </button>
      <button type="button" className="link" onClick={() => setIsNew(!isNew)}>
        {isNew ? texts.toLogIn : texts.toRegister}
      </button>
    </form>
  )
}
