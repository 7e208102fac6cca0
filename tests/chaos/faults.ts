import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from './chance.ts'
import type { ChaosReader } from './reader.ts'
import type { ServerSlot } from './server-slot.ts'
import type { World } from './world.ts'

/** What can be cut off and held up. */
type Breakable = Pick<ChaosReader, 'name' | 'cut' | 'stall' | 'resume'>

type Fault = () => Promise<void>

const pauseMs: [number, number] = [2_000, 6_000]

/**
 * Breaks things, one every few seconds, all kinds in turn in a random order. Each fault mends itself after a while. Other
 * things may break meanwhile, but never the same thing twice, and one server always runs.
 */
export class Faults {
  readonly counts = new Map<string, number>()
  private readonly busy = new Set<string>()
  private readonly mending = new Set<Promise<void>>()
  private deck: string[] = []
  private stopped = false

  constructor(
    private readonly world: World,
    private readonly readers: Breakable[],
    private readonly chance: Chance,
    private readonly say: (what: string) => void,
  ) {}

  async run(): Promise<void> {
    while (!this.stopped) {
      await sleep(this.chance.between(...pauseMs))
      this.next()
    }
  }

  /** Resolves when all faults are mended. */
  async stop(): Promise<void> {
    this.stopped = true
    await Promise.all(this.mending)
    this.world.redis.heal()
    this.world.postgres.heal()
    for (const reader of this.readers) reader.resume()
  }

  private next(): void {
    if (this.stopped) return
    if (this.deck.length === 0) this.deck = this.chance.shuffled(Object.keys(this.kinds))
    // The first kind whose target is not broken; the others wait for their turn.
    for (const kind of this.deck) {
      const target = this.kinds[kind]!(kind)
      if (!target) continue
      this.deck.splice(this.deck.indexOf(kind), 1)
      this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
      return
    }
  }

  /** Starts a fault unless its target is broken already. */
  private begin(kind: string, target: string, fault: Fault): boolean {
    if (this.busy.has(target)) return false
    this.busy.add(target)
    this.say(kind.startsWith(target) ? kind : `${kind}: ${target}`)
    const mended = fault()
      .catch((error: unknown) => {
        this.world.unexpected.push(`the fault ${kind} failed: ${String(error)}`)
      })
      .finally(() => {
        this.busy.delete(target)
        this.mending.delete(mended)
      })
    this.mending.add(mended)
    return true
  }

  private readonly onServer = (fault: (server: ServerSlot) => Promise<void>) => (kind: string) => {
    const up = this.world.servers.filter(({ state, name }) => state === 'up' && !this.busy.has(`server ${name}`))
    if (up.length < 2) return false
    const server = this.chance.pick(up)
    return this.begin(kind, `server ${server.name}`, () => fault(server))
  }

  private readonly onReader = (fault: (reader: Breakable) => Promise<void>) => (kind: string) => {
    const reader = this.chance.pick(this.readers)
    return this.begin(kind, reader.name, () => fault(reader))
  }

  private readonly onRedis = (fault: Fault) => (kind: string) => this.begin(kind, 'Redis', fault)
  private readonly onPostgres = (fault: Fault) => (kind: string) => this.begin(kind, 'PostgreSQL', fault)

  private readonly wait = (leastMs: number, mostMs: number) => sleep(this.chance.between(leastMs, mostMs))

  private readonly onRedisProxy = (start: () => void, leastMs: number, mostMs: number) =>
    this.onRedis(async () => {
      start()
      await this.wait(leastMs, mostMs)
      this.world.redis.heal()
    })

  private readonly onPostgresProxy = (start: () => void, leastMs: number, mostMs: number) =>
    this.onPostgres(async () => {
      start()
      await this.wait(leastMs, mostMs)
      this.world.postgres.heal()
    })

  private readonly kinds: Record<string, (kind: string) => boolean> = {
    'server killed': this.onServer(async (server) => {
      await server.end('SIGKILL')
      await this.wait(1_000, 3_000)
      await server.start()
    }),
    'server frozen': this.onServer(async (server) => {
      server.freeze()
      await this.wait(1_000, 4_000)
      server.thaw()
    }),
    'server restarted': this.onServer(async (server) => {
      await server.end('SIGTERM')
      await server.start()
    }),
    'Redis cut': this.onRedisProxy(() => this.world.redis.cut(), 1_000, 4_000),
    'Redis stalled': this.onRedisProxy(() => this.world.redis.stall(), 1_000, 4_000),
    'Redis delayed': this.onRedisProxy(() => this.world.redis.delay(this.chance.between(50, 400)), 2_000, 5_000),
    'Redis loses': this.onRedisProxy(() => this.world.redis.lose(0.3), 2_000, 6_000),
    'Redis repeats': this.onRedisProxy(() => this.world.redis.repeat(0.3), 2_000, 6_000),
    'Redis reorders': this.onRedisProxy(() => this.world.redis.reorder(0.3), 2_000, 6_000),
    'Redis killed': this.onRedis(async () => {
      await this.world.killRedis()
      await this.wait(500, 3_000)
      await this.world.restartRedis()
    }),
    'PostgreSQL cut': this.onPostgresProxy(() => this.world.postgres.cut(), 1_000, 3_000),
    'PostgreSQL stalled': this.onPostgresProxy(() => this.world.postgres.stall(), 1_000, 3_000),
    'PostgreSQL delayed': this.onPostgresProxy(
      () => this.world.postgres.delay(this.chance.between(10, 80)),
      2_000,
      4_000,
    ),
    'reader cut': this.onReader(async (reader) => {
      reader.cut()
    }),
    'reader stalled': this.onReader(async (reader) => {
      reader.stall()
      await this.wait(1_000, 5_000)
      reader.resume()
    }),
  }
}
