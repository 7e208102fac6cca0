import { useEffect, useState, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import { useChat } from '../client/context.tsx'
import type { FoundMessage } from '../client/requests.ts'
import type { UserState } from '../client/types.ts'
import { conversationPath } from '../layout/paths.ts'
import { Avatar } from '../parts/avatar.tsx'
import { useDates } from '../texts/dates.ts'
import { useTexts } from '../texts/texts.tsx'

/** Milliseconds without typing after which it is looked for. */
const pauseMs = 200

interface Found {
  query: string
  people: readonly UserState[]
  messages: readonly FoundMessage[]
}

export function SearchResults({ query, onOpen }: { query: string; onOpen: () => void }) {
  const chat = useChat()
  const texts = useTexts()
  const dates = useDates()
  const [, navigate] = useLocation()
  const [found, setFound] = useState<Found | null>(null)
  const [error, setError] = useState<string | null>(null)
  const wanted = query.trim()
  useEffect(() => {
    const stop = new AbortController()
    const timer = setTimeout(() => {
      Promise.all([chat.searchPeople(wanted, stop.signal), chat.searchMessages(wanted, stop.signal)])
        .then(([people, messages]) => {
          if (stop.signal.aborted) return
          setError(null)
          setFound({ query: wanted, people, messages })
        })
        .catch((reason: unknown) => {
          if (!stop.signal.aborted) setError(reason instanceof Error ? reason.message : texts.somethingWrong)
        })
    }, pauseMs)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [wanted, chat, texts])

  const startWith = (user: UserState) => {
    chat
      .startDirect(user.id)
      .then((id) => {
        onOpen()
        navigate(conversationPath(id))
      })
      .catch((reason: unknown) => setError(reason instanceof Error ? reason.message : texts.somethingWrong))
  }
  const isEmpty = found !== null && found.people.length === 0 && found.messages.length === 0
  return (
    <div className="results">
      <p className="hint" role="status">
        {error ?? (found?.query !== wanted ? texts.loading : isEmpty ? texts.search.none : '')}
      </p>
      {found && found.people.length > 0 && (
        <section aria-label={texts.search.people}>
          <h2>{texts.search.people}</h2>
          <ul className="rows">
            {found.people.map((user) => (
              <li key={user.id} className="row">
                <button type="button" className="row-link" onClick={() => startWith(user)}>
                  <Avatar name={user.displayName} url={user.avatarUrl} small />
                  <span className="row-text">
                    <bdi className="row-title">{user.displayName}</bdi>
                    <bdi className="hint">@{user.handle}</bdi>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {found && found.messages.length > 0 && (
        <section aria-label={texts.search.messages}>
          <h2>{texts.search.messages}</h2>
          <ul className="rows">
            {found.messages.map(({ id, conversationId, seq, sender, createdAt, snippet }) => (
              <li key={id} className="row">
                <Link href={conversationPath(conversationId, seq)} className="row-link">
                  <Avatar name={sender.displayName} url={sender.avatarUrl} small />
                  <span className="row-text">
                    <span className="row-top">
                      <bdi className="row-title">{sender.displayName}</bdi>
                      <time className="row-time" dateTime={createdAt}>
                        {dates.short(createdAt)}
                      </time>
                    </span>
                    <bdi className="row-preview">{marked(snippet)}</bdi>
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}

/** The words that were found; the places are counted as JavaScript counts. */
function marked({ text, ranges }: FoundMessage['snippet']): ReactNode[] {
  const parts: ReactNode[] = []
  let at = 0
  for (const { start, end } of ranges) {
    parts.push(text.slice(at, start), <mark key={start}>{text.slice(start, end)}</mark>)
    at = end
  }
  parts.push(text.slice(at))
  return parts
}
