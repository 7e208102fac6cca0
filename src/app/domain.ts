import type { Bus } from '../bus/bus.ts'
import type { Config } from '../config.ts'
import type { Basis } from '../domain/basis.ts'
import { createAttachments } from '../domain/attachments/attachments.ts'
import { createConversations } from '../domain/conversations/conversations.ts'
import { createDeletion } from '../domain/conversations/deletion.ts'
import { createDiagnostics } from '../domain/diagnostics/diagnostics.ts'
import type { Domain } from '../domain/domain.ts'
import { createRequests } from '../domain/inbox/requests.ts'
import { createInbox } from '../domain/inbox/inbox.ts'
import { createResumeTokens } from '../domain/inbox/resume-token.ts'
import { createLoaders } from '../domain/loaders.ts'
import { ReadLoaders } from '../domain/read-loaders.ts'
import { createMessages } from '../domain/messages/messages.ts'
import { createBlocks } from '../domain/people/blocks.ts'
import { createAudit } from '../domain/moderation/audit.ts'
import { createBans } from '../domain/conversations/bans.ts'
import { createReports } from '../domain/moderation/reports.ts'
import { createSuspensions } from '../domain/moderation/suspension.ts'
import { createPeople } from '../domain/people/people.ts'
import { createReactions } from '../domain/reactions/reactions.ts'
import type { Presence } from '../domain/presence/presence.ts'
import { createSearch } from '../domain/search/search.ts'
import type { SessionWatch } from '../domain/sessions/session-watch.ts'
import { withSlowRefusals } from '../domain/sessions/slow-refusals.ts'
import { OwnSessions } from '../domain/sessions/sessions.ts'
import { startSessionUsage } from '../domain/sessions/session-usage.ts'
import { createStreamTickets } from '../domain/sessions/stream-tickets.ts'
import { createDeskStreams } from '../domain/streams/desk-streams.ts'
import { createEventLoaders } from '../domain/streams/event-loaders.ts'
import { createStreams } from '../domain/streams/streams.ts'
import { createSupport } from '../domain/support/support.ts'
import { createTypistOf } from '../domain/typing/typist-of.ts'
import { createTyping } from '../domain/typing/typing.ts'
import { auditedWebhooks } from '../domain/webhooks/audited.ts'
import type { Webhooks } from '../domain/webhooks/webhooks.ts'
import { ownSecret } from '../embedded/own-secret.ts'
import { essenceOf } from '../files/media-types.ts'
import type { Logger } from '../telemetry/logger.ts'
import { isAllowedIn, type Files } from './files.ts'
import type { Counted } from './attempts.ts'
import { openIdentity } from './identity.ts'
import type { Log } from './log.ts'
import type { Stops } from './stops.ts'
import type { Storage } from './storage.ts'

export interface DomainNeeds {
  bus: Bus
  storage: Storage
  log: Log
  watch: SessionWatch
  presence: Presence
  counted: Counted
  files: Files
  webhooks: Webhooks
}

/** The composition of the domain: a new noun is added here. */
export function createDomain(
  config: Config,
  { bus, storage, log, watch, presence, counted, files, webhooks }: DomainNeeds,
  logger: Logger,
  stops: Stops,
): Domain {
  const { conversations, events, people, resumptions, sessions } = storage
  const { append, desk, hub, readLog } = log
  const { passwordHashMemoryKib, refreshRepeatWindowMs, sessionsPerPerson } = config
  const jwtSecret = config.jwtSecret ?? ownSecret(config.dataDir)
  const tokens = createResumeTokens(jwtSecret)
  const streams = createStreams({ hub, readLog, events, conversations, resumptions, tokens, watch })
  const typing = createTyping({ bus, streams, typistOf: createTypistOf(storage.typists), logger })
  stops.add(() => {
    typing.stop()
  })
  const usage = startSessionUsage({ store: sessions, logger })
  stops.add(() => usage.stop())
  const loaderStores = { ...storage, presence }
  const newLoaders = (payer?: string, basis?: Basis) => {
    const loaders = createLoaders(loaderStores, payer, basis)
    return basis ? new ReadLoaders(loaders, basis) : loaders
  }
  const { attempts, usage: usageLimits } = counted
  const allMessages = createMessages(append, events, typing, files.checking)
  const messages = usageLimits?.ofMessages(allMessages) ?? allMessages
  const attachments = createAttachments({
    store: storage.attachments,
    files: files.store,
    rules: config.uploads,
    isAllowedType: isAllowedIn(config.uploads.types),
    essenceOf,
    publicUrl: config.publicUrl,
    messages,
  })
  const audit = createAudit({ store: storage.audit, logger, ttlMs: config.auditTtlMs })
  const ownSessions = withSlowRefusals(
    new OwnSessions({
      store: sessions,
      invitations: storage.invitations,
      watch,
      presence,
      attempts,
      jwtSecret,
      passwordHashMemoryKib,
      refreshRepeatWindowMs,
      sessionsPerPerson,
      usage,
      audit,
    }),
  )
  const allConversations = createConversations(append, presence)
  return {
    attempts,
    ...openIdentity(config, ownSessions, { storage, watch }, logger, stops),
    streamTickets: createStreamTickets(jwtSecret, watch),
    people: createPeople({ store: people, search: storage.peopleSearch, append, watch, presence }),
    audit,
    reports: createReports({ store: storage.reports, append, attempts, ttlMs: config.reportTtlMs }),
    bans: createBans(append, storage.bans, presence),
    suspensions: createSuspensions({ store: storage.suspensions, append, watch, presence }),
    blocks: createBlocks(append, storage.blocks, presence),
    conversations: usageLimits?.ofConversations(allConversations) ?? allConversations,
    diagnostics: createDiagnostics(),
    deletion: createDeletion(append, storage.deletions),
    reactions: createReactions(append),
    messages,
    attachments: usageLimits?.ofAttachments(attachments) ?? attachments,
    requests: createRequests(append, presence),
    inbox: createInbox(append, conversations, tokens),
    search: createSearch(storage.search),
    streams,
    typing,
    support: createSupport(append, storage.support, tokens),
    desk: createDeskStreams({ hub, readLog, desk, store: storage.support, tokens, watch }),
    presence,
    webhooks: auditedWebhooks(webhooks, audit),
    newLoaders,
    loadersFor: createEventLoaders(newLoaders),
  }
}
