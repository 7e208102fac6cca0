import { isIP } from 'node:net'
import proxyAddr from 'proxy-addr'
import { z } from 'zod'
import { deploymentFault, deploymentOf, deploymentSettings } from './config/deployment.ts'
import { fileSettings, filesOf, whatIsMissing } from './config/files.ts'
import { identityFault, identityOf, identitySettings } from './config/identity.ts'
import { documentLimitsOf, documentSettings, limitSettings, presetOf, usageRulesOf } from './config/limits.ts'
import { isSecret, naming, withSecretFiles } from './config/secrets.ts'
import { traceSettings, tracesOf } from './config/traces.ts'
import { webhookSettings, webhooksOf, whatWebhooksMiss } from './config/webhooks.ts'
import { integer, isBaseUrl, listOf, onOff } from './config/values.ts'

/** A setting that cannot be used. The message is one line: the setting, what it got and what is allowed. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** As URL.canParse() has it, but also without a host after a user: `postgresql://u:p@/db?host=/run/postgresql` names a Unix socket. */
const isDatabaseUrl = (value: string) =>
  /^postgres(ql)?:\/\//.test(value) && URL.canParse(value.replace('@/', '@localhost/'))

/** libpq tries them in turn; node-postgres would take all for the name of one. */
const namesSeveralHosts = (value: string) =>
  /^[^/?]*,/.test(value.replace(/^\w+:\/\/(?:[^/?]*@)?/, '')) || /[?&]host=[^&]*,/.test(value)

const isOrigin = (value: string) => value === '*' || (URL.canParse(value) && new URL(value).origin === value)

const rangeNames: readonly string[] = ['loopback', 'linklocal', 'uniquelocal']

function isTrustable(addresses: string[]): boolean {
  // proxy-addr would take a number, as of hops, for the address that it is in another notation.
  const isNoted = (item: string) => rangeNames.includes(item) || isIP(item.split('/', 1)[0] ?? '') !== 0
  if (!addresses.every(isNoted)) return false
  try {
    proxyAddr.compile(addresses)
    return true
  } catch {
    return false
  }
}

/** A base URL with the path of the API, which is put behind it, once more. */
const withoutPath = (url: string) => new URL(url).href.replace(/(\/graphql)+\/?$/, '')

/** What OWASP asks of argon2id with two passes, at the least. */
const leastHashMemoryKib = 19_456

