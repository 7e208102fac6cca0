import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Pool } from 'pg'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { migrate } from '../../src/store/database/migrate.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { OpenSupportDocument } from '../../sdk/src/generated/graphql.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { startProxy, type Proxy } from '../testkit/proxy.ts'
import { ensureRedisServer, startRedis, type RedisServer } from '../testkit/redis.ts'
import { textFile, upload } from '../testkit/uploads.ts'
import type { Chance } from './chance.ts'
import { ServerSlot } from './server-slot.ts'

export interface Talk {
  /** Global id. */
  id: string
  owner: Person
  members: Person[]
  isGroup: boolean
  /** Of a person with the staff, who are no members before they answer. */
  isSupport: boolean
  /** People join and leave all the time. */
  churns: boolean
  /** Its people clear it for themselves: what they wrote before is withheld from them too. */
  clears: boolean
  /** Its owner deletes it on the way. */
  doomed: boolean
  /** One of the two blocks the other now and then. */
  blocks: boolean
  /** The newest seq that any client has received. */
  headSeq: number
}

const serverCount = 3
const peopleCount = 20
const groupCount = 8
const groupSize = 8
const directCount = 10
const staffCount = 3
const supportCount = 3
const filesPerPerson = 5
const plain = {
  ...{ isGroup: false, isSupport: false, churns: false, clears: false, doomed: false, blocks: false },
  headSeq: 0,
}
const root = join(import.meta.dirname, '../..')

/** Everything that a run needs. The run starts and ends it alone and shares nothing. */
export class World {
  /** Events that no fault explains. */
  readonly unexpected: string[] = []
  readonly logDir = mkdtempSync(join(tmpdir(), 'parley-chaos-'))
  /** Whether the servers' logs stay when the program is over. */
  keepLogs = false
  servers: ServerSlot[] = []
  people: Person[] = []
  talks: Talk[] = []
  /** The last of the people. */
  staff: Person[] = []
  /** Titles of the support conversations that were opened on the way. */
  readonly opened: string[] = []
  /** Files that a person has uploaded and not sent yet. */
  readonly files = new Map<Person, string[]>()
  private readonly dataDir = join(this.logDir, 'database')
  private readonly stops: (() => Promise<unknown>)[] = []
  private stopping: Promise<void> | null = null
  private parts!: { postgres: Proxy; redis: Proxy; database: Pool; redisServer: RedisServer }

  constructor(private readonly chance: Chance) {
    // At the very end: whoever runs this program may end it before stop() has finished.
    process.once('exit', () => {
      rmSync(this.keepLogs ? this.dataDir : this.logDir, { recursive: true, force: true, maxRetries: 5 })
    })
  }

  /** The proxy in front of PostgreSQL. */
  get postgres(): Proxy {
    return this.parts.postgres
  }

  /** The proxy in front of Redis. */
  get redis(): Proxy {
    return this.parts.redis
  }

  /** The database, without the proxy. */
  get database(): Pool {
    return this.parts.database
  }

  async start(): Promise<void> {
    const databaseUrl = await this.startDatabase()
    ensureRedisServer()
    const redisServer = await startRedis()
    const postgres = await startProxy(Number(new URL(databaseUrl).port))
    const redis = await startProxy(redisServer.port, { redis: true, random: this.chance.fork().next })
    const database = new Pool({ connectionString: databaseUrl, max: 4 })
    database.on('error', () => undefined)
    this.parts = { postgres, redis, database, redisServer }
    this.stops.push(
      () => this.parts.redisServer.stop(),
      () => postgres.close(),
      () => redis.close(),
      () => database.end(),
    )
    // The groups count as large ones: their receipts are gathered.
    const env = {
      HOUSEKEEPING_INTERVAL_MS: '500',
      RING_EVENTS: '64',
      // Copies are read and followed in detail, former texts of each message too.
      MAX_OPERATION_OBJECTS: '500000',
      RECEIPT_GATHER_MEMBERS: String(groupSize - 2),
      RECEIPT_FLUSH_INTERVAL_MS: '500',
    }
    const throughProxy = Object.assign(new URL(databaseUrl), { port: String(postgres.port) }).href
    const opening = Array.from({ length: serverCount }, (_, index) =>
      ServerSlot.open({
        name: String(index + 1),
        databaseUrl: throughProxy,
        redisUrl: `redis://127.0.0.1:${redis.port}`,
        env,
        logFile: join(this.logDir, `server-${index + 1}.log`),
        onUnexpectedEnd: (what) => this.unexpected.push(what),
      }),
    )
    this.servers = await Promise.all(opening)
    this.stops.push(...this.servers.map((server) => () => server.close()))
    await this.populate()
  }

