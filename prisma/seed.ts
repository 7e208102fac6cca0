import { join } from 'node:path'
import { hash, verify } from '@node-rs/argon2'
import pg from 'pg'
import { openFiles } from '../src/app/files.ts'
import { createInProcessBus } from '../src/bus/inprocess.ts'
import { ConfigError, loadConfig, type Config } from '../src/config.ts'
import { newId } from '../src/domain/ids.ts'
import { requestHash } from '../src/domain/op-key.ts'
import { noAttemptsCounted } from '../src/domain/sessions/attempts.ts'
import { startSessionWatch } from '../src/domain/sessions/session-watch.ts'
import { OwnSessions } from '../src/domain/sessions/sessions.ts'
import { searchNameOf } from '../src/domain/text/fold.ts'
import { StartError } from '../src/start-error.ts'
import { createDatabase, type Database } from '../src/store/database/database.ts'
import { runningEmbeddedUrl, startEmbeddedPostgres } from '../src/embedded/postgres.ts'
import { addressIn } from '../src/embedded/address.ts'
import { ownSecret } from '../src/embedded/own-secret.ts'
import { clientConfig, createSettle } from '../src/store/database/session.ts'
import { sendPicture } from './demo-picture.ts'
import { playModeration } from './demo-moderation.ts'
import { playSupport } from './demo-support.ts'
import { migrate } from '../src/store/database/migrate.ts'
import { createAttachmentStore } from '../src/store/attachments.ts'
import { createInvitationStore, type InvitationStore } from '../src/store/invitations.ts'
import { createSessionStore, type SessionStore } from '../src/store/sessions.ts'
import type { Outcome, Write } from '../src/store/writing/outcomes.ts'
import { createWrite } from '../src/store/writing/writes.ts'
import { createLogger } from '../src/telemetry/logger.ts'
import { conversationCount, demoWorld, messageCount, people, type Action } from './demo-world.ts'

const demoPassword = 'parley-demo'
/** Less than the log keeps (EVENT_RETENTION_HOURS), so that it can be read from its beginning. */
const daysOfHistory = 21
/** Beside prisma/ and dist/ alike. */
const migrationsDir = join(import.meta.dirname, '../prisma/migrations')
const logger = createLogger('warn')

/** The database of DATABASE_URL, else the embedded one of the running server, else the embedded one, started for this. */
async function openDatabase(
  config: Config,
): Promise<{ url: string; isServerRunning: boolean; stop: () => Promise<void> }> {
  const url = config.databaseUrl ?? runningEmbeddedUrl(config.dataDir)
  if (url !== null) return { url, isServerRunning: true, stop: () => Promise.resolve() }
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log: logger })
  return { url: postgres.url, isServerRunning: false, stop: () => postgres.stop() }
}

/** Ids of the demo people in their order; they are made where there are none. */
async function ensurePeople(store: SessionStore): Promise<string[]> {
  const passwordHash = await hash(demoPassword)
  return Promise.all(
    people.map(async ({ handle, displayName }) => {
      const id = newId()
      const searchName = searchNameOf(displayName)
      if (await store.createUser({ id, handle, displayName, searchName, passwordHash })) return id
      const credential = await store.credential(handle)
      if (credential && (await verify(credential.passwordHash, demoPassword))) return credential.userId
      throw new StartError(`The handle ${handle} belongs to somebody else, so the demo world cannot be made here.`)
    }),
  )
}

/**
 * Runs the plan through the same write functions as the server. Each key is fixed, so that a run that was interrupted
 * is completed by the next one: what was written before answers DUPLICATE.
 */
class Player {
  private readonly conversations = new Map<number, string>()
  /** seq by conversation and number of the message in the plan. */
  private readonly seqs = new Map<string, number>()

  constructor(
    private readonly write: Write,
    private readonly users: readonly string[],
  ) {}

  async play(action: Action): Promise<void> {
    const result = await this.call(action)
    const { outcome } = result
    if (!['ACCEPTED', 'DUPLICATE', 'ADVANCED', 'UNCHANGED'].includes(outcome) && !this.isDoneBefore(action, outcome)) {
      throw new Error(`${JSON.stringify(action)} was refused: ${outcome}`)
    }
    if ('conversationId' in result) this.conversations.set(action.conversation, result.conversationId)
    if (action.kind === 'send' && 'message' in result) {
      this.seqs.set(`${action.conversation} ${action.message}`, result.message.seq)
    }
  }