// Each message says what is allowed; describe() puts the name and the value before it.
const settings = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test'], 'development, production or test').default('development'),
  PORT: integer('a port from 0 (any free one) to 65535', 0, 65_535).default(4000),
  HOST: z
    .string()
    .transform((value) => value.replace(/^\[(.*)\]$/, '$1'))
    .optional(),
  PUBLIC_URL: z
    .string()
    .refine(isBaseUrl, {
      error: 'an address like https://chat.example.com or https://example.com/chat',
      abort: true,
    })
    .refine((value) => !/\/graphql\/?$/.test(value), {
      error: ({ input }) => `${withoutPath(String(input))}, as /graphql is put behind it`,
    })
    .transform((value) => new URL(value).href.replace(/\/$/, ''))
    .optional(),
  TRUST_PROXY: z
    .string()
    .transform(listOf)
    .refine(isTrustable, 'addresses, ranges like 10.0.0.0/8, or loopback, linklocal, uniquelocal, with commas between')
    .default([]),
  DATABASE_URL: z
    .string()
    .refine((value) => !namesSeveralHosts(value), {
      error: 'the address of one host, such as a HAProxy that leads to the primary (docs/operations.md, Failover)',
      abort: true,
    })
    .refine(isDatabaseUrl, 'an address that begins with postgresql:// or postgres://')
    .optional(),
  DATABASE_POOL_SIZE: integer('a number of connections from 1 to 1000', 1, 1000).default(10),
  MIGRATION_LOCK_TIMEOUT_MS: integer('milliseconds from 100 to 86400000', 100, 86_400_000).default(300_000),
  METRICS_PORT: integer('a port from 0 (any free one) to 65535', 0, 65_535).optional(),
  METRICS_HOST: z.string().default('127.0.0.1'),
  PARLEY_DATA_DIR: z.string().default('.parley'),
  JWT_SECRET: z.string().min(32, 'at least 32 characters').optional(),
  PASSWORD_HASH_MEMORY_KIB: integer('kibibytes from 64 to 1048576', 64, 1_048_576).default(leastHashMemoryKib),
  REFRESH_REPEAT_WINDOW_MS: integer('milliseconds from 0 (off) to 300000', 0, 300_000).default(30_000),
  LOG_LEVEL: z.enum(logLevels, `one of ${logLevels.join(', ')}`).default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty'], 'json or pretty').optional(),
  LOG_EVENTS_PER_SECOND: integer('lines from 0 to 1000000', 0, 1_000_000).default(50),
  RATE_LIMITS: onOff.default(true),
  LOGIN_FAILURES_PER_ADDRESS: integer('a number of logins from 1 to 1000000', 1, 1_000_000).default(80),
  LOGIN_FAILURES_PER_ACCOUNT: integer('a number of logins from 1 to 1000000', 1, 1_000_000).default(50),
  REGISTRATIONS_PER_HOUR: integer('a number of people from 1 to 1000000', 1, 1_000_000).default(6_000),
  SESSIONS_PER_PERSON: integer('a number of sessions from 1 to 10000', 1, 10_000).default(100),
  GRAPHIQL: onOff.optional(),
  INTROSPECTION: onOff.optional(),
  WEB_CLIENT: onOff.optional(),
  DEMO_PEOPLE: onOff.optional(),
  CORS_ORIGINS: z
    .string()
    .default('*')
    .transform(listOf)
    .refine((origins) => origins.every(isOrigin), '* or origins like https://chat.example.com with commas between'),
  PERSISTED_DOCUMENTS: z.string().optional(),
  PERSISTED_DOCUMENTS_ONLY: onOff.default(false),
  RELAY_INTERVAL_MS: integer('milliseconds from 10 to 60000', 10, 60_000).default(500),
  RECEIPT_GATHER_MEMBERS: integer('a number of members from 2 to 1000000', 2, 1_000_000).default(10),
  RECEIPT_FLUSH_INTERVAL_MS: integer('milliseconds from 10 to 60000', 10, 60_000).default(2_000),
  SEARCH_INDEX_INTERVAL_MS: integer('milliseconds from 10 to 60000', 10, 60_000).default(500),
  AUDIT_RETENTION_DAYS: integer('days from 1 to 36500', 1, 36_500).default(400),
  REPORT_RETENTION_DAYS: integer('days from 1 to 36500', 1, 36_500).default(180),
  EVENT_RETENTION_HOURS: integer('hours from 1 to 87600', 1, 87_600).default(720),
  OP_KEY_RETENTION_HOURS: integer('hours from 1 to 87600', 1, 87_600).default(720),
  HOUSEKEEPING_INTERVAL_MS: integer('milliseconds from 100 to 3600000', 100, 3_600_000).default(60_000),
  PRESENCE_INTERVAL_MS: integer('milliseconds from 100 to 60000', 100, 60_000).default(1_000),
  REDIS_PROBE_INTERVAL_MS: integer('milliseconds from 100 to 60000', 100, 60_000).default(1_000),
  RING_EVENTS: integer('a number of events from 1 to 100000', 1, 100_000).default(2_048),
  RING_MEMORY_MB: integer('megabytes from 1 to 65536', 1, 65_536).default(64),
  READ_CACHE_MB: integer('megabytes from 0 (off) to 65536', 0, 65_536).default(64),
  CONNECTIONS_PER_ADDRESS: integer('a number of connections from 1 to 1000000', 1, 1_000_000).optional(),
  REQUEST_BODIES_MB: integer('megabytes from 1 to 65536', 1, 65_536).default(64),
  UNREAD_ANSWERS_MB: integer('megabytes from 1 to 65536', 1, 65_536).default(64),
  UNREAD_ANSWER_TIMEOUT_MS: integer('milliseconds from 100 to 600000', 100, 600_000).default(10_000),
  MAX_OPERATION_OBJECTS: integer('objects from 100 to 10000000', 100, 10_000_000).default(50_000),
  MAX_ANSWER_KB: integer('kilobytes from 16 to 1048576', 16, 1_048_576).default(4_096),
  MAX_OPERATION_MS: integer('milliseconds from 10 to 60000', 10, 60_000).default(250),
  MAX_OPERATIONS_AT_ONCE: integer('operations from 1 to 10000', 1, 10_000).default(8),
  MAX_OPERATIONS_AT_ONCE_PER_ADDRESS: integer('operations from 1 to 10000', 1, 10_000).default(32),
  DOCUMENT_CACHE_MB: integer('megabytes from 1 to 65536', 1, 65_536).default(32),
  MAX_SOCKETS: integer('a number of sockets from 1 to 1000000', 1, 1_000_000).default(50_000),
  MAX_SOCKETS_PER_ADDRESS: integer('a number of sockets from 1 to 1000000', 1, 1_000_000).default(1_000),
  MAX_SOCKETS_PER_PERSON: integer('a number of sockets from 1 to 1000000', 1, 1_000_000).default(100),
  MAX_UNAUTHENTICATED_SOCKETS: integer('a number of sockets from 1 to 1000000', 1, 1_000_000).default(4_000),
  MAX_SUBSCRIPTIONS: integer('a number of subscriptions from 1 to 10000000', 1, 10_000_000).default(100_000),
  MAX_SUBSCRIPTIONS_PER_PERSON: integer('a number of subscriptions from 1 to 100000', 1, 100_000).default(1_000),
  SOCKET_MEMORY_MB: integer('megabytes from 1 to 65536', 1, 65_536).default(128),
  EVENT_WORK_MS_PER_SECOND: integer('milliseconds from 1 to 1000', 1, 1_000).default(250),
  ...deploymentSettings,
  ...documentSettings,
  ...limitSettings,
  ...fileSettings,
  ...identitySettings,
  ...webhookSettings,
  ...traceSettings,
  PARLEY_FAULT: z
    .string()
    .regex(/^[a-z][a-z-]*:[1-9]\d{0,5}$/, 'a fault and a count, like exit-after-commit:3')
    .optional(),
})

