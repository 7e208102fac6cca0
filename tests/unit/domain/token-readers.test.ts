import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changesAfter, planResumption, proven } from '../../../src/domain/streams/resumption.ts'
import { resyncAfter } from '../../../src/domain/streams/resync.ts'
import type { Viewer } from '../../../src/domain/viewer.ts'
import type { Hub } from '../../../src/log/hub.ts'
import type { LogItem } from '../../../src/log/items.ts'
import { createReadLog, type ReadLog } from '../../../src/log/read.ts'
import type { ResumePoint } from '../../../src/log/resume-point.ts'
import { TrackedCursor } from '../../../src/log/tracked-cursor.ts'
import type { Resumption } from '../../../src/store/resumption.ts'
import type { Watermark } from '../../../src/store/watermark.ts'
import { FakeLog, openHub } from '../../testkit/log.ts'
import { withRandom, type Random } from '../../testkit/random.ts'

const watermark = (xid: number): Watermark => ({ xid: BigInt(xid), mark: `w${xid}`, running: [] })
const idOf = (nth: number) => `019a0000-0000-7000-8000-0000000000${String(nth + 10)}`
const conversationIds = Array.from({ length: 12 }, (_, nth) => idOf(nth))
const viewerId = '019a0000-0000-7000-8000-000000000165'
const allIds = [...conversationIds, viewerId]
/** What a log says that cannot be read. */
const away = 'away'
const viewer = { userId: viewerId } as Viewer

let log: FakeLog
/** At each watermark, how far the streams were. */
let headsAt: Map<string, number>[]

const headsNow = () => new Map(allIds.map((id) => [id, log.head(id)]))
const now = () => watermark(headsAt.push(headsNow()) - 1)
const headAt = (at: Watermark | undefined, id: string) => (at ? headsAt[Number(at.xid)]!.get(id)! : 0)

/** One process: its own bus, looks, and readings of the log. */
class Server {
  readonly hub: Hub
  readonly readLog: ReadLog
  private hold: Promise<void> | null = null
  private go: () => void = () => {}
  private failing = false
  private lastLook = headsNow()
  private isLooking = false

  constructor(private readonly random: Random) {
    this.readLog = createReadLog({
      ...log.store,
      read: (requests) => this.answered(() => log.store.read(requests, Infinity)),
    })
    this.hub = openHub(log, {
      events: {
        ...log.store,
        heads: (streamIds) => this.answered(() => log.store.heads(streamIds)),
      },
      readLog: this.readLog,
      ringSize: 8,
      lingerMs: 20,
    })
  }

  /** A statement, which waits before it is run or after that. */
  async answered<Answer>(statement: () => Promise<Answer> | Answer): Promise<Answer> {
    const isLate = this.random.below(2) === 0
    if (isLate) await this.hold
    const answer = await statement()
    if (!isLate) await this.hold
    if (this.failing) throw new Error(away)
    return answer
  }

  stall(random: Random): void {
    this.heal()
    if (random.below(2) === 0) this.hold = new Promise((resolve) => (this.go = resolve))
    else this.failing = random.below(3) === 0
  }

  heal(): void {
    this.go()
    this.hold = null
    this.failing = false
  }

  /** It is answered as of its beginning, and noted when that comes. */
  async look(): Promise<void> {
    if (this.isLooking) return
    this.isLooking = true
    const { watermarks } = this.hub
    const number = watermarks.begin()
    const before = this.lastLook
    const heads = headsNow()
    this.lastLook = heads
    const at = now()
    await this.hold
    const found = allIds.flatMap((streamId) =>
      heads.get(streamId) === before.get(streamId) ? [] : [{ streamId, headEventSeq: heads.get(streamId)! }],
    )
    for (const { streamId, headEventSeq } of found) this.hub.announce(streamId, headEventSeq)
    watermarks.note(number, at, found)
    this.isLooking = false
  }
}

/** What the statement of a resumption answers. */
function resumption(point: ResumePoint): Resumption {
  const at = now()
  const streamOf = (id: string) => {
    const exception = point.exceptions.find(({ streamId }) => streamId === id)
    const place = (seq: number) => ({ seq, mark: seq === 0 ? '0' : `mark${String(seq)}` })
    return {
      headEventSeq: headAt(at, id),
      headMark: place(headAt(at, id)).mark,
      floorEventSeq: 0,
      floorMark: '0',
      markThere: exception ? place(exception.seq).mark : null,
      base: point.base && place(headAt(point.base, id)),
      target: point.sweep && place(headAt(point.sweep.target, id)),
    }
  }
  return {
    now: at,
    isBaseKnown: true,
    isTargetKnown: true,
    own: streamOf(viewerId),
    conversations: conversationIds.map((conversationId) => ({
      ...streamOf(conversationId),
      conversationId,
      joinedEventSeq: 0,
      active: true,
      historyFromSeq: 0,
    })),
  }
}

async function resumed(token: ResumePoint, server: Server) {
  const found = await server.answered(() => resumption(token))
  const point = proven(token, found)
  changesAfter(point, found)
  return { found, ...planResumption({ viewerId, point, named: new Map(), found, changes: [] }) }
}

