import DataLoader from 'dataloader'
import type { EntryKey, InboxCounts } from '../store/conversations.ts'
import type { OthersProgress, ProgressKey, ReadByRequest, ReadRow } from '../store/message-readers.ts'
import type { MessageKey, MessagePageRequest, RevisionRow } from '../store/messages.ts'
import type { LeastStandings, MemberKey, Muting } from '../store/members.ts'
import type { MembersRequest } from '../store/people.ts'
import type { RequestRow } from '../store/requests.ts'
import type { Attachment, Conversation, EntryRow, Member, Message, SupportCase, User } from '../store/rows.ts'
import { History } from './conversations/history.ts'
import type { Basis } from './basis.ts'
import { Horizon, type Head } from './horizon.ts'
import type { LoaderStores } from './loader-stores.ts'
import { portionsOf, TextsRead } from './messages/texts-read.ts'
import { LazyThreadLoaders, type ThreadLoaders } from './messages/thread-loaders.ts'
import { LazyBlockLoaders, type BlockLoaders } from './people/block-loaders.ts'
import type { Seen, Sight } from './presence/view.ts'
import { PrimedLoader } from './primed-loader.ts'
import { LazyReactionLoaders, type ReactionLoaders } from './reactions/loaders.ts'

/**
 * Batched reads of one request, or of one event for all who get it. No permission checks, except where the key includes the
 * viewer: loaded rows are part of something that the viewer was allowed to see.
 */
export interface Loaders {
  user: PrimedLoader<string, User | null>
  conversation: DataLoader<string, Conversation | null>
  /** Null for a viewer who is not an active member. */
  entry: PrimedLoader<EntryKey, EntryRow | null>
  inboxCounts: DataLoader<string, InboxCounts>
  message: PrimedLoader<MessageKey, Message | null>
  messagePage: DataLoader<MessagePageRequest, Message[]>
  attachment: DataLoader<string, Attachment | null>
  /** By message: its attachments, in their order. */
  attachmentsOf: DataLoader<MessageKey, Attachment[], string>
  members: DataLoader<MembersRequest, Member[]>
  /** Also of former members. */
  member: DataLoader<MemberKey, Member | null, string>
  /** By conversation: the members who are furthest behind. */
  leastStandings: DataLoader<string, LeastStandings>
  /** By conversation and sender: who has muted it, or has blocked the sender. */
  muting: DataLoader<MemberKey, Muting | null, string>
  blocks: BlockLoaders
  /** Null where nothing waits for the viewer's answer. */
  request: DataLoader<EntryKey, RequestRow | null, string>
  othersProgress: DataLoader<ProgressKey, OthersProgress, string>
  readBy: DataLoader<ReadByRequest, ReadRow[]>
  reactions: ReactionLoaders
  threads: ThreadLoaders
  /** Former texts of a message, oldest first. */
  revisions: DataLoader<MessageKey, RevisionRow[], string>
  /** The presence of a person, as the viewer of the key may see it. */
  presence: DataLoader<Sight, Seen, string>
  history: History
  /** Null for a conversation that is not one with support. */
  supportCase: DataLoader<string, SupportCase | null>
  horizon: Horizon
  /** Where the answer may be kept: what these loaders have read. */
  readonly basis: Basis | undefined
}

const memberKey = ({ conversationId, userId }: MemberKey) => `${conversationId} ${userId}`
const messageId = (key: MessageKey) => `${key.conversationId} ${String(key.seq)}`

/**
 * Each loader is made when it is first used: most requests and events need one or two. `payer` is the person whose request
 * it is: their reads wait in a queue of their own when they ask for much.
 */
export function createLoaders(stores: LoaderStores, payer?: string, basis?: Basis): Loaders {
  return new LazyLoaders(stores, payer, basis)
}

class LazyLoaders implements Loaders {
  private readonly made: Partial<Loaders> = {}
  private readonly texts = new TextsRead()

  constructor(
    private readonly stores: LoaderStores,
    private readonly payer: string | undefined,
    readonly basis: Basis | undefined,
  ) {}

  private noteConversation(row: Head & Pick<Conversation, 'id' | 'historyBoundSeq'>) {
    this.horizon.note(row.id, row)
    this.history.note(row.id, row.historyBoundSeq)
  }

  get horizon() {
    return (this.made.horizon ??= new Horizon(this.basis))
  }

  get history() {
    return (this.made.history ??= new History((ids) => this.stores.members.historyBounds(ids, this.payer)))
  }

  get user() {
    return (this.made.user ??= new PrimedLoader<string, User | null>(
      async (ids) => {
        const found = new Map((await this.stores.people.byIds(ids)).map((row) => [row.id, row]))
        return ids.map((id) => found.get(id) ?? null)
      },
      (id) => id,
      (id) => this.basis?.person(id),
    ))
  }

  get conversation() {
    const { horizon } = this
    return (this.made.conversation ??= new DataLoader(async (ids) => {
      this.basis?.streams(...ids)
      const rows = await horizon.track(this.stores.conversations.byIds(ids, this.payer), (read) => {
        for (const row of read) this.noteConversation(row)
      })
      const found = new Map(rows.map((row) => [row.id, row]))
      return ids.map((id) => found.get(id) ?? null)
    }))
  }

  get entry() {
    const { horizon } = this
    return (this.made.entry ??= new PrimedLoader<EntryKey, EntryRow | null>(
      async (keys) => {
        const { entries } = await horizon.track(this.stores.conversations.entries(keys), (read) => {
          for (const [viewerId, head] of read.viewerHeads) horizon.note(viewerId, head)
          for (const each of read.entries) if (each) this.noteConversation(each.conversation)
        })
        return entries
      },
      (key) => `${key.viewerId} ${key.conversationId}`,
      ({ viewerId, conversationId }) => this.basis?.streams(viewerId, conversationId),
    ))
  }

