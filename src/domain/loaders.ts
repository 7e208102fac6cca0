import DataLoader from 'dataloader'
import type { ConversationStore, EntryKey } from '../store/conversations.ts'
import type {
  MessageKey,
  MessagePageRequest,
  MessageStore,
  OthersProgress,
  ProgressKey,
  ReadByRequest,
  ReadRow,
} from '../store/messages.ts'
import type { MembersRequest, PeopleStore } from '../store/people.ts'
import type { Conversation, EntryRow, Member, Message, User } from '../store/rows.ts'
import { Horizon } from './horizon.ts'
import { PrimedLoader } from './primed-loader.ts'

/**
 * Batched reads of one request, or of one event for all who get it. They check no permission but where a key names the
 * viewer: what is loaded hangs below something the viewer was allowed to see.
 */
export interface Loaders {
  user: PrimedLoader<string, User | null>
  conversation: DataLoader<string, Conversation | null>
  /** Null for who is not an active member. */
  entry: PrimedLoader<EntryKey, EntryRow | null>
  message: PrimedLoader<MessageKey, Message | null>
  messagePage: DataLoader<MessagePageRequest, Message[]>
  members: DataLoader<MembersRequest, Member[]>
  othersProgress: DataLoader<ProgressKey, OthersProgress, string>
  readBy: DataLoader<ReadByRequest, ReadRow[]>
  horizon: Horizon
}

export interface LoaderStores {
  people: PeopleStore
  conversations: ConversationStore
  messages: MessageStore
}

const messageId = (key: MessageKey) => `${key.conversationId} ${String(key.seq)}`

export function createLoaders({ people, conversations, messages }: LoaderStores): Loaders {
  const horizon = new Horizon()
  const message = new PrimedLoader<MessageKey, Message | null>(async (keys) => {
    const rows = await horizon.track(messages.byKeys(keys), (read) => {
      for (const row of read) horizon.note(row.message.conversationId, row.headEventSeq)
    })
    const found = new Map(rows.map((row) => [messageId(row.message), row.message]))
    return keys.map((key) => found.get(messageId(key)) ?? null)
  }, messageId)
  const user = new PrimedLoader<string, User | null>(
    async (ids) => {
      const found = new Map((await people.byIds(ids)).map((row) => [row.id, row]))
      return ids.map((id) => found.get(id) ?? null)
    },
    (id) => id,
  )
  return {
    horizon,
    user,
    conversation: new DataLoader(async (ids) => {
      const rows = await horizon.track(conversations.byIds(ids), (read) => {
        for (const row of read) horizon.note(row.id, row.headEventSeq)
      })
      const found = new Map(rows.map((row) => [row.id, row]))
      return ids.map((id) => found.get(id) ?? null)
    }),
    entry: new PrimedLoader<EntryKey, EntryRow | null>(
      async (keys) => {
        const { entries } = await horizon.track(conversations.entries(keys), (read) => {
          for (const [viewerId, headEventSeq] of read.viewerHeads) horizon.note(viewerId, headEventSeq)
          for (const each of read.entries) if (each) horizon.note(each.conversation.id, each.conversation.headEventSeq)
        })
        return entries
      },
      (key) => `${key.viewerId} ${key.conversationId}`,
    ),
    message,
    messagePage: new DataLoader(
      async (requests) => {
        const pages = await messages.pages(requests)
        for (const repliedTo of pages.repliedTo) message.prime(repliedTo, repliedTo)
        for (const person of pages.people) user.prime(person.id, person)
        return pages.messages
      },
      { cache: false },
    ),
    members: new DataLoader(
      async (requests) => {
        const pages = await people.members(requests)
        for (const person of pages.people) user.prime(person.id, person)
        return pages.members
      },
      { cache: false },
    ),
    othersProgress: new DataLoader((keys: readonly ProgressKey[]) => messages.othersProgress(keys), {
      cacheKeyFn: messageId,
    }),
    readBy: new DataLoader((requests) => messages.readBy(requests), { cache: false }),
  }
}