  private call(action: Action): Promise<Outcome> {
    const { write } = this
    const actorId = this.user(action.actor)
    if (action.kind === 'startDirect') {
      return write({ type: 'startDirect', actorId, peerId: this.user(action.peer), newId: newId() })
    }
    if (action.kind === 'createGroup') {
      const { title, editPolicy } = action
      const memberIds = action.members.map((member) => this.user(member)).sort()
      const hash = requestHash('createGroup', [title, editPolicy, ...memberIds])
      const key = { opKey: keyOf(action), hash }
      return write({ type: 'createGroup', actorId, newId: newId(), title, editPolicy, memberIds, ...key })
    }
    const conversationId = this.conversations.get(action.conversation)
    if (conversationId === undefined) throw new Error(`conversation ${action.conversation} was not made yet`)
    const place = { actorId, conversationId }
    const opKey = keyOf(action)
    switch (action.kind) {
      case 'send': {
        const { text } = action
        const replyToSeq = action.replyTo === null ? null : this.seq(action, action.replyTo)
        const mentionIds = action.mentions.length > 0 ? action.mentions.map((person) => this.user(person)) : null
        // As domain/messages has it: nothing more without mentions.
        const mentioning = mentionIds ? [false, [...mentionIds].sort().join(' '), ''] : []
        const hash = requestHash('sendMessage', [conversationId, text, replyToSeq, ...mentioning])
        const extras = { mentionIds, mentionEveryone: false, attachmentIds: null }
        return write({ type: 'sendMessage', ...place, opKey, hash, text, replyToSeq, ...extras })
      }
      case 'edit': {
        const seq = this.seq(action, action.message)
        const { text } = action
        const hash = requestHash('editMessage', [conversationId, seq, text, null])
        return write({
          type: 'editMessage',
          ...place,
          seq,
          opKey,
          hash,
          text,
          expectedRevision: null,
          mentionIds: null,
        })
      }
      case 'remove': {
        const seq = this.seq(action, action.message)
        const hash = requestHash('deleteMessage', [conversationId, seq])
        return write({ type: 'deleteMessage', ...place, seq, opKey, hash })
      }
      case 'react': {
        const seq = this.seq(action, action.message)
        const { emoji } = action
        const hash = requestHash('toggleReaction', [conversationId, seq, emoji, true])
        return write({ type: 'toggleReaction', ...place, seq, opKey, hash, emoji, on: true })
      }
      case 'pin': {
        const seq = this.seq(action, action.message)
        const hash = requestHash('pinMessage', [conversationId, seq, true])
        return write({ type: 'pinMessage', ...place, seq, opKey, hash, pinned: true })
      }
      case 'read':
        return write({ type: 'advanceCursor', ...place, readSeq: this.seq(action, action.message), deliveredSeq: 0 })
      case 'deliver':
        return write({ type: 'advanceCursor', ...place, readSeq: 0, deliveredSeq: this.seq(action, action.message) })
      case 'entry': {
        const { pinned = null, archived = null, mutedHours, unreadFrom } = action
        const mutedUntil = mutedHours === undefined ? null : new Date(Date.now() + mutedHours * 3_600_000)
        const unreadFromSeq = unreadFrom === undefined ? null : this.seq(action, unreadFrom)
        const muting = { setMuted: mutedUntil !== null, mutedUntil }
        return write({ type: 'updateEntry', ...place, ...muting, archived, pinned, unreadFromSeq })
      }
      case 'addMember':
        return write({ type: 'addMembers', ...place, userIds: [this.user(action.user)], maxMembers: 10_000 })
      case 'promote':
        return write({ type: 'setRole', ...place, userId: this.user(action.user), role: 'ADMIN' })
      case 'leave':
        return write({ type: 'removeMember', ...place, userId: actorId })
    }
  }

