import { lazy, Suspense, useState } from 'react'
import { useLocation } from 'wouter'
import { useChat } from '../client/context.tsx'
import { conversationPath } from '../layout/paths.ts'
import { Avatar } from '../parts/avatar.tsx'
import { personOf, useSuggested, type Suggested } from '../people/suggested.ts'
import { useTexts } from '../texts/texts.tsx'

const NewChat = lazy(() => import('../people/new-chat.tsx'))

/** In place of an empty list: whom to write to, by one click. */
export function FirstChat() {
  const chat = useChat()
  const texts = useTexts()
  const [, navigate] = useLocation()
  const suggested = useSuggested()
  const [busy, setBusy] = useState(false)
  const [isSearching, setIsSearching] = useState(false)
  const startWith = (person: Suggested) => {
    setBusy(true)
    const starting = personOf(chat, person)
      .then(({ id }) => chat.startDirect(id))
      .then((id) => navigate(conversationPath(id)))
      .finally(() => setBusy(false))
    chat.attempt(starting)
  }
  return (
    <section className="first-chat" aria-labelledby="first-chat">
      <h2 id="first-chat">{texts.inbox.firstTitle}</h2>
      <p className="hint" role="status">
        {texts.inbox.firstHint}
      </p>
      <ul className="people">
        {suggested.map((person) => (
          <li key={person.handle}>
            <button type="button" className="person" disabled={busy} onClick={() => startWith(person)}>
              <Avatar name={person.displayName} url={person.avatarUrl} />
              <span className="person-name">{texts.inbox.chatWith(person.displayName)}</span>
            </button>
          </li>
        ))}
      </ul>
      <button type="button" className="plain" onClick={() => setIsSearching(true)}>
        {texts.inbox.findPeople}
      </button>
      {isSearching && (
        <Suspense>
          <NewChat onClose={() => setIsSearching(false)} />
        </Suspense>
      )}
    </section>
  )
}
