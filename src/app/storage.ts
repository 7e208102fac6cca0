import type { Config } from '../config.ts'
import { gatherEntries } from '../domain/inbox/gathered-entries.ts'
import { gatherUsers } from '../domain/people/gathered-users.ts'
import { startEmbeddedPostgres } from '../embedded/postgres.ts'
import { createApiKeyStore } from '../store/api-keys.ts'
import { createAttachmentStore } from '../store/attachments.ts'
import { createAuditStore } from '../store/audit.ts'
import { createBanStore } from '../store/bans.ts'
import { createReportStore } from '../store/reports.ts'
import { createBlockStore } from '../store/blocks.ts'
import { createRequestStore } from '../store/requests.ts'
import { createConversationStore } from '../store/conversations.ts'
import { createDatabase, type Database } from '../store/database/database.ts'
import type { OnRead } from '../store/database/lane.ts'
import { untilItAnswers } from '../store/database/first-answer.ts'
import { migrate } from '../store/database/migrate.ts'
import { createDeletionStore } from '../store/deletions.ts'
import { createEventStore } from '../store/events.ts'
import { createIdentityStore } from '../store/identities.ts'
import { createMemberStore } from '../store/members.ts'
import { createMessageStore } from '../store/messages.ts'
import { createMoveStore } from '../store/moves.ts'
import { createPeopleSearchStore } from '../store/people-search.ts'
import { createPeopleStore } from '../store/people.ts'
import { createPresenceStore } from '../store/presence.ts'
import { createReactionStore } from '../store/reactions.ts'
import { createResumptionStore } from '../store/resumption.ts'
import { createSearchNameStore } from '../store/search-names.ts'
import { createSearchStore } from '../store/search.ts'
import { createSessionStore } from '../store/sessions.ts'
import { createInvitationStore } from '../store/invitations.ts'
import { createThreadStore } from '../store/threads.ts'
import { createTypistStore } from '../store/typists.ts'
import { createSupportStore } from '../store/support.ts'
import { createSuspensionStore } from '../store/suspensions.ts'
import { createWebhookDeliveryStore } from '../store/webhook-deliveries.ts'
import { createWebhookEndpointStore } from '../store/webhook-endpoints.ts'
import { createWebhookLog } from '../store/webhook-log.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Siblings } from '../workers/worker.ts'
import type { Stops } from './stops.ts'

export type Storage = ReturnType<typeof createStores>

export interface StorageNeeds {
  migrationsDir: string
  siblings: Siblings | null
}

/** The database, embedded or given, with its migrations applied, and the stores that use it. */
export async function openStorage(
  config: Config,
  { migrationsDir, siblings }: StorageNeeds,
  logger: Logger,
  stops: Stops,
  onRead: OnRead,
): Promise<Storage> {
  let connectionString = config.databaseUrl ?? siblings?.embeddedUrl ?? null
  if (connectionString === null) {
    const postgres = await startEmbeddedPostgres({
      dataDir: config.dataDir,
      log: logger,
      walArchive: config.walArchive,
    })
    stops.add(() => postgres.stop())
    connectionString = postgres.url
  }
  const { pooling } = await migrate({
    connectionString,
    migrationsDir,
    log: logger,
    lockTimeoutMs: config.migrationLockTimeoutMs,
  })
  const db = createDatabase({ connectionString, poolSize: config.databasePoolSize, pooling, logger, onRead })
  stops.add(() => db.close())
  await untilItAnswers(db)
  return createStores(db)
}

function createStores(db: Database) {
  const conversations = createConversationStore(db)
  const people = createPeopleStore(db)
  return {
    db,
    apiKeys: createApiKeyStore(db),
    attachments: createAttachmentStore(db),
    audit: createAuditStore(db),
    bans: createBanStore(db),
    blocks: createBlockStore(db),
    requests: createRequestStore(db),
    conversations: { ...conversations, entries: gatherEntries(conversations) },
    deletions: createDeletionStore(db),
    events: createEventStore(db),
    identities: createIdentityStore(db),
    members: createMemberStore(db),
    messages: createMessageStore(db),
    moves: createMoveStore(db),
    people: { ...people, byIds: gatherUsers(people) },
    peopleSearch: createPeopleSearchStore(db),
    presence: createPresenceStore(db),
    reactions: createReactionStore(db),
    reports: createReportStore(db),
    resumptions: createResumptionStore(db),
    search: createSearchStore(db),
    searchNames: createSearchNameStore(db),
    sessions: createSessionStore(db),
    invitations: createInvitationStore(db),
    threads: createThreadStore(db),
    support: createSupportStore(db),
    suspensions: createSuspensionStore(db),
    typists: createTypistStore(db),
    webhookDeliveries: createWebhookDeliveryStore(db),
    webhookEndpoints: createWebhookEndpointStore(db),
    webhookLog: createWebhookLog(db),
  }
}
