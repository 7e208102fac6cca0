import { useEffect, useId, useRef, useState } from 'react'
import { useChat } from '../client/context.tsx'
import type { UserState } from '../client/types.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Icon } from '../parts/icons.tsx'
import { useTexts } from '../texts/texts.tsx'
import { personOf, useSuggested, type Suggested } from './suggested.ts'

interface Props {
  chosen: readonly UserState[]
  setChosen: (chosen: readonly UserState[]) => void
  /** Who cannot be chosen: they are there already. */
  without?: readonly string[]
}

const pauseMs = 200

export function PeoplePicker({ chosen, setChosen, without = [] }: Props) {
  const chat = useChat()
  const texts = useTexts()
  const id = useId()
  const [query, setQuery] = useState('')
  const [found, setFound] = useState<readonly UserState[] | null>(null)
  useEffect(() => {
    const wanted = query.trim()
    if (wanted === '') {
      setFound(null)
      return
    }
    const stop = new AbortController()
    const timer = setTimeout(() => {
      chat.searchPeople(wanted, stop.signal).then(
        (people) => {
          if (!stop.signal.aborted) setFound(people)
        },
        () => undefined,
      )
    }, pauseMs)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [chat, query])
  const isChosen = (user: Suggested) => chosen.some((other) => other.handle === user.handle)
  const toggle = (user: UserState) =>
    setChosen(isChosen(user) ? chosen.filter((other) => other.handle !== user.handle) : [...chosen, user])
  const toggleNow = useRef(toggle)
  useEffect(() => {
    toggleNow.current = toggle
  })
  const suggested = useSuggested()
  const shown: readonly Suggested[] = (found ?? suggested).filter(
    ({ id: userId }) => userId === null || (userId !== chat.viewerId && !without.includes(userId)),
  )
  const take = (person: Suggested) => {
    personOf(chat, person).then(
      // What is chosen by then.
      (user) => toggleNow.current(user),
      () => undefined,
    )
  }
  return (
    <div className="picker">
      {chosen.length > 0 && (
        <ul className="chips" aria-label={texts.newChat.selected(chosen.length)}>
          {chosen.map((user) => (
            <li key={user.id}>
              <button
                type="button"
                className="chip"
                aria-label={texts.newChat.remove(user.displayName)}
                onClick={() => toggle(user)}
              >
                <bdi>{user.displayName}</bdi> <Icon name="close" size={14} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <label htmlFor={id}>{texts.newChat.search}</label>
      <input
        id={id}
        type="search"
        value={query}
        autoComplete="off"
        autoFocus
        onChange={({ target }) => setQuery(target.value)}
      />
      <p className="hint" role="status">
        {found && shown.length === 0 ? texts.search.none : ''}
      </p>
      <ul className="people">
        {shown.map((user) => (
          <li key={user.handle}>
            <button type="button" className="person" aria-pressed={isChosen(user)} onClick={() => take(user)}>
              <Avatar name={user.displayName} url={user.avatarUrl} small />
              <bdi className="person-name">{user.displayName}</bdi>
              <bdi className="hint">@{user.handle}</bdi>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
