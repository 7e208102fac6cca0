import { z } from 'zod'
import { integer } from './values.ts'

const orNone = (what: string, max: number) => integer(`a number of ${what} from 0 (no bound) to ${String(max)}`, 0, max)

/** What the text of an operation may come to. Less would not let our own clients in. */
export const documentSettings = {
  MAX_DOCUMENT_KB: integer('kilobytes from 4 to 1024', 4, 1_024).default(20),
  MAX_DOCUMENT_TOKENS: integer('tokens from 500 to 100000', 500, 100_000).default(1_000),
  MAX_DOCUMENT_DEPTH: integer('levels from 8 to 64', 8, 64).default(12),
  MAX_DOCUMENT_ALIASES: integer('aliases from 0 to 10000', 0, 10_000).default(30),
}

export const documentLimitsOf = (read: z.output<z.ZodObject<typeof documentSettings>>) =>
  Object.freeze({
    byteSize: read.MAX_DOCUMENT_KB * 1_024,
    tokens: read.MAX_DOCUMENT_TOKENS,
    depth: read.MAX_DOCUMENT_DEPTH,
    aliases: read.MAX_DOCUMENT_ALIASES,
  })

/** How much of what people may do over time. */
export const limitSettings = {
  LIMITS: z.enum(['standard', 'internet', 'strict'], 'standard, internet or strict').default('standard'),
  LOGINS_PER_MINUTE: orNone('logins', 1_000_000).default(0),
  LOGINS_PER_QUARTER_HOUR: orNone('logins', 1_000_000).default(0),
  SENDS_PER_SECOND: orNone('messages', 100_000).default(0),
  SENDS_PER_MINUTE: orNone('messages', 1_000_000).default(0),
  SENDS_PER_SECOND_IN_CONVERSATION: orNone('messages', 100_000).default(0),
  READS_PER_MINUTE: orNone('queries', 1_000_000).default(0),
  READ_POINTS_PER_MINUTE: orNone('objects', 1_000_000_000).default(0),
  CONNECTS_PER_MINUTE: orNone('sockets', 1_000_000).default(0),
  SOCKET_MESSAGES_PER_SECOND: integer('a number of messages from 1 to 100000', 1, 100_000).default(2_000),
  GROUPS_PER_HOUR: orNone('groups', 1_000_000).default(0),
  ADDED_PEOPLE_PER_DAY: orNone('people', 1_000_000).default(0),
  UPLOADS_PER_HOUR: orNone('uploads', 1_000_000).default(0),
}

/** Settings of which each preset has defaults of its own; what is set by itself counts. */
const presets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  internet: {
    LOGINS_PER_MINUTE: '5',
    LOGIN_FAILURES_PER_ACCOUNT: '10',
    REGISTRATIONS_PER_HOUR: '10',
    SENDS_PER_SECOND: '5',
    SENDS_PER_SECOND_IN_CONVERSATION: '50',
    READ_POINTS_PER_MINUTE: '500000',
    CONNECTS_PER_MINUTE: '10',
    SOCKET_MESSAGES_PER_SECOND: '20',
    GROUPS_PER_HOUR: '10',
    ADDED_PEOPLE_PER_DAY: '1000',
    UPLOADS_PER_HOUR: '100',
    MAX_SOCKETS_PER_PERSON: '20',
    MAX_SOCKETS_PER_ADDRESS: '100',
  },
  /** For a server that few people try out together. */
  strict: {
    LOGINS_PER_QUARTER_HOUR: '5',
    SENDS_PER_MINUTE: '30',
    READS_PER_MINUTE: '60',
    CONNECTS_PER_MINUTE: '10',
  },
}

export const presetOf = (name: string | undefined): Readonly<Record<string, string>> => presets[name ?? ''] ?? {}

type Read = z.output<z.ZodObject<typeof limitSettings>>

export const usageRulesOf = (read: Read) =>
  Object.freeze({
    sendsPerSecond: read.SENDS_PER_SECOND,
    sendsPerMinute: read.SENDS_PER_MINUTE,
    readsPerMinute: read.READS_PER_MINUTE,
    readPointsPerMinute: read.READ_POINTS_PER_MINUTE,
    connectsPerMinute: read.CONNECTS_PER_MINUTE,
    sendsPerSecondInConversation: read.SENDS_PER_SECOND_IN_CONVERSATION,
    groupsPerHour: read.GROUPS_PER_HOUR,
    addedPeoplePerDay: read.ADDED_PEOPLE_PER_DAY,
    uploadsPerHour: read.UPLOADS_PER_HOUR,
  })
