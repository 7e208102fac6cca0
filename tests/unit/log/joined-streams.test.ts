import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Hub } from '../../../src/log/hub.ts'
import type { LogItem } from '../../../src/log/items.ts'
import type { LogRequest, ReadLog } from '../../../src/log/read.ts'
import type { ResumePoint } from '../../../src/log/resume-point.ts'
import { TrackedCursor } from '../../../src/log/tracked-cursor.ts'
import type { Watermark } from '../../../src/store/watermark.ts'
import { FakeLog, openHub } from '../../testkit/log.ts'
import { withRandom, type Random } from '../../testkit/random.ts'

/** A point as an error shows it. */
const asText = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)

const watermark = (xid: bigint): Watermark => ({ xid, mark: `w${xid}`, running: [] })
const idOf = (nth: number) => `019a0000-0000-7000-8000-0000000000${String(nth + 10)}`
const conversationIds = Array.from({ length: 9 }, (_, nth) => idOf(nth))
/** In the middle, so that a sweep comes to some conversations before the joinings and leavings and to some after them. */
const ownId = '019a0000-0000-7000-8000-000000000145'

/** A joining or leaving, in the personal stream and in the conversation. */
interface Change {
  ownSeq: number
  conversationId: string
  left: boolean
  eventSeq: number
}

let log: FakeLog
let hub: Hub
let changes: Change[]
/** At each watermark, how far the streams were. */
let headsAt: Map<string, number>[]
/** Most events that one reading gives, and what it waits for. */
let maxRead: number
let hold: Promise<void> | null
let go: () => void

const readLog: ReadLog = async (request: LogRequest) => {
  await hold
  return log.read({ ...request, limit: Math.min(request.limit, maxRead) })
}

beforeEach(() => {
  log = new FakeLog()
  changes = []
  maxRead = Infinity
  hold = null
  go = () => {}
  hub = openHub(log, { readLog })
})

afterEach(() => {
  go()
  hub.close()
})

const allIds = [...conversationIds, ownId]
const headsNow = () => new Map(allIds.map((id) => [id, log.head(id)]))

function look(): void {
  const number = hub.watermarks.begin()
  const before = headsAt.at(-1)!
  const heads = headsNow()
  headsAt.push(heads)
  const found = allIds.flatMap((streamId) =>
    heads.get(streamId) === before.get(streamId) ? [] : [{ streamId, headEventSeq: heads.get(streamId)! }],
  )
  for (const { streamId, headEventSeq } of found) hub.announce(streamId, headEventSeq)
  hub.watermarks.note(number, watermark(BigInt(headsAt.length - 1)), found)
}

const isMember = (id: string) => changes.findLast((one) => one.conversationId === id)?.left === false

function write(random: Random): void {
  const id = random.pick(conversationIds)
  const choice = random.below(12)
  const isChange = choice === 0 || (choice === 1 && !isMember(id))
  const events = isChange ? change(id) : [log.append(id)]
  // Or they are lost on the way, and found by a look.
  for (const event of events) if (random.below(5) > 0) hub.offer(event)
}

/** Whoever is a member leaves, and whoever is not joins: an event of the conversation, and one of the person. */
function change(conversationId: string) {
  const left = isMember(conversationId)
  const ofConversation = log.append(conversationId)
  const own = log.append(ownId)
  const eventSeq = left ? ofConversation.seq : ofConversation.seq - 1
  changes.push({ ownSeq: own.seq, conversationId, left, eventSeq })
  return [ofConversation, own]
}

/** A reader that follows what is joined and stops with what is left, and checks what each of its tokens says. */
class Reader {
  readonly told = new Map<string, number>([[ownId, 0]])
  private readonly joinedAt = new Map<string, number>()
  private readonly cursor = new TrackedCursor(hub, readLog)
  isJoining = false

  async open(): Promise<void> {
    await this.cursor.follow([{ streamId: ownId, afterSeq: 0 }])
    this.cursor.track({ point: { base: watermark(0n), sweep: null, exceptions: [] }, sweeps: [] })
  }

