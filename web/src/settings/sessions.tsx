import { useState } from 'react'
import { useChat, useStore } from '../client/context.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'
import { deviceName } from './device-name.ts'

/** Where the viewer is signed in, to be ended one by one or all at once. */
export function Sessions() {
  const chat = useChat()
  const texts = useTexts()
  const dates = useDates()
  const { sessions, isLoading, error: readError } = useStore(chat.sessions)
  const [error, setError] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const tell = (reason: unknown) => setError(reason instanceof Error ? reason.message : texts.somethingWrong)
  const others = sessions.filter(({ current }) => !current)
  const end = async (ended: typeof sessions) => {
    setBusy(true)
    setError(null)
    try {
      for (const { id } of ended) await chat.revokeSession(id)
    } finally {
      setBusy(false)
    }
  }
  return (
    <section className="setting-group" aria-labelledby="sessions">
      <h2 id="sessions">{texts.sessions.title}</h2>
      <p className="error" role="alert">
        {error ?? (readError ? texts.somethingWrong : null)}
      </p>
      {isLoading && sessions.length === 0 && (
        <p className="hint" role="status">
          {texts.loading}
        </p>
      )}
      <ul className="people" aria-label={texts.sessions.title}>
        {sessions.map((session) => {
          const name = deviceName(session.device, texts)
          return (
            <li key={session.id} className="person">
              <span className="person-name" title={session.device ?? ''}>
                <bdi>{name}</bdi>
                <br />
                <time className="hint" dateTime={session.lastUsedAt} title={dates.full(session.lastUsedAt)}>
                  {texts.sessions.lastUsed(dates.short(session.lastUsedAt))}
                </time>
              </span>
              {session.current ? (
                <span className="role">{texts.sessions.current}</span>
              ) : (
                <button
                  type="button"
                  className="plain"
                  disabled={busy}
                  aria-label={texts.sessions.signOutOf(name)}
                  onClick={() => void end([session]).catch(tell)}
                >
                  {texts.sessions.signOut}
                </button>
              )}
            </li>
          )
        })}
      </ul>
      {others.length > 0 && (
        <div className="setting-actions">
          <button type="button" className="plain" disabled={busy} onClick={() => void end(others).catch(tell)}>
            {texts.sessions.signOutOthers}
          </button>
          <button
            type="button"
            className="plain danger"
            disabled={busy}
            onClick={() => void end(others).then(chat.signOut, tell)}
          >
            {texts.sessions.signOutEverywhere}
          </button>
        </div>
      )}
    </section>
  )
}
