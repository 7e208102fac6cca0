import type { ApiKeys } from './api-keys/api-keys.ts'
import type { Directory } from './api-keys/directory.ts'
import type { Attachments } from './attachments/attachments.ts'
import type { Blocks } from './people/blocks.ts'
import type { Attempts } from './sessions/attempts.ts'
import type { Bans } from './conversations/bans.ts'
import type { Conversations } from './conversations/conversations.ts'
import type { Deletion } from './conversations/deletion.ts'
import type { Diagnostics } from './diagnostics/diagnostics.ts'
import type { DeskStreams } from './streams/desk-streams.ts'
import type { LiveItem } from './streams/event-loaders.ts'
import type { Authenticate } from './identity/authentication.ts'
import type { RenewToken } from './identity/renewal.ts'
import type { Requests } from './inbox/requests.ts'
import type { Inbox } from './inbox/inbox.ts'
import type { Basis } from './basis.ts'
import type { Loaders } from './loaders.ts'
import type { Messages } from './messages/messages.ts'
import type { People } from './people/people.ts'
import type { Presence } from './presence/presence.ts'
import type { Reactions } from './reactions/reactions.ts'
import type { Search } from './search/search.ts'
import type { Sessions } from './sessions/sessions.ts'
import type { StreamTickets } from './sessions/stream-tickets.ts'
import type { Streams } from './streams/streams.ts'
import type { Audit } from './moderation/audit.ts'
import type { Reports } from './moderation/reports.ts'
import type { Suspensions } from './moderation/suspension.ts'
import type { Support } from './support/support.ts'
import type { Typing } from './typing/typing.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

/** Everything a resolver can ask for. Built once, in app/domain.ts. */
export interface Domain {
  attempts: Attempts
  sessions: Sessions
  authenticate: Authenticate
  apiKeys: ApiKeys
  directory: Directory
  renewToken: RenewToken
  streamTickets: StreamTickets
  people: People
  blocks: Blocks
  suspensions: Suspensions
  reports: Reports
  audit: Audit
  bans: Bans
  conversations: Conversations
  deletion: Deletion
  messages: Messages
  reactions: Reactions
  attachments: Attachments
  inbox: Inbox
  requests: Requests
  search: Search
  streams: Streams
  typing: Typing
  support: Support
  desk: DeskStreams
  presence: Presence
  webhooks: Webhooks
  diagnostics: Diagnostics
  /** For one request. `payer`: the person, or else the address, whose request it is. */
  newLoaders: (payer?: string, basis?: Basis) => Loaders
  /** For one event; all readers who get it share these. */
  loadersFor: (item: LiveItem) => Loaders
}