class Reader {
  readonly told = headsNow()
  token: ResumePoint = { base: now(), sweep: null, exceptions: [] }
  readonly journal: string[] = []
  private cursor: TrackedCursor | null = null
  /** Taken and not sent yet. */
  private ahead: LogItem[] = []
  /** What it waits for, which it may give up. */
  private attempt: object | null = null

  get isDone(): boolean {
    return [...this.told].every(([id, seq]) => seq === log.head(id))
  }

  step(servers: readonly Server[], random: Random): void {
    if (this.attempt) {
      if (random.below(40) === 0) this.attempt = null
    } else if (!this.cursor) this.comeBack(random.pick(servers), random)
    else if (random.below(40) === 0) this.cut()
    else this.read(this.cursor, random)
  }

  private read(cursor: TrackedCursor, random: Random): void {
    const item = cursor.take()
    if (item) this.ahead.push(item)
    if (this.ahead.length === 0 || random.below(4) === 0) return
    const next = this.ahead.shift()!
    this.token = next.point!
    this.note(next)
  }

  private cut(): void {
    this.cursor?.end()
    this.cursor = null
    this.ahead = []
    this.journal.push('is cut off')
  }

  private comeBack(server: Server, random: Random): void {
    const attempt = (this.attempt = {})
    const isWanted = () => this.attempt === attempt
    const work = random.below(2) === 0 ? this.resync(server, random, isWanted) : this.connect(server, isWanted)
    work
      .catch((error: unknown) => {
        const failure = error instanceof Error ? error : new Error(String(error))
        if (failure.message !== away) this.failure ??= failure
      })
      .finally(() => {
        if (isWanted()) this.attempt = null
      })
  }

  failure: Error | null = null

  private async connect(server: Server, isWanted: () => boolean): Promise<void> {
    const plan = await resumed(this.token, server)
    const cursor = new TrackedCursor(server.hub, server.readLog)
    await cursor.follow(plan.starts)
    cursor.track(plan)
    if (!isWanted()) {
      cursor.end()
      return
    }
    this.journal.push(`connects at ${shown(plan.point)}`)
    this.cursor = cursor
  }

  private async resync(server: Server, random: Random, isWanted: () => boolean): Promise<void> {
    const plan = await resumed(this.token, server)
    const { streams, point } = await resyncAfter(server.readLog, viewer, plan, new Map(), 1 + random.below(4))
    if (!isWanted()) return
    for (const { items } of streams) for (const item of items) this.note(item)
    this.token = point
    this.journal.push(`resynced to ${shown(point)}`)
  }

  private note({ event, lost }: LogItem): void {
    if (lost) throw new Error(`was told that ${lost.streamId} is lost`)
    const { streamId, seq } = event
    this.journal.push(`${streamId} ${String(seq)}, ${shown(this.token)}`)
    expect(seq, `of ${streamId}:\n${this.journal.slice(-30).join('\n')}`).toBe(this.told.get(streamId)! + 1)
    this.told.set(streamId, seq)
  }
}

const shown = ({ base, sweep, exceptions }: ResumePoint) => {
  const places = exceptions.map(({ streamId, seq }) => `${streamId.slice(-2)}:${String(seq)}`).join(' ')
  return `base ${String(base?.xid)}${sweep ? ` sweep ${String(sweep.target.xid)} up to ${sweep.upTo.slice(-2)}` : ''} ${places}`
}

let servers: Server[]

beforeEach(() => {
  log = new FakeLog()
  headsAt = [headsNow()]
  servers = []
})

afterEach(() => {
  for (const server of servers) {
    server.heal()
    server.hub.close()
  }
})

test('a reader that is cut off again and again gets each event once, at whichever server it comes back and in whichever way', async () => {
  await withRandom(async (random) => {
    servers = [new Server(random), new Server(random)]
    const readers = Array.from({ length: 5 }, () => new Reader())
    let isWriting = true
    let paceEvery = 3
    for (let step = 0; step < 12_000; step++) {
      const choice = random.below(24)
      const pause = random.below(300)
      if (pause === 0) isWriting = !isWriting
      else if (pause === 1) paceEvery = random.pick([2, 3, 10])
      else if (pause < 10) random.pick(servers).stall(random)
      else if (pause < 18) random.pick(servers).heal()
      else if (choice < 4 && isWriting) {
        const id = random.pick(allIds)
        for (const event of log.appendMany(random.below(8) === 0 ? 5 : 1, id))
          // Or it is lost on the way, and found by a look.
          for (const { hub } of servers) if (random.below(5) > 0) hub.offer(event)
      } else if (choice < 6) void random.pick(servers).look()
      else if (choice % paceEvery === 0) await turn()
      else random.pick(readers).step(servers, random)
      for (const { failure } of readers) if (failure) throw failure
    }
    for (const server of servers) server.heal()
    for (let turns = 0; !readers.every(({ isDone }) => isDone); turns++) {
      expect(turns, 'until it has all').toBeLessThan(100_000)
      for (const server of servers) if (turns % 50 === 0) void server.look()
      for (const reader of readers) reader.step(servers, random)
      await turn()
    }
  })
})
