import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '../../../src/config.ts'

const secret = 'x'.repeat(32)
const databaseUrl = 'postgresql://parley:hush@db.example.com/parley'

function complaintAbout(env: NodeJS.ProcessEnv): string {
  try {
    loadConfig(env)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error('the settings were accepted')
}

describe('settings', () => {
  it('are all optional: the embedded default listens on the loopback address only', () => {
    expect(loadConfig({})).toEqual({
      port: 4000,
      host: '127.0.0.1',
      publicUrl: null,
      trustProxy: [],
      databaseUrl: null,
      databasePoolSize: 10,
      metricsPort: null,
      metricsHost: '127.0.0.1',
      migrationLockTimeoutMs: 300_000,
      redisProbeIntervalMs: 1_000,
      redisUrl: null,
      redisTls: { ca: null, cert: null, key: null },
      workers: 1,
      walArchive: null,
      dataDir: '.parley',
      jwtSecret: null,
      passwordHashMemoryKib: 19_456,
      refreshRepeatWindowMs: 30_000,
      logLevel: 'info',
      logFormat: null,
      logEventsPerSecond: 50,
      rateLimits: true,
      loginFailuresPerAddress: 80,
      loginFailuresPerAccount: 50,
      registrationsPerHour: 6_000,
      loginsPerMinute: 0,
      loginsPerQuarterHour: 0,
      usageRules: {
        sendsPerSecond: 0,
        ...{ sendsPerMinute: 0, readsPerMinute: 0, readPointsPerMinute: 0, connectsPerMinute: 0 },
        sendsPerSecondInConversation: 0,
        groupsPerHour: 0,
        addedPeoplePerDay: 0,
        uploadsPerHour: 0,
      },
      sessionsPerPerson: 100,
      development: true,
      graphiql: true,
      webClient: true,
      webhooks: {
        ...{ url: null, secret: null, includesText: false, allowedPrivate: [] },
        ...{ timeoutMs: 15_000, firstRetryMs: 5_000, leaseTtlMs: 10_000, lookIntervalMs: 200 },
        ...{ deliveredTtlMs: 259_200_000, failedTtlMs: 2_592_000_000 },
      },
      demoPeople: true,
      introspection: true,
      corsOrigins: ['*'],
      persistedDocuments: null,
      persistedDocumentsOnly: false,
      relayIntervalMs: 500,
      receiptGatherMembers: 10,
      searchIndexIntervalMs: 500,
      receiptFlushIntervalMs: 2_000,
      auditTtlMs: 400 * 24 * 3_600_000,
      reportTtlMs: 180 * 24 * 3_600_000,
      eventTtlMs: 30 * 24 * 3_600_000,
      opKeyTtlMs: 30 * 24 * 3_600_000,
      housekeepingIntervalMs: 60_000,
      presenceIntervalMs: 1_000,
      operationLimits: { objects: 50_000, byteSize: 4_194_304, processorMs: 250 },
      maxOperationsAtOnce: 8,
      maxOperationsAtOncePerAddress: 32,
      ringEvents: 2_048,
      documentLimits: { byteSize: 20_480, tokens: 1_000, depth: 12, aliases: 30 },
      documentCacheByteSize: 33_554_432,
      readCacheByteSize: 64 * 1_048_576,
      httpLimits: {
        bodyByteSize: 67_108_864,
        connectionsPerAddress: null,
        unreadByteSize: 67_108_864,
        unreadTimeoutMs: 10_000,
      },
      maxSockets: 50_000,
      maxSocketsPerAddress: 1_000,
      maxSocketsPerPerson: 100,
      maxUnauthenticatedSockets: 4_000,
      maxSubscriptions: 100_000,
      socketMessagesPerSecond: 2_000,
      maxSubscriptionsPerPerson: 1_000,
      socketMemoryByteSize: 134_217_728,
      eventWorkMsPerSecond: 250,
      ringMemoryByteSize: 64 * 1_048_576,
      uploads: {
        maxByteSize: 26_214_400,
        types: ['image/*', 'audio/*', 'video/*', 'text/*', 'application/*'],
        uploadAddressTtlMs: 900_000,
        downloadAddressTtlMs: 900_000,
        unattachedTtlMs: 86_400_000,
        scan: { command: null, clamd: null, timeoutMs: 10_000 },
        quota: { files: 100, byteSize: 524_288_000 },
      },
      traces: null,
      s3: null,
      identity: { builtin: true, outside: null },
      secretFiles: {},
      fault: null,
    })
  })

  it('cannot be changed after they were read', () => {
    const config = loadConfig({})
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.corsOrigins)).toBe(true)
  })

  it('listen on every address with a database of their own, and need the secret then', () => {
    expect(loadConfig({ DATABASE_URL: databaseUrl, JWT_SECRET: secret }).host).toBe('0.0.0.0')
    expect(complaintAbout({ DATABASE_URL: databaseUrl })).toMatch(/^JWT_SECRET must be set when DATABASE_URL is/)
  })

  it.each([
    'postgresql://u:p@/db?host=/run/postgresql',
    'postgresql:///db?host=/run/postgresql&port=5433',
    'postgres://u:p@%2Frun%2Fpostgresql/db',
    'postgresql://[::1]:5432/db',
    'postgresql://u:p,w@h/db',
  ])('take %s for the address of a database', (address) => {
    expect(loadConfig({ DATABASE_URL: address, JWT_SECRET: secret }).databaseUrl).toBe(address)
  })

  it.each(['postgresql:', 'mysql://u:p@/db', 'u:p@/db?host=/run', 'postgresql://u:p@h:port/db'])(
    'refuse %s as one',
    (address) => {
      expect(complaintAbout({ DATABASE_URL: address, JWT_SECRET: secret })).toMatch(/^DATABASE_URL must be an address/)
    },
  )

  it.each(['postgresql://u:p@h1:5432,h2:5433/db?target_session_attrs=read-write', 'postgresql:///db?host=h1,h2'])(
    'say of the several hosts of %s what to use in their place',
    (address) => {
      expect(complaintAbout({ DATABASE_URL: address, JWT_SECRET: secret })).toMatch(
        /^DATABASE_URL must be the address of one host, such as a HAProxy that leads to the primary/,
      )
    },
  )

  it.each([
    'redis://127.0.0.1',
    'redis://u:p%40w@[::1]:6379/2',
    'rediss://redis.example.com?family=6',
    'redis+sentinel://u:p@10.0.0.1:26379,s2,[::1]:26379/main/1?sentinel_password=x',
    'rediss+sentinel://s1/main',
    'redis+cluster://u:p@10.0.0.1:7000,n2,[::1]:7000',
    'rediss+cluster://n1',
  ])('take %s for the address of Redis', (address) => {
    expect(loadConfig({ REDIS_URL: address }).redisUrl).toBe(address)
  })

  it.each([
    ['redis+cluster://a:1,b:2/1', /^REDIS_URL must be an address that begins with/],
    ['redis+sentinel://a:1,b:2', /^REDIS_URL must be an address that begins with/],
    ['redis://a:1,b:2', /^REDIS_URL must be an address that begins with/],
    ['redis://a:port', /^REDIS_URL must be an address that begins with/],
  ])('refuse %s as one', (address, complaint) => {
    expect(complaintAbout({ REDIS_URL: address })).toMatch(complaint)
  })

  it('name files of certificates only where there is TLS, and that can be read', () => {
    const file = import.meta.filename
    expect(complaintAbout({ REDIS_TLS_CA_FILE: file })).toMatch(/without a REDIS_URL of rediss/)
    const env = { REDIS_URL: 'rediss://a' }
    expect(complaintAbout({ ...env, REDIS_TLS_CA_FILE: '/none' })).toBe('REDIS_TLS_CA_FILE cannot be used: ENOENT.')
    expect(complaintAbout({ ...env, REDIS_TLS_CERT_FILE: file })).toMatch(/must be set together/)
    expect(loadConfig({ ...env, REDIS_TLS_CA_FILE: file }).redisTls.ca).toContain('that can be read')
  })

  it("refuse to run the operator's documents only when there are none", () => {
    expect(complaintAbout({ PERSISTED_DOCUMENTS_ONLY: 'on' })).toMatch(/^PERSISTED_DOCUMENTS must be set/)
    const env = { PERSISTED_DOCUMENTS: 'persisted.json', PERSISTED_DOCUMENTS_ONLY: 'on' }
    expect(loadConfig(env)).toMatchObject({ persistedDocuments: 'persisted.json', persistedDocumentsOnly: true })
  })

  it('keep GraphiQL and introspection off in production unless they are asked for', () => {
    expect(loadConfig({ NODE_ENV: 'production' })).toMatchObject({ graphiql: false, introspection: false })
    expect(loadConfig({ NODE_ENV: 'production', GRAPHIQL: 'on' })).toMatchObject({ graphiql: true, development: false })
  })

  it('serve the web client with the embedded PostgreSQL in development, and where it is asked for', () => {
    expect(loadConfig({ NODE_ENV: 'production' }).webClient).toBe(false)
    expect(loadConfig({ DATABASE_URL: databaseUrl, JWT_SECRET: secret }).webClient).toBe(false)
    expect(loadConfig({ NODE_ENV: 'production', WEB_CLIENT: 'on' })).toMatchObject({
      webClient: true,
      demoPeople: false,
    })
    expect(loadConfig({ WEB_CLIENT: 'off' }).webClient).toBe(false)
    expect(loadConfig({ DEMO_PEOPLE: 'off' })).toMatchObject({ webClient: true, demoPeople: false })
    expect(loadConfig({ NODE_ENV: 'production', DEMO_PEOPLE: 'on' }).demoPeople).toBe(false)
  })

  it('have no demo people in production, nor with a database', () => {
    const JWT_SECRET = 'x'.repeat(32)
    for (const env of [{}, { NODE_ENV: 'development' }]) expect(loadConfig(env).demoPeople).toBe(true)
    const DATABASE_URL = 'postgresql://127.0.0.1/parley'
    for (const env of [{ NODE_ENV: 'production' }, { DATABASE_URL, JWT_SECRET }]) {
      expect(loadConfig({ ...env, GRAPHIQL: 'on' }).demoPeople).toBe(false)
    }
  })

  it('take an empty variable for one that is not set', () => {
    expect(loadConfig({ PORT: '', REDIS_URL: '' })).toMatchObject({ port: 4000, redisUrl: null })
  })

  it('read lists, switches and numbers', () => {
    const env = { CORS_ORIGINS: 'https://a.example, http://localhost:3000', RATE_LIMITS: 'off', PORT: '0' }
    expect(loadConfig(env)).toMatchObject({
      corsOrigins: ['https://a.example', 'http://localhost:3000'],
      rateLimits: false,
      port: 0,
    })
  })

  it('take an address with brackets, and where clients find it without a slash at the end', () => {
    const env = {
      HOST: '[::1]',
      PUBLIC_URL: 'HTTPS://Chat.Example.com:443/a/',
      TRUST_PROXY: 'loopback, 10.0.0.0/8,fd00::1',
    }
    expect(loadConfig(env)).toMatchObject({
      host: '::1',
      publicUrl: 'https://chat.example.com/a',
      trustProxy: ['loopback', '10.0.0.0/8', 'fd00::1'],
    })
    expect(loadConfig({ PUBLIC_URL: 'http://127.0.0.1:8080' }).publicUrl).toBe('http://127.0.0.1:8080')
  })

  it.each(['true', '*', '1', 'loopback,', '10.0.0.0/0', '10.0.0.0/33', 'proxy.example', '10.0.0.300', '::/0'])(
    'do not trust %j as a proxy',
    (value) => {
      expect(complaintAbout({ TRUST_PROXY: value })).toMatch(/^TRUST_PROXY must be addresses, ranges like /)
    },
  )

  it.each([
    'chat.example.com',
    'ftp://chat.example.com',
    'https://chat.example.com/?a=1',
    'https://chat.example.com/#a',
    'https://ann:hush@chat.example.com',
    'https://chat.example.com//a',
    'https://chat.example.com/a;b',
    'wss://chat.example.com',
  ])('do not take %j for where clients find it', (value) => {
    expect(complaintAbout({ PUBLIC_URL: value })).toMatch(/^PUBLIC_URL must be an address like https:/)
  })

  it.each([
    ['https://example.com/chat/graphql', 'https://example.com/chat'],
    ['https://example.com/graphql/', 'https://example.com'],
    ['HTTPS://Example.com:443/graphql', 'https://example.com'],
  ])('say what to write instead of %j for where clients find it', (value, better) => {
    expect(complaintAbout({ PUBLIC_URL: value })).toBe(
      `PUBLIC_URL must be ${better}, as /graphql is put behind it, but it is "${value}".`,
    )
    expect(loadConfig({ PUBLIC_URL: better }).publicUrl).toBe(better)
    expect(loadConfig({ PUBLIC_URL: `${better}/graphql-chat` }).publicUrl).toBe(`${better}/graphql-chat`)
  })

  it.each([
    [{ PORT: '65536' }, 'PORT must be a port from 0 (any free one) to 65535, but it is "65536".'],
    [{ PORT: '40x' }, 'PORT must be a port from 0 (any free one) to 65535, but it is "40x".'],
    [{ RATE_LIMITS: 'yes' }, 'RATE_LIMITS must be on or off, but it is "yes".'],
    [{ NODE_ENV: 'prod' }, 'NODE_ENV must be development, production or test, but it is "prod".'],
    [{ RELAY_INTERVAL_MS: '0' }, 'RELAY_INTERVAL_MS must be milliseconds from 10 to 60000, but it is "0".'],
    [{ RING_EVENTS: '-1' }, 'RING_EVENTS must be a number of events from 1 to 100000, but it is "-1".'],
    [
      { LOG_LEVEL: 'loud' },
      'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, but it is "loud".',
    ],
    [
      { CORS_ORIGINS: 'https://a.example/' },
      'CORS_ORIGINS must be * or origins like https://chat.example.com with commas between, but it is "https://a.example/".',
    ],
  ])('refuse %o with the name, the value and what is allowed', (env, message) => {
    expect(complaintAbout(env)).toBe(message)
  })

  it('do not repeat secrets and passwords in their complaint', () => {
    expect(complaintAbout({ JWT_SECRET: 'short-secret' })).toBe(
      'JWT_SECRET must be at least 32 characters, but it is a text of 12 characters.',
    )
    expect(complaintAbout({ DATABASE_URL: 'mysql://root:hush@db/x' })).not.toContain('hush')
    expect(complaintAbout({ REDIS_URL: 'http://user:hush@redis' })).not.toContain('hush')
    for (const value of ['https://ann:hush@a/', 'https://ann:hush@a/graphql', 'ann:hush@a', 'ftp://hush@a/?b']) {
      expect(complaintAbout({ PUBLIC_URL: value })).toMatch(/^PUBLIC_URL must be [^@]*, but it is a text of \d+ char/)
      expect(complaintAbout({ PUBLIC_URL: value })).not.toMatch(/ann|hush/)
    }
    expect(complaintAbout({ CORS_ORIGINS: 'https://ann:hush@a' })).not.toContain('hush')
  })

  it('let passwords be hashed with less memory than is safe only under test', () => {
    const env = { PASSWORD_HASH_MEMORY_KIB: '19455' }
    expect(loadConfig({ ...env, NODE_ENV: 'test' }).passwordHashMemoryKib).toBe(19_455)
    expect(complaintAbout(env)).toMatch(/^PASSWORD_HASH_MEMORY_KIB must be 19456 or more/)
    expect(loadConfig({ PASSWORD_HASH_MEMORY_KIB: '65536' }).passwordHashMemoryKib).toBe(65_536)
  })

  it('let a fault in only under test', () => {
    const env = { PARLEY_FAULT: 'exit-after-commit:3' }
    expect(loadConfig({ ...env, NODE_ENV: 'test' }).fault).toBe('exit-after-commit:3')
    expect(complaintAbout(env)).toMatch(/^PARLEY_FAULT must not be set/)
    expect(complaintAbout({ PARLEY_FAULT: 'anything', NODE_ENV: 'test' })).toMatch(/^PARLEY_FAULT must be a fault and/)
  })

  const store = {
    S3_BUCKET: 'files',
    S3_ENDPOINT: 'http://minio:9000/',
    S3_ACCESS_KEY_ID: 'parley',
    S3_SECRET_ACCESS_KEY: 'hush-hush',
  }

  it('have a store of files with all that it takes', () => {
    expect(loadConfig(store).s3).toEqual({
      bucket: 'files',
      endpoint: 'http://minio:9000',
      publicEndpoint: null,
      region: 'us-east-1',
      accessKeyId: 'parley',
      secretAccessKey: 'hush-hush',
      forcePathStyle: true,
    })
    const aws = { ...store, S3_ENDPOINT: '', S3_REGION: 'eu-central-1' }
    expect(loadConfig(aws).s3).toMatchObject({ endpoint: null, region: 'eu-central-1', forcePathStyle: false })
    for (const [value, is] of Object.entries({ on: true, true: true, off: false, false: false })) {
      expect(loadConfig({ ...store, S3_FORCE_PATH_STYLE: value }).s3?.forcePathStyle).toBe(is)
    }
  })

  it.each(['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'])('say in a line that %s is missing', (name) => {
    const complaint = complaintAbout({ ...store, [name]: '' })
    expect(complaint).toMatch(new RegExp(`^${name} must be set, as S3_[A-Z_]+ is: `))
    expect(complaint).not.toMatch(/hush|\n/)
  })

  it.each([
    [{ S3_REGION: 'eu-central-1' }, /^S3_BUCKET and S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set/],
    [{ S3_FORCE_PATH_STYLE: 'off' }, /^S3_BUCKET and /],
    [{ ...store, S3_ENDPOINT: '' }, /^S3_REGION must be set for a bucket of AWS, or S3_ENDPOINT/],
    [{ ...store, S3_ENDPOINT: 'minio:9000' }, /^S3_ENDPOINT must be an address like/],
    [{ ...store, S3_ENDPOINT: 'http://parley:hush@minio' }, /^S3_ENDPOINT must be [^@]* but it is a text of \d+ char/],
    [{ ...store, S3_PUBLIC_ENDPOINT: 'files' }, /^S3_PUBLIC_ENDPOINT must be an address like/],
    [{ ...store, S3_BUCKET: 'My files' }, /^S3_BUCKET must be the name of a bucket/],
    [{ ...store, S3_REGION: 'a b' }, /^S3_REGION must be a region like/],
    [{ ...store, S3_FORCE_PATH_STYLE: 'yes' }, /^S3_FORCE_PATH_STYLE must be on or off/],
    [{ ...store, DOWNLOAD_URL_TTL_SECONDS: '453601' }, /^DOWNLOAD_URL_TTL_SECONDS must be 453600 or less/],
  ])('refuse %o for a store of files', (env, complaint) => {
    expect(complaintAbout(env)).toMatch(complaint)
  })
})