  get inboxCounts() {
    const { horizon } = this
    return (this.made.inboxCounts ??= new DataLoader(
      (viewerIds: readonly string[]) =>
        Promise.all(
          viewerIds.map((viewerId) =>
            horizon.track(this.stores.conversations.inboxCounts(viewerId), (counts) => {
              horizon.note(viewerId, counts)
            }),
          ),
        ),
      // No batching: its keys are of one viewer, so there are never many.
      { batch: false },
    ))
  }

  get message() {
    const { horizon } = this
    return (this.made.message ??= new PrimedLoader<MessageKey, Message | null>(
      async (keys) => {
        const rows = await horizon.track(this.stores.messages.byKeys(keys, this.payer), (read) => {
          for (const row of read) {
            this.basis?.person(row.message.senderId)
            this.noteConversation({ ...row, id: row.message.conversationId })
          }
        })
        const found = new Map(rows.map((row) => [messageId(row.message), row.message]))
        return keys.map((key) => found.get(messageId(key)) ?? null)
      },
      messageId,
      ({ conversationId }) => this.basis?.stream(conversationId),
    ))
  }

  get messagePage() {
    return (this.made.messagePage ??= new DataLoader(
      async (requests: readonly MessagePageRequest[]) => {
        for (const { conversationId } of requests) this.basis?.stream(conversationId)
        const messages: Message[][] = []
        for (const some of portionsOf(requests)) {
          const pages = await this.stores.messages.pages(some, this.payer)
          for (const repliedTo of pages.repliedTo) this.message.prime(repliedTo, repliedTo)
          for (const person of pages.people) this.user.prime(person.id, person)
          this.texts.note(pages.messages)
          messages.push(...pages.messages)
        }
        return messages
      },
      { cache: false },
    ))
  }

  get attachment() {
    return (this.made.attachment ??= new DataLoader(async (ids: readonly string[]) => {
      const found = new Map((await this.stores.attachments.byIds(ids, this.payer)).map((row) => [row.id, row]))
      return ids.map((id) => found.get(id) ?? null)
    }))
  }

  get attachmentsOf() {
    return (this.made.attachmentsOf ??= new DataLoader(
      (keys: readonly MessageKey[]) => this.stores.attachments.ofMessages(keys, this.payer),
      { cacheKeyFn: messageId },
    ))
  }

  get members() {
    return (this.made.members ??= new DataLoader(
      async (requests: readonly MembersRequest[]) => {
        const pages = await this.stores.people.members(requests, this.payer)
        for (const person of pages.people) this.user.prime(person.id, person)
        return pages.members
      },
      { cache: false },
    ))
  }

  get member() {
    return (this.made.member ??= new DataLoader(
      async (keys: readonly MemberKey[]) => {
        const rows = await this.stores.members.byKeys(keys, this.payer)
        const found = new Map(rows.map((row) => [memberKey(row), row]))
        return keys.map((key) => found.get(memberKey(key)) ?? null)
      },
      { cacheKeyFn: memberKey },
    ))
  }

  get leastStandings() {
    return (this.made.leastStandings ??= new DataLoader((ids: readonly string[]) =>
      this.stores.members.leastStandings(ids, this.payer),
    ))
  }

  get muting() {
    return (this.made.muting ??= new DataLoader(
      (keys: readonly MemberKey[]) => this.stores.members.mutings(keys, this.payer),
      { cacheKeyFn: memberKey },
    ))
  }

  get blocks() {
    return (this.made.blocks ??= new LazyBlockLoaders(this.stores.blocks, this.payer))
  }

  get request() {
    return (this.made.request ??= new DataLoader(
      (keys: readonly EntryKey[]) => this.stores.requests.byKeys(keys, this.payer),
      { cacheKeyFn: ({ viewerId, conversationId }) => `${viewerId} ${conversationId}` },
    ))
  }

  get othersProgress() {
    return (this.made.othersProgress ??= new DataLoader(
      (keys: readonly ProgressKey[]) => this.stores.messages.othersProgress(keys, this.payer),
      { cacheKeyFn: messageId },
    ))
  }

  get readBy() {
    return (this.made.readBy ??= new DataLoader(
      (requests: readonly ReadByRequest[]) => this.stores.messages.readBy(requests, this.payer),
      { cache: false },
    ))
  }

  get reactions() {
    return (this.made.reactions ??= new LazyReactionLoaders(this.stores.reactions, this.payer))
  }

  get threads() {
    return (this.made.threads ??= new LazyThreadLoaders(this.stores.threads, this.payer, (user) => {
      this.user.prime(user.id, user)
    }))
  }

  get revisions() {
    return (this.made.revisions ??= new DataLoader(
      (keys: readonly MessageKey[]) => this.stores.messages.revisions(keys, this.payer),
      { cacheKeyFn: messageId },
    ))
  }

  get supportCase() {
    const { horizon } = this
    return (this.made.supportCase ??= new DataLoader<string, SupportCase | null>(async (ids) => {
      const rows = await horizon.track(this.stores.support.cases(ids, this.payer), (read) => {
        for (const row of read) horizon.note(row.supportCase.conversationId, row)
      })
      const found = new Map(rows.map(({ supportCase }) => [supportCase.conversationId, supportCase]))
      return ids.map((id) => found.get(id) ?? null)
    }))
  }

  get presence() {
    return (this.made.presence ??= new DataLoader((sights: readonly Sight[]) => this.stores.presence.see(sights), {
      cacheKeyFn: ({ viewerId, user }) => `${viewerId} ${user.id}`,
    }))
  }
}
