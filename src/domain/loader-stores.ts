import type { AttachmentStore } from '../store/attachments.ts'
import type { BlockStore } from '../store/blocks.ts'
import type { ConversationStore } from '../store/conversations.ts'
import type { MemberStore } from '../store/members.ts'
import type { MessageStore } from '../store/messages.ts'
import type { PeopleStore } from '../store/people.ts'
import type { ReactionStore } from '../store/reactions.ts'
import type { RequestStore } from '../store/requests.ts'
import type { SupportStore } from '../store/support.ts'
import type { ThreadStore } from '../store/threads.ts'
import type { Presence } from './presence/presence.ts'

/** What loaders read from. */
export interface LoaderStores {
  blocks: Pick<BlockStore, 'haveBlocked' | 'blockersIn'>
  requests: RequestStore
  people: PeopleStore
  conversations: ConversationStore
  messages: MessageStore
  attachments: AttachmentStore
  members: MemberStore
  reactions: ReactionStore
  threads: ThreadStore
  support: Pick<SupportStore, 'cases'>
  presence: Pick<Presence, 'see'>
}
