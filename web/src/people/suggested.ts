import { useMemo } from 'react'
import type { Chat } from '../client/chat.ts'
import { useBlockedIds, useChat, useInboxView, useStore } from '../client/context.tsx'
import type { UserState } from '../client/types.ts'
import { registerDemoPerson } from '../session/demo-person.ts'
import { demo } from '../settings.ts'

/** Somebody to write to; without an id while it is not known whether anybody has been this demo person. */
export type Suggested = Pick<UserState, 'handle' | 'displayName' | 'avatarUrl'> & { id: string | null }

const count = 8

/** Whom to show before anything is searched: people one has a chat with, the newest first, and demo people. */
export function useSuggested(): readonly Suggested[] {
  const chat = useChat()
  const { items } = useStore(useInboxView('ACTIVE'))
  const viewer = useStore(chat.viewer)
  const blocked = useBlockedIds()
  return useMemo(() => {
    const peers = items.flatMap(({ conversation }) => conversation.fields.peer ?? [])
    const known: Suggested[] = peers.filter(({ id }) => !blocked.has(id)).slice(0, count)
    const others = (demo?.people ?? []).filter(
      ({ handle }) => handle !== viewer?.user.handle && !peers.some((peer) => peer.handle === handle),
    )
    return [...known, ...others.map((person) => ({ ...person, id: null, avatarUrl: null }))]
  }, [items, viewer, blocked])
}

export async function personOf(chat: Chat, { id, handle, displayName, avatarUrl }: Suggested): Promise<UserState> {
  if (id !== null) return { id, handle, displayName, avatarUrl }
  const found = (await chat.searchPeople(handle)).find((person) => person.handle === handle)
  return found ?? registerDemoPerson(handle, displayName)
}
