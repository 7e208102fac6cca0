import { PresenceEventsDocument, TypingEventsDocument, type PresenceFieldsFragment } from '../generated/graphql.ts'
import type { TypedDocument } from '../requests/document.ts'
import type { ConversationState, Id, MemberState, State, UserState } from '../replica/state.ts'
import { derived, sameList } from './derived.ts'
import { Value, type Store } from './store.ts'

/** What of a connection these stores need. */
export interface Subscriber {
  subscribe<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables | (() => Variables),
    sink: { next(data: Data): void; begun?(): void; error?(error: unknown): void; complete?(): void },
  ): () => void
}

export interface MembersSnapshot {
  /** In the order in which they joined. */
  members: readonly MemberState[]
  isComplete: boolean
}

const joined = (a: MemberState, b: MemberState) =>
  (a.joinedAt ?? '') < (b.joinedAt ?? '') ? -1 : a.joinedAt === b.joinedAt && a.user.id < b.user.id ? -1 : 1

export function membersStore(shown: Store<State>, id: Id): Store<MembersSnapshot> {
  return derived([shown], (previous: MembersSnapshot | undefined, { conversations }) => {
    const conversation = conversations.get(id)
    // Of some only a position is known yet.
    const all = [...(conversation?.members.values() ?? [])].filter((one) => !one.hasLeft && one.user.handle !== '')
    const members = sameList(previous?.members, all.sort(joined))
    const isComplete = conversation?.membersAfter === null
    return previous?.members === members && previous.isComplete === isComplete ? previous : { members, isComplete }
  })
}

export interface ReceiptsSnapshot {
  readByAllSeq: number
  deliveredToAllSeq: number
  /** Of the other members, as far as they are known: who has read up to where. */
  members: readonly MemberState[]
}

export function receiptsStore(shown: Store<State>, id: Id): Store<ReceiptsSnapshot> {
  return derived([shown], (previous: ReceiptsSnapshot | undefined, { conversations, viewerId }) => {
    const conversation: Partial<ConversationState> = conversations.get(id) ?? {}
    const { readByAllSeq = 0, deliveredToAllSeq = 0 } = conversation
    const others = [...(conversation.members?.values() ?? [])].filter((one) => !one.hasLeft && one.user.id !== viewerId)
    const members = sameList(previous?.members, others.sort(joined))
    const isSame =
      previous?.members === members &&
      previous.readByAllSeq === readByAllSeq &&
      previous.deliveredToAllSeq === deliveredToAllSeq
    return isSame ? previous : { readByAllSeq, deliveredToAllSeq, members }
  })
}

/** A value that is subscribed to as long as somebody looks. */
function live<T>(value: Value<T>, begin: () => () => void): Store<T> {
  let count = 0
  let stop: () => void = () => undefined
  return {
    getSnapshot: value.getSnapshot,
    subscribe(changed) {
      if (count++ === 0) stop = begin()
      const leave = value.subscribe(changed)
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        leave()
        if (--count === 0) stop()
      }
    },
  }
}

/** A typing person is forgotten this long after the last sign: the server's word that they stopped may be lost. */
const typingMs = 8_000

/** Who else types in a conversation now. */
export function typingStore(connection: Subscriber, conversationId: Id): Store<readonly UserState[]> {
  const value = new Value<readonly UserState[]>([])
  const timers = new Map<Id, ReturnType<typeof setTimeout>>()
  const forget = (id: Id) => {
    clearTimeout(timers.get(id))
    timers.delete(id)
    value.set(
      sameList(
        value.getSnapshot(),
        value.getSnapshot().filter((user) => user.id !== id),
      ),
    )
  }
  const forgetAll = () => {
    for (const id of [...timers.keys()]) forget(id)
  }
  return live(value, () => {
    const stop = connection.subscribe(
      TypingEventsDocument,
      { conversationId },
      {
        // What was said on another connection counts no more.
        begun: forgetAll,
        next({ typingEvents: { user, typing } }) {
          if (!typing) {
            forget(user.id)
            return
          }
          clearTimeout(timers.get(user.id))
          timers.set(
            user.id,
            setTimeout(() => forget(user.id), typingMs),
          )
          if (!value.getSnapshot().some(({ id }) => id === user.id)) value.set([...value.getSnapshot(), user])
        },
      },
    )
    return () => {
      stop()
      forgetAll()
    }
  })
}

export type PresenceState = Omit<PresenceFieldsFragment, '__typename'>

/** The presence of these people, as long as somebody looks. */
export function presenceStore(
  connection: Subscriber,
  userIds: readonly Id[],
): Store<Readonly<Record<Id, PresenceState>>> {
  const value = new Value<Readonly<Record<Id, PresenceState>>>({})
  return live(value, () => {
    if (userIds.length === 0) return () => undefined
    return connection.subscribe(
      PresenceEventsDocument,
      { userIds: [...userIds] },
      {
        next({ presenceEvents: { user, presence } }) {
          value.set({ ...value.getSnapshot(), [user.id]: presence })
        },
      },
    )
  })
}
