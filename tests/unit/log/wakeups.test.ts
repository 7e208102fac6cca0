import { setImmediate as turn } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cursor } from '../../../src/log/cursor.ts'
import { createHub, type Hub } from '../../../src/log/hub.ts'
import type { ReadLog } from '../../../src/log/read.ts'
import { FakeBus, FakeLog } from '../../testkit/log.ts'
import { createRandom } from '../../testkit/random.ts'

const streamIds = ['a', 'b', 'c']

/** Reads as a socket does: only when it was told, and as much as there is room for. What it is given is checked. */
class Reader {
  readonly at = new Map<string, number>()
  readonly cursor: Cursor
  isFollowing = false
  private isTold = false

  constructor(hub: Hub, readLog: ReadLog) {
    this.cursor = new Cursor(hub, readLog)
    this.cursor.onMore = () => {
      this.isTold = true
    }
  }

  async follow(streamId: string, afterSeq: number): Promise<void> {
    if (this.isFollowing || this.at.has(streamId)) return
    this.isFollowing = true
    try {
      await this.cursor.follow([{ streamId, afterSeq }])
      this.at.set(streamId, afterSeq)
    } catch {
      // The database was away: it does not follow this stream.
    }
    this.isFollowing = false
  }

  unfollow(streamId: string): void {
    this.at.delete(streamId)
    this.cursor.unfollow(streamId)
  }

  read(room: number, floors: ReadonlyMap<string, number>): void {
    for (let count = 0; this.isTold && count < room; count++) {
      const item = this.cursor.take()
      this.isTold = item !== null
      if (!item) return
      const { streamId, seq } = item.event ?? { streamId: item.lost.streamId, seq: item.lost.headEventSeq }
      const at = this.at.get(streamId)
      if (item.event) expect(seq).toBe(at! + 1)
      else expect(at).toBeLessThan(floors.get(streamId)!)
      this.at.set(streamId, seq)
    }
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Readers that are told once, and then only when they have come back for more, must never be left waiting for good. */
test.each(Array.from({ length: 6 }, (_, index) => index + 1))(
  'whatever happens, everybody gets all of it: %i',
  async (seed) => {
    const random = createRandom(seed)
    const below = (count: number) => random.below(count)
    const oneOf = <Value>(values: readonly Value[]) => random.pick(values)
    const log = new FakeLog()
    const readLog: ReadLog = async (request) => {
      if (below(2)) await new Promise((resolve) => setTimeout(resolve, below(30)))
      return log.read(request)
    }
    const ringSize = 1 + below(12)
    const hub = createHub({
      bus: new FakeBus(),
      events: log.store,
      readLog,
      ringSize,
      ringMemoryByteSize: oneOf([5_000, 1_048_576]),
      lingerMs: oneOf([0, 40]),
      logger: pino({ level: 'silent' }),
    })
    const pass = async (ms: number) => {
      await vi.advanceTimersByTimeAsync(ms)
      await turn()
    }
    const readers = Array.from({ length: 4 }, () => new Reader(hub, readLog))
    const late: (() => void)[] = []
    const floors = new Map<string, number>()
    const follow = (reader: Reader, streamId: string) => {
      const behind = Math.max(0, log.head(streamId) - below(3 * ringSize + 110))
      void reader.follow(streamId, Math.max(behind, floors.get(streamId) ?? 0))
    }
    const append = (streamId: string) => {
      for (let count = 1 + below(oneOf([3, 3, 3, 30])); count > 0; count--) {
        const event = below(20) === 0 ? log.erase(streamId) : log.append(streamId)
        const way = below(10)
        if (way < 6) hub.offer(event)
        else if (way === 6) late.push(() => hub.offer(event))
        else if (way === 7) late.push(() => hub.announce(streamId, event.seq))
      }
    }
    const steps: ((streamId: string, reader: Reader) => void)[] = [
      ...Array.from({ length: 6 }, () => append),
      () => late.splice(below(late.length), 1)[0]?.(),
      (streamId) => hub.announce(streamId, log.head(streamId)),
      (streamId, reader) => follow(reader, streamId),
      (streamId) => {
        if (readers.length < 12) follow(readers[readers.push(new Reader(hub, readLog)) - 1]!, streamId)
      },
      (streamId, reader) => {
        if (reader.isFollowing || !reader.at.has(streamId)) return
        reader.unfollow(streamId)
        if (below(2)) follow(reader, streamId)
      },
      () => {
        if (readers.length > 4) readers.splice(below(readers.length), 1)[0]!.cursor.end()
      },
      (streamId) => {
        if (below(4)) return
        floors.set(streamId, Math.max(floors.get(streamId) ?? 0, log.head(streamId) - below(20)))
        log.expire(floors.get(streamId)!, streamId)
      },
      () => {
        if (below(4) === 0) log.failures = 1 + below(3)
      },
    ]
    for (let count = 0; count < 250; count++) {
      oneOf(steps)(oneOf(streamIds), oneOf(readers))
      for (const reader of readers) if (below(3) === 0) reader.read(1 + below(oneOf([2, 8, 300])), floors)
      if (below(2)) await pass(oneOf([0, 1, 5, 20]))
      if (below(40) === 0) await pass(600)
    }

    log.failures = 0
    for (const streamId of streamIds) hub.announce(streamId, log.head(streamId))
    for (let count = 0; count < 60; count++) {
      await pass(50)
      for (const reader of readers) reader.read(1_000, floors)
    }
    for (const { at } of readers)
      for (const [streamId, seq] of at) expect([streamId, seq]).toEqual([streamId, log.head(streamId)])
    // Each waits with its streams once, and nobody does who has gone, however quiet the stream is after that.
    for (const reader of readers.splice(0, 2)) reader.cursor.end()
    for (const streamId of [...readers[0]!.at.keys()]) readers[0]!.unfollow(streamId)
    for (const streamId of streamIds) {
      const followerCount = readers.filter(({ at }) => at.has(streamId)).length
      const [[stream]] = await Promise.all([hub.acquire([streamId]), pass(100)])
      expect((stream as unknown as { waiting: Set<unknown> }).waiting.size).toBe(followerCount)
    }
    for (const { cursor } of readers) cursor.end()
    hub.close()
  },
)