  take(): void {
    if (this.isJoining) return
    const item = this.cursor.take()
    if (item) this.note(item)
    // It comes with the next event, of whichever stream.
    else this.check(this.cursor.point!)
  }

  private note({ event, point }: LogItem): void {
    const { streamId, seq } = event!
    expect(seq, `of ${streamId}`).toBe(this.told.get(streamId)! + 1)
    this.told.set(streamId, seq)
    this.check(point!)
    const ofOwn = changes.find((one) => streamId === ownId && one.ownSeq === seq)
    if (ofOwn && !ofOwn.left) void this.join(ofOwn.conversationId)
    const isLeft = changes.some((one) => one.left && one.conversationId === streamId && one.eventSeq === seq)
    if (!isLeft || seq <= this.joinedAt.get(streamId)!) return
    this.told.delete(streamId)
    this.cursor.unfollow(streamId)
  }

  /** As a feed does: the membership as it is now. */
  private async join(conversationId: string): Promise<void> {
    if (!isMember(conversationId)) return
    const { eventSeq } = changes.findLast((one) => one.conversationId === conversationId)!
    this.joinedAt.set(conversationId, eventSeq)
    if (this.told.has(conversationId)) return
    this.isJoining = true
    await this.cursor.follow([{ streamId: conversationId, afterSeq: eventSeq }])
    this.told.set(conversationId, eventSeq)
    this.isJoining = false
  }

  /** Who comes back with this token is told what comes after what was told, whatever of it the token says in which way. */
  private check(point: ResumePoint): void {
    for (const [id, told] of this.told) {
      const { sweep, base, exceptions } = point
      const heads = headsAt[Number((sweep && id <= sweep.upTo ? sweep.target : base!).xid)]!
      const said = exceptions.find(({ streamId }) => streamId === id)?.seq ?? heads.get(id)!
      const isUnknown = ({ ownSeq, conversationId, left, eventSeq }: Change) =>
        conversationId === id && ownSeq > heads.get(ownId)! && (left ? eventSeq > said : eventSeq >= said)
      const first = changes.find(isUnknown)
      const from = first && !first.left ? Math.max(said, first.eventSeq) : said
      // What was written while they were away comes to them or not: they were told that they had left.
      const upTo = changes.filter((one) => one.conversationId === id && one.eventSeq <= told).at(-1)
      const back = changes.find((one) => one.conversationId === id && !one.left && one.eventSeq > told)
      const most = upTo?.left ? Math.max(told, back?.eventSeq ?? 0) : told
      expect(from, `${id}: ${JSON.stringify(point, asText)}`).toBeLessThanOrEqual(most)
    }
  }

  get isDone(): boolean {
    return !this.isJoining && [...this.told].every(([id, told]) => told === log.head(id))
  }
}

test('whatever is joined, left and joined again, in whatever parts the log is read: no token says more than was told', async () => {
  await withRandom(async (random) => {
    headsAt = [headsNow()]
    const reader = new Reader()
    await reader.open()
    let isReading = true
    let isWriting = true
    for (let step = 0; step < 20_000; step++) {
      const choice = random.below(20)
      const pause = random.below(250)
      if (pause === 0) isReading = !isReading
      else if (pause === 1) isWriting = !isWriting
      else if (choice === 0) maxRead = random.pick([1, 2, 3, Infinity])
      else if (choice === 1) {
        go()
        hold = random.below(3) === 0 ? new Promise((resolve) => (go = resolve)) : null
      } else if (choice < 9 && isWriting) write(random)
      else if (choice < 11) look()
      else if (choice < 13) await turn()
      else if (isReading) reader.take()
    }
    go()
    hold = null
    look()
    for (let turns = 0; !reader.isDone; turns++) {
      expect(turns).toBeLessThan(100_000)
      reader.take()
      await turn()
    }
  })
})
