import { useChat, useStore } from '../client/context.tsx'
import { Avatar } from '../parts/avatar.tsx'
import { useTexts } from '../texts/texts.tsx'

export function BlockedPeople() {
  const chat = useChat()
  const texts = useTexts()
  const { users: people } = useStore(chat.blocked)
  return (
    <section className="setting-group" aria-labelledby="blocked">
      <h2 id="blocked">{texts.blocks.title}</h2>
      <p className="hint">{people.length === 0 ? texts.blocks.none : texts.blocks.hint}</p>
      <ul className="people" aria-label={texts.blocks.title}>
        {people.map((user) => (
          <li key={user.id} className="person">
            <Avatar name={user.displayName} url={user.avatarUrl} small />
            <bdi className="person-name">{user.displayName}</bdi>
            <button
              type="button"
              className="plain"
              aria-label={texts.blocks.unblock(user.displayName)}
              onClick={() => chat.attempt(chat.block(user.id, false))}
            >
              {texts.blocks.unblockShort}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