function describe(issue: z.core.$ZodIssue, env: Readonly<Record<string, string | undefined>>): string {
  const name = String(issue.path[0])
  // Secrets and addresses (which hold passwords before an @) are measured, not quoted: this line ends up in logs.
  const value = env[name] ?? ''
  const got = isSecret(name) || value.includes('@') ? `a text of ${value.length} characters` : JSON.stringify(value)
  return `${name} must be ${issue.message}, but it is ${got}.`
}

/** Reads every setting, or throws ConfigError. An empty variable counts as not set, as in docker compose files. */
export function loadConfig(env: NodeJS.ProcessEnv) {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const fromFiles = withSecretFiles(set)
  if (typeof fromFiles === 'string') throw new ConfigError(fromFiles)
  const { given, files } = fromFiles
  const result = settings.safeParse({ ...presetOf(given.LIMITS), ...given })
  if (!result.success) {
    const [issue] = result.error.issues
    throw new ConfigError(issue === undefined ? 'The settings cannot be read.' : naming(describe(issue, given), files))
  }
  const read = result.data
  const embedded = read.DATABASE_URL === undefined
  const development = read.NODE_ENV !== 'production'
  if (!embedded && read.JWT_SECRET === undefined) {
    throw new ConfigError(
      'JWT_SECRET must be set when DATABASE_URL is, or JWT_SECRET_FILE: a text of at least 32 characters, the same in every process.',
    )
  }
  if (read.PARLEY_FAULT !== undefined && read.NODE_ENV !== 'test') {
    throw new ConfigError('PARLEY_FAULT must not be set: it makes the server fail on purpose, for NODE_ENV=test only.')
  }
  if (read.PASSWORD_HASH_MEMORY_KIB < leastHashMemoryKib && read.NODE_ENV !== 'test') {
    throw new ConfigError(
      `PASSWORD_HASH_MEMORY_KIB must be ${leastHashMemoryKib} or more: with less a stolen hash is soon guessed.`,
    )
  }
  if (read.PERSISTED_DOCUMENTS_ONLY && read.PERSISTED_DOCUMENTS === undefined) {
    throw new ConfigError('PERSISTED_DOCUMENTS must be set when PERSISTED_DOCUMENTS_ONLY is on: a file of documents.')
  }
  const missing = deploymentFault(read) ?? whatIsMissing(read) ?? identityFault(read, given) ?? whatWebhooksMiss(read)
  if (missing !== null) throw new ConfigError(naming(missing, files))
  return Object.freeze({
    port: read.PORT,
    host: read.HOST ?? (embedded ? '127.0.0.1' : '0.0.0.0'),
    /** Where clients find us, without a slash at the end. Null: as they ask, or as a trusted proxy says. */
    publicUrl: read.PUBLIC_URL ?? null,
    /** Addresses and ranges of proxies whose headers count. */
    trustProxy: Object.freeze(read.TRUST_PROXY),
    /** Null: the embedded PostgreSQL. */
    databaseUrl: read.DATABASE_URL ?? null,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    migrationLockTimeoutMs: read.MIGRATION_LOCK_TIMEOUT_MS,
    ...deploymentOf(read),
    /** Where Prometheus finds figures. Null: nowhere. */
    metricsPort: read.METRICS_PORT ?? null,
    metricsHost: read.METRICS_HOST,
    dataDir: read.PARLEY_DATA_DIR,
    /** Null, in embedded mode only: generated and kept in the data folder. */
    jwtSecret: read.JWT_SECRET ?? null,
    passwordHashMemoryKib: read.PASSWORD_HASH_MEMORY_KIB,
    refreshRepeatWindowMs: read.REFRESH_REPEAT_WINDOW_MS,
    logLevel: read.LOG_LEVEL,
    /** Null: for a person where one looks on at development, else JSON. */
    logFormat: read.LOG_FORMAT ?? null,
    /** Most lines in a second of each kind of thing that happens. */
    logEventsPerSecond: read.LOG_EVENTS_PER_SECOND,
    rateLimits: read.RATE_LIMITS,
    loginFailuresPerAddress: read.LOGIN_FAILURES_PER_ADDRESS,
    loginFailuresPerAccount: read.LOGIN_FAILURES_PER_ACCOUNT,
    registrationsPerHour: read.REGISTRATIONS_PER_HOUR,
    loginsPerMinute: read.LOGINS_PER_MINUTE,
    loginsPerQuarterHour: read.LOGINS_PER_QUARTER_HOUR,
    usageRules: usageRulesOf(read),
    sessionsPerPerson: read.SESSIONS_PER_PERSON,
    development,
    graphiql: read.GRAPHIQL ?? development,
    /** Whether GraphiQL and the web client sign people in by a click: with data that is this machine's own, and to try things. */
    demoPeople: development && embedded && read.DEMO_PEOPLE !== false && read.ACCOUNTS !== 'external',
    /** Whether the web client is served at /. */
    webClient: read.WEB_CLIENT ?? (development && embedded),
    introspection: read.INTROSPECTION ?? development,
    corsOrigins: Object.freeze(read.CORS_ORIGINS),
    /** A file of documents by their hash. */
    persistedDocuments: read.PERSISTED_DOCUMENTS ?? null,
    persistedDocumentsOnly: read.PERSISTED_DOCUMENTS_ONLY,
    relayIntervalMs: read.RELAY_INTERVAL_MS,
    /** From how many members on a conversation's receipts are gathered. */
    receiptGatherMembers: read.RECEIPT_GATHER_MEMBERS,
    searchIndexIntervalMs: read.SEARCH_INDEX_INTERVAL_MS,
    receiptFlushIntervalMs: read.RECEIPT_FLUSH_INTERVAL_MS,
    auditTtlMs: read.AUDIT_RETENTION_DAYS * 86_400_000,
    reportTtlMs: read.REPORT_RETENTION_DAYS * 86_400_000,
    eventTtlMs: read.EVENT_RETENTION_HOURS * 3_600_000,
    opKeyTtlMs: read.OP_KEY_RETENTION_HOURS * 3_600_000,
    housekeepingIntervalMs: read.HOUSEKEEPING_INTERVAL_MS,
    presenceIntervalMs: read.PRESENCE_INTERVAL_MS,
    redisProbeIntervalMs: read.REDIS_PROBE_INTERVAL_MS,
    ringEvents: read.RING_EVENTS,
    ringMemoryByteSize: read.RING_MEMORY_MB * 1_048_576,
    /** Answers of queries that are kept; 0: none are. */
    readCacheByteSize: read.READ_CACHE_MB * 1_048_576,
    httpLimits: Object.freeze({
      /** Null: the default, and none for addresses that many share. */
      connectionsPerAddress: read.CONNECTIONS_PER_ADDRESS ?? null,
      bodyByteSize: read.REQUEST_BODIES_MB * 1_048_576,
      unreadByteSize: read.UNREAD_ANSWERS_MB * 1_048_576,
      unreadTimeoutMs: read.UNREAD_ANSWER_TIMEOUT_MS,
    }),
    /** What one operation may come to. */
    operationLimits: Object.freeze({
      objects: read.MAX_OPERATION_OBJECTS,
      byteSize: read.MAX_ANSWER_KB * 1_024,
      processorMs: read.MAX_OPERATION_MS,
    }),
    /** Of one person, or one address without a token. */
    maxOperationsAtOnce: read.MAX_OPERATIONS_AT_ONCE,
    maxOperationsAtOncePerAddress: read.MAX_OPERATIONS_AT_ONCE_PER_ADDRESS,
    documentCacheByteSize: read.DOCUMENT_CACHE_MB * 1_048_576,
    documentLimits: documentLimitsOf(read),
    maxSockets: read.MAX_SOCKETS,
    maxSocketsPerAddress: read.MAX_SOCKETS_PER_ADDRESS,
    maxSocketsPerPerson: read.MAX_SOCKETS_PER_PERSON,
    maxUnauthenticatedSockets: read.MAX_UNAUTHENTICATED_SOCKETS,
    maxSubscriptions: read.MAX_SUBSCRIPTIONS,
    socketMessagesPerSecond: read.SOCKET_MESSAGES_PER_SECOND,
    maxSubscriptionsPerPerson: read.MAX_SUBSCRIPTIONS_PER_PERSON,
    /** Of what clients sent to sockets and streams and is kept. */
    socketMemoryByteSize: read.SOCKET_MEMORY_MB * 1_048_576,
    /** Processor time for the events of one person's subscriptions. */
    eventWorkMsPerSecond: read.EVENT_WORK_MS_PER_SECOND,
    ...filesOf(read),
    identity: identityOf(read),
    ...webhooksOf(read),
    ...tracesOf(read),
    /** Settings that came from a file, and which. */
    secretFiles: Object.freeze(files),
    /** A place where tests make the process die, like `exit-after-commit:3`. */
    fault: read.PARLEY_FAULT ?? null,
  })
}

export type Config = ReturnType<typeof loadConfig>