  /** The address of a server that is not known to be down; not `except` if there is another. */
  anyUrl(chance: Chance, except?: string): string {
    const up = this.servers.filter(({ state }) => state !== 'down')
    const others = up.filter(({ url }) => url !== except)
    return chance.pick(others.length > 0 ? others : up.length > 0 ? up : this.servers).url
  }

  /** Kills the redis-server itself; `restart` starts it again on its port. */
  async killRedis(): Promise<void> {
    const pid = await pidOfRedis(this.parts.redisServer.port)
    process.kill(pid, 'SIGKILL')
    await this.parts.redisServer.stop()
  }

  async restartRedis(): Promise<void> {
    if (!this.stopping) this.parts.redisServer = await startRedis(this.parts.redisServer.port)
  }

  /** Ends everything that was started, in reverse order. */
  stop(): Promise<void> {
    return (this.stopping ??= (async () => {
      for (const stop of this.stops.reverse()) await stop()
    })())
  }

  private async startDatabase(): Promise<string> {
    const log = createLogger('warn')
    const { dataDir } = this
    mkdirSync(dataDir)
    // PostgreSQL itself is never killed here, only cut off, so fsync may be off.
    const postgresFlags = ['-c', 'fsync=off', '-c', 'max_connections=200']
    const cluster = await startEmbeddedPostgres({ dataDir, log, postgresFlags })
    this.stops.push(() => cluster.stop())
    const client = new Client({ connectionString: cluster.url })
    await client.connect()
    await client.query('CREATE DATABASE chaos')
    await client.end()
    const connectionString = Object.assign(new URL(cluster.url), { pathname: '/chaos' }).href
    await migrate({ connectionString, migrationsDir: join(root, 'prisma/migrations'), log })
    return connectionString
  }

  private async populate(): Promise<void> {
    const { chance } = this
    for (let count = 0; count < peopleCount; count++) {
      this.people.push(await signUp(this.anyUrl(chance), `Person ${count + 1}`))
    }
    this.staff = this.people.slice(-staffCount)
    const handles = this.staff.map(({ handle }) => handle)
    await this.database.query(`UPDATE users SET role = 'STAFF' WHERE handle = ANY ($1)`, [handles])
    for (const person of this.people) {
      const names = Array.from({ length: filesPerPerson }, (_, index) => `${person.handle} ${String(index)}.txt`)
      this.files.set(person, await Promise.all(names.map((name) => upload(person, textFile(`The file ${name}`, name)))))
    }
    for (let count = 0; count < groupCount; count++) {
      const owner = this.people[(count * 3) % peopleCount]!
      const others = chance.shuffled(this.people.filter((person) => person !== owner)).slice(0, groupSize - 1)
      const id = await owner.createGroup(others, `Group ${count + 1}`)
      const churns = count === groupCount - 1
      const [clears, doomed] = [count === 0 || churns, count === 1]
      const members = [owner, ...others]
      this.talks.push({ ...plain, id, owner, members, isGroup: true, churns, clears, doomed })
    }
    for (let count = 0; count < directCount; count++) {
      const [owner, other] = [this.people[count * 2]!, this.people[(count * 2 + 3) % peopleCount]!]
      const id = await owner.startDirect(other)
      this.talks.push({ ...plain, id, owner, members: [owner, other], blocks: count === 0 })
    }
    for (const owner of this.people.slice(0, supportCount)) {
      const { openSupport } = await owner.client.request(OpenSupportDocument, { input: { opKey: newKey() } })
      const { id } = expectType(openSupport, 'OpenSupportSuccess').conversation
      this.talks.push({ ...plain, id, owner, members: [owner, ...this.staff], isSupport: true })
    }
  }
}

/** The pid of the Redis on a port: asked from Redis itself, which also works through a proxy. */
async function pidOfRedis(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  try {
    socket.write('INFO server\r\n')
    let text = ''
    while (!/process_id:\d+\r/.test(text)) text += String(((await once(socket, 'data')) as [Buffer])[0])
    return Number(/process_id:(\d+)/.exec(text)?.[1])
  } finally {
    socket.destroy()
  }
}

/** The last lines of each server's log, for a run that failed. */
export function logTails(logDir: string, lines: number): string {
  return Array.from({ length: serverCount }, (_, index) => {
    const file = join(logDir, `server-${index + 1}.log`)
    return `--- ${file}\n${spawnSync('tail', ['-n', String(lines), file], { encoding: 'utf8' }).stdout}`
  }).join('\n')
}
