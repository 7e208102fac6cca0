import { within } from '../../flow/deadline.ts'
import { Cursor, type Start } from '../cursor.ts'
import { deskStreamId } from './desk-stream.ts'
import type { LogItem } from '../items.ts'
import { byStreamId, type Exception, type ResumePoint } from '../resume-point.ts'

/** A support conversation that continues from a position of its own, up to where it was when the reader was opened. */
export interface DeskStart extends Start {
  upToSeq: number
}

/** Events of one conversation that are to be sent next. */
interface Work {
  streamId: string
  afterSeq: number
  mark: string | null
  upToSeq: number
  /** The event of the desk's stream that tells of them; null for those of a DeskStart. */
  desk: { seq: number; mark: string } | null
}

/** Events of the desk that are read ahead: their conversations are opened together. */
const maxAhead = 50
/** Conversations that stay open after their events were sent: those that are talked in now. */
const maxIdle = 200
/** Milliseconds for which a reader may wait for conversations to be opened. */
const openTimeoutMs = 10_000

/**
 * A reader's position in all support conversations, however many there are: its position in the desk's stream, whose events
 * say which conversation to read on, and how far. Only these conversations are opened. So all events come in the order of
 * the desk's stream, which is that of the commits in each conversation.
 */
export class DeskCursor extends Cursor {
  private readonly ahead: Work[] = []
  /** Up to where conversations were sent, if that is further than the desk's stream says at the reader's position in it. */
  private readonly told = new Map<string, number>()
  /** Open conversations, those used longest ago first. */
  private readonly idle = new Set<string>()
  private deskAt: { seq: number; mark: string | null } = { seq: 0, mark: null }
  /** Read ahead behind the works. */
  private lostDesk: LogItem | null = null
  private opening = false
  private failure: Error | null = null

  /** Rejects when the desk's stream cannot be opened in time. `deskHead` is its head when the starts were read. */
  async begin(desk: Start, starts: readonly DeskStart[], deskHead: number): Promise<void> {
    this.deskAt = { seq: desk.afterSeq, mark: desk.mark ?? null }
    await this.follow([desk])
    for (const { streamId, afterSeq, mark = null, upToSeq, lost } of starts) {
      if (lost) this.lose(lost)
      else if (afterSeq < upToSeq) this.ahead.push({ streamId, afterSeq, mark, upToSeq, desk: null })
      if (desk.afterSeq < deskHead) this.told.set(streamId, lost ? lost.headEventSeq : upToSeq)
    }
  }

  override get isBehind(): boolean {
    return !this.closed && (this.ahead.length > 0 || this.opening || super.isBehind)
  }

  override get waitsFor(): string {
    return this.opening ? 'support conversations to be opened' : super.waitsFor
  }

  /** Where the reader stands. */
  get point(): ResumePoint {
    const exceptions = new Map<string, Exception>()
    const add = (streamId: string, seq: number, mark: string | null = null) =>
      exceptions.set(streamId, { streamId, seq, mark })
    for (const [streamId, seq] of this.told) add(streamId, seq)
    for (const work of this.ahead) {
      const place = this.places.get(work.streamId)
      const isBegun = place !== undefined && place.afterSeq > work.afterSeq
      if (isBegun) add(work.streamId, place.afterSeq, place.mark)
      else if (!work.desk) add(work.streamId, work.afterSeq, work.mark)
    }
    add(deskStreamId, this.deskAt.seq, this.deskAt.mark)
    return { base: null, sweep: null, exceptions: [...exceptions.values()].sort(byStreamId) }
  }

  override take(): LogItem | null {
    if (this.failure) {
      const { failure } = this
      this.end()
      this.failure = null
      throw failure
    }
    const item = this.closed ? null : (this.takeLost() ?? this.takeWork())
    if (item) item.point = this.point
    return item
  }

  private takeWork(): LogItem | null {
    for (;;) {
      const [work] = this.ahead
      if (!work) {
        if (this.lostDesk) return this.startOverAtDesk(this.lostDesk)
        if (!this.readAhead()) return null
        continue
      }
      if ((this.told.get(work.streamId) ?? -1) >= work.upToSeq && work.desk) {
        this.done(work)
        continue
      }
      const place = this.places.get(work.streamId)
      if (!place) {
        if (!this.opening) void this.open()
        return null
      }
      if (place.history === place.stream.history && place.afterSeq >= work.upToSeq) {
        this.done(work)
        continue
      }
      place.stream.announce(work.upToSeq)
      const item = this.takeFromOne(place, work.upToSeq - place.afterSeq)
      if (item?.lost) this.forget(work.streamId)
      else if (item && place.afterSeq >= work.upToSeq) this.done(work)
      return item
    }
  }

  /** Reads on in the desk's stream, as far as it takes no second read of the log. False: there is nothing now. */
  private readAhead(): boolean {
    const place = this.places.get(deskStreamId)
    while (place && this.ahead.length < maxAhead) {
      const item = this.takeFromOne(place, maxAhead)
      if (!item) break
      if (item.lost) {
        this.lostDesk = item
        break
      }
      const { event } = item
      const desk = { seq: event.seq, mark: event.mark }
      if (event.type === 'DESK_MOVED') {
        const { conversationId: streamId, afterSeq, markAfter: mark, upToSeq } = event.data
        this.ahead.push({ streamId, afterSeq, mark, upToSeq, desk })
      }
    }
    return this.ahead.length > 0 || this.lostDesk !== null
  }

  /** The desk's own position is lost: what was sent up to here is, and it continues live. */
  private startOverAtDesk(item: LogItem): LogItem {
    this.lostDesk = null
    if (item.lost) this.deskAt = { seq: item.lost.headEventSeq, mark: item.lost.headMark }
    this.told.clear()
    return item
  }

  /** The conversation continues from its head: what was to be sent of it before is not there any more. */
  private forget(streamId: string): void {
    for (const work of this.ahead.filter((one) => one.streamId === streamId)) this.done(work)
  }

  private done(work: Work): void {
    this.ahead.splice(this.ahead.indexOf(work), 1)
    const { streamId, upToSeq, desk } = work
    if (desk && desk.seq > this.deskAt.seq) {
      this.deskAt = desk
      if ((this.told.get(streamId) ?? Infinity) <= upToSeq) this.told.delete(streamId)
    }
    if (!this.places.has(streamId)) return
    this.idle.delete(streamId)
    this.idle.add(streamId)
    for (const one of this.idle) {
      if (this.idle.size <= maxIdle) break
      if (this.ahead.some((other) => other.streamId === one)) continue
      this.idle.delete(one)
      this.unfollow(one)
    }
  }

  private async open(): Promise<void> {
    const starts = new Map<string, Start>()
    for (const { streamId, afterSeq, mark, upToSeq, desk } of this.ahead) {
      if (starts.has(streamId)) continue
      const told = desk ? (this.told.get(streamId) ?? -1) : -1
      if (told >= upToSeq) continue
      starts.set(streamId, told > afterSeq ? { streamId, afterSeq: told } : { streamId, afterSeq, mark })
    }
    this.opening = true
    try {
      const late = () => new Error('the conversations were not opened in time')
      await within(openTimeoutMs, this.follow([...starts.values()]), late)
    } catch (error) {
      // The reader comes back with its token, which is before these events.
      this.failure = error instanceof Error ? error : new Error(String(error))
    }
    this.opening = false
    this.onMore?.()
  }
}
