import { useEffect } from 'react'
import { useChat, useMembersOf } from '../client/context.tsx'
import type { UserState } from '../client/types.ts'
import { Avatar } from '../parts/avatar.tsx'
import { useTexts } from '../texts/texts.tsx'

/** What is written after an @ up to the caret; null where no one is being mentioned. */
export function mentionAt(text: string, caret: number): { start: number; begin: string } | null {
  const found = /(?:^|\s)@([\w.-]{0,32})$/.exec(text.slice(0, caret))
  if (!found) return null
  const begin = found[1] ?? ''
  return { start: caret - begin.length - 1, begin: begin.toLowerCase() }
}

interface Pick {
  users: readonly UserState[]
  at: number
}

interface Props {
  conversationId: string
  begin: string
  listId: string
  pick: Pick
  setPick: (pick: Pick) => void
  onTake: (user: UserState) => void
}

const shownCount = 6

export function MentionList({ conversationId, begin, listId, pick, setPick, onTake }: Props) {
  const texts = useTexts()
  const { viewerId } = useChat()
  const { members } = useMembersOf(conversationId)
  const users = members
    .map(({ user }) => user)
    .filter(
      ({ id, handle, displayName }) =>
        id !== viewerId && (handle.startsWith(begin) || displayName.toLowerCase().startsWith(begin)),
    )
    .slice(0, shownCount)
  const key = users.map(({ id }) => id).join()
  useEffect(() => {
    setPick({ users, at: 0 })
    return () => setPick({ users: [], at: 0 })
    // By who they are, and not by which array they are in.
  }, [key])
  if (users.length === 0) return null
  return (
    <ul className="mentions" role="listbox" id={listId} aria-label={texts.composer.mention}>
      {users.map((user, at) => (
        <li
          key={user.id}
          id={`${listId}-${String(at)}`}
          role="option"
          aria-selected={at === pick.at}
          onPointerDown={(event) => {
            // The text keeps the focus.
            event.preventDefault()
            onTake(user)
          }}
        >
          <Avatar name={user.displayName} url={user.avatarUrl} small />
          <bdi>{user.displayName}</bdi> <bdi className="hint">@{user.handle}</bdi>
        </li>
      ))}
    </ul>
  )
}