describe('settings of identity', () => {
  const auth = { AUTH_JWKS_URL: 'https://login.example.com/jwks', AUTH_ISSUER: 'https://login.example.com/' }
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' })

  it('switch to tokens from outside, whose algorithms are pinned', () => {
    const { builtin, outside } = loadConfig({
      ...auth,
      ACCOUNTS: 'external',
      AUTH_ROLES: 'a=b=ADMIN, c=STAFF',
    }).identity
    expect(builtin).toBe(false)
    expect(outside).toMatchObject({
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      issuers: ['https://login.example.com/'],
      claims: { id: 'sub', name: 'name', avatar: 'picture', role: null },
      roles: { 'a=b': 'ADMIN', c: 'STAFF' },
    })
    expect(loadConfig(auth).identity.builtin).toBe(true)
    expect(
      loadConfig({ ...auth, AUTH_JWKS_URL: '', AUTH_PUBLIC_KEY: pem.replaceAll('\n', '\\n') }).identity.outside?.keys,
    ).toEqual([publicKey.export({ format: 'jwk' })])
  })

  it.each<[RegExp, NodeJS.ProcessEnv]>([
    [/^AUTH_ISSUER must be set/, { ...auth, AUTH_ISSUER: '' }],
    [/^AUTH_ISSUER must be another issuer/, { ...auth, AUTH_ISSUER: 'parley' }],
    [/^AUTH_JWKS_URL or AUTH_PUBLIC_KEY must be set, as AUTH_ISSUER is/, { AUTH_ISSUER: 'https://a' }],
    [/^AUTH_JWKS_URL or AUTH_PUBLIC_KEY must be set, as ACCOUNTS is/, { ACCOUNTS: 'external' }],
    [/^ACCOUNTS must be external or both/, { ...auth, ACCOUNTS: 'builtin' }],
    [/^ACCOUNTS must be builtin, external or both/, { ...auth, ACCOUNTS: 'none' }],
    [/^AUTH_JWKS_URL must be an address/, { ...auth, AUTH_JWKS_URL: 'file:///etc/passwd' }],
    [/^Only one of/, { ...auth, AUTH_PUBLIC_KEY: pem }],
    [/^AUTH_ALGORITHMS must be some of/, { ...auth, AUTH_ALGORITHMS: 'RS256,HS256' }],
    [/^AUTH_ALGORITHMS must be some of/, { ...auth, AUTH_ALGORITHMS: 'none' }],
    [/^AUTH_ROLES must be like/, { ...auth, AUTH_ROLES: 'admin=ROOT' }],
    [/^AUTH_PUBLIC_KEY cannot be used: it is no PEM/, { ...auth, AUTH_JWKS_URL: '', AUTH_PUBLIC_KEY: 'x' }],
    [
      /^AUTH_PUBLIC_KEY cannot be used: it is a private key/,
      { ...auth, AUTH_JWKS_URL: '', AUTH_PUBLIC_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
    ],
    [
      /^AUTH_PUBLIC_KEY is a key of the type ec/,
      { ...auth, AUTH_JWKS_URL: '', AUTH_PUBLIC_KEY: pem, AUTH_ALGORITHMS: 'RS256' },
    ],
    [/^AUTH_PUBLIC_KEY must have 2048 bits/, { ...auth, AUTH_JWKS_URL: '', AUTH_PUBLIC_KEY: String(weak) }],
    [
      /^AUTH_PUBLIC_KEY_FILE cannot be used: ENOENT/,
      { ...auth, AUTH_JWKS_URL: '', AUTH_PUBLIC_KEY_FILE: '/none/such' },
    ],
  ])('are refused in a line: %s', (complaint, env) => {
    expect(complaintAbout(env)).toMatch(complaint)
  })
})