  /** Who left in an interrupted run can neither leave again nor read. */
  private isDoneBefore(action: Action, outcome: string): boolean {
    // Some messages of the world are deleted.
    if (outcome === 'MESSAGE_DELETED') return ['react', 'pin'].includes(action.kind)
    return outcome === 'NOT_FOUND' && ['leave', 'read', 'deliver', 'entry', 'react', 'pin'].includes(action.kind)
  }

  private user(index: number): string {
    const id = this.users[index]
    if (id === undefined) throw new Error(`person ${index} was not made`)
    return id
  }

  private seq({ conversation }: Action, message: number): number {
    const seq = this.seqs.get(`${conversation} ${message}`)
    if (seq === undefined) throw new Error(`message ${message} of conversation ${conversation} was not sent yet`)
    return seq
  }
}

/** The key of an action's write: fixed, and different for each. */
function keyOf(action: Action): string {
  return `demo-${action.kind}-${action.conversation}${'message' in action ? `-${action.message}` : ''}${action.kind === 'react' ? `-${action.actor}` : ''}`
}

/**
 * Spreads the history over the last days. All times of the demo world are stretched by one factor, so that everything
 * stays in order; nobody but the demo people has seen them. Stretching twice changes next to nothing.
 */
async function spreadOverDays(connectionString: string, users: string[]): Promise<void> {
  const client = new pg.Client(clientConfig(connectionString))
  await client.connect()
  try {
    await createSettle()(client)
    await client.query('BEGIN')
    await client.query(
      `CREATE TEMPORARY TABLE demo ON COMMIT DROP AS
         SELECT id FROM conversations c WHERE NOT EXISTS (
             SELECT FROM members WHERE conversation_id = c.id AND user_id <> ALL ($1::uuid[]))
           AND EXISTS (SELECT FROM members WHERE conversation_id = c.id)`,
      [users],
    )
    const { rows } = await client.query<{ from: Date; now: Date }>(
      'SELECT min(created_at) AS "from", clock_timestamp() AS now FROM users WHERE id = ANY ($1::uuid[])',
      [users],
    )
    await client.query(`CREATE FUNCTION pg_temp.stretched(t timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE RETURN
      ${literal(rows[0]?.now)} - (${literal(rows[0]?.now)} - t) * (${daysOfHistory * 86_400}::float8
        / extract(epoch FROM ${literal(rows[0]?.now)} - ${literal(rows[0]?.from)})::float8)`)
    const inDemo = 'conversation_id IN (SELECT id FROM demo)'
    const statements = [
      `UPDATE messages SET created_at = pg_temp.stretched(created_at), edited_at = pg_temp.stretched(edited_at),
        deleted_at = pg_temp.stretched(deleted_at) WHERE ${inDemo}`,
      `UPDATE pins SET pinned_at = pg_temp.stretched(pinned_at) WHERE ${inDemo}`,
      `UPDATE receipts SET read_at = pg_temp.stretched(read_at) WHERE ${inDemo}`,
      `UPDATE members SET joined_at = pg_temp.stretched(joined_at), left_at = pg_temp.stretched(left_at) WHERE ${inDemo}`,
      `UPDATE conversations SET created_at = pg_temp.stretched(created_at),
        last_activity_at = pg_temp.stretched(last_activity_at) WHERE id IN (SELECT id FROM demo)`,
      `UPDATE support_cases SET queue_at = pg_temp.stretched(queue_at), first_answered_at = pg_temp.stretched(first_answered_at)
        WHERE ${inDemo}`,
      `UPDATE events SET occurred_at = pg_temp.stretched(occurred_at),
        data = CASE WHEN data ? 'receipts' THEN jsonb_set(data, '{receipts}', (
          SELECT jsonb_agg(r || jsonb_build_object('at', pg_temp.stretched((r->>'at')::timestamptz)))
            FROM jsonb_array_elements(data->'receipts') r)) ELSE data END
       WHERE stream_id IN (SELECT id FROM demo)`,
    ]
    for (const statement of statements) await client.query(statement)
    await client.query(
      'UPDATE events SET occurred_at = pg_temp.stretched(occurred_at) WHERE stream_id = ANY ($1::uuid[])',
      [users],
    )
    await client.query('UPDATE users SET created_at = pg_temp.stretched(created_at) WHERE id = ANY ($1::uuid[])', [
      users,
    ])
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}

const literal = (at: Date | undefined) => `timestamptz '${(at ?? new Date()).toISOString()}'`

/** Members. Receipts of the past are told where they belong, and not when somebody starts a server. */
const neverGathered = 2_147_483_647

/** Makes what is missing of the demo world. False when it was all there. */
async function fill(config: Config, db: Database, connectionString: string, users: string[]): Promise<boolean> {
  const actions = demoWorld()
  const last = actions.pop()
  if (!last) return false
  const player = new Player(createWrite(db, neverGathered), users)
  // By the message and not by its key in the log, which forgets keys after a while.
  const made = { senderId: users[last.actor] ?? '', clientMessageId: keyOf(last) }
  if (await db.prisma.message.findFirst({ where: made })) return false
  for (const action of actions) await player.play(action)
  await playSupport(createWrite(db, neverGathered), db, users)
  const store = createAttachmentStore(db)
  const files = await openFiles(config, { attachments: store }, logger)
  await sendPicture(createWrite(db, neverGathered), db, { store, files }, users)
  await spreadOverDays(connectionString, users)
  // What a report keeps of a message has its time.
  await playModeration(createWrite(db, neverGathered), db, users)
  // Only now: whoever finds this message knows that everything else is there.
  await player.play(last)
  return true
}

async function printTokens(config: Config, store: SessionStore, invitations: InvitationStore): Promise<void> {
  const bus = createInProcessBus(logger)
  const watch = await startSessionWatch({ store, bus, logger })
  const sessions = new OwnSessions({
    store,
    invitations,
    watch,
    presence: { sessionEnded: () => undefined },
    jwtSecret: config.jwtSecret ?? ownSecret(config.dataDir),
    passwordHashMemoryKib: config.passwordHashMemoryKib,
    refreshRepeatWindowMs: config.refreshRepeatWindowMs,
    sessionsPerPerson: config.sessionsPerPerson,
    attempts: noAttemptsCounted,
    usage: { note: () => undefined },
    audit: { loginFailed: () => undefined },
  })
  for (const { handle, displayName } of people.slice(0, 3)) {
    const session = await sessions.login({ handle, password: demoPassword }, { ip: 'none', userAgent: 'seed' })
    if (session instanceof Error) throw session
    const { accessToken } = session
    console.log(`\n${displayName} (${handle})\n{ "authorization": "Bearer ${accessToken}" }`)
  }
  watch.stop()
  await bus.close()
}

async function seed(config: Config): Promise<void> {
  if (!config.development) {
    throw new StartError('The demo people have a public password, so the seed is refused with NODE_ENV=production.')
  }
  const startedAtMs = Date.now()
  const { url, isServerRunning, stop } = await openDatabase(config)
  try {
    await migrate({
      connectionString: url,
      migrationsDir,
      log: logger,
      lockTimeoutMs: config.migrationLockTimeoutMs,
    })
    // Thousands of small commits: none of them alone is worth waiting for the disk.
    const db = createDatabase({ connectionString: url, poolSize: 4, logger, isDurable: false })
    try {
      const store = createSessionStore(db)
      const users = await ensurePeople(store)
      const isNew = await fill(config, db, url, users)
      const took = isNew ? `made in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s` : 'there already'
      console.log(
        `The demo world is ${took}: ${people.length} people, ${conversationCount} conversations, ${messageCount} messages, 2 conversations with support, a picture, 2 reports, a block and a request.`,
      )
      const running = isServerRunning && config.databaseUrl === null ? addressIn(config.dataDir) : null
      const address = running ?? `http://127.0.0.1:${config.port}/graphql`
      console.log(`\nGraphiQL: ${address}${isServerRunning ? '' : ' (start the server first: npm start)'}`)
      console.log('Put one of these into its Headers tab. They are good for 15 minutes; this command makes new ones.')
      await printTokens(config, store, createInvitationStore(db))
      console.log(`\nEverybody's password is ${demoPassword}. Handles:`)
      console.log(people.map(({ handle }) => handle).join(' '))
    } finally {
      await db.close()
    }
  } finally {
    await stop()
  }
}

try {
  await seed(loadConfig(process.env))
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof StartError
  console.error(expected ? `The demo world was not made. ${error.message}` : error)
  process.exitCode = 1
}
