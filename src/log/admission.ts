import type { EventsRequest, EventStore } from '../store/events.ts'
import type { LogEvent } from '../store/log-event.ts'
import type { LogRequest } from './read.ts'
import { oncePerTurn } from '../flow/turn.ts'

/** Statements that read the log at once: the other connections of the pool are left to writes and requests. */
const maxStatements = 2
/** Rows that one statement may ask for, over all its stretches. */
const maxRowsPerStatement = 2_000
/** What is left of them to those who catch up, however many gaps there are. */
const rowsForCatchingUp = 500
/** A stretch ends with the event that reaches this, in bytes of text and receipts. */
const maxBytesPerStretch = 262_144

interface Waiting {
  request: LogRequest
  /** A stretch was read for it, and ended before what it asked for. */
  wasCutOff: boolean
  resolve: (events: LogEvent[]) => void
  reject: (error: unknown) => void
}

/** What one part of a statement reads, for all who wait for something that begins in it. */
interface Stretch {
  request: EventsRequest
  members: Waiting[]
}

/** By stream, those that wait, the longest waiting first; streams in the order in which it is their turn. */
type Queue = Map<string, Waiting[]>

/** What the first of those who wait asks for, begun earlier for those who stand a little before it. */
function stretchFor(first: Waiting, waiting: readonly Waiting[]): EventsRequest {
  const { streamId, afterSeq, limit } = first.request
  if (first.wasCutOff) return { streamId, afterSeq, limit }
  const start = waiting.reduce((lowest, { request }) => {
    return request.afterSeq < lowest && request.afterSeq > afterSeq - limit ? request.afterSeq : lowest
  }, afterSeq)
  return { streamId, afterSeq: start, limit: limit + afterSeq - start }
}

/**
 * Who may read the log when. Thousands of readers that come back at once ask for much the same: one reading serves all
 * who wait for the same stretch of a stream, and those who ask meanwhile share the next. What is left waits here, without
 * a limit in time, instead of in statements that the database cannot answer in time. Streams take turns.
 */
export function createAdmission(read: EventStore['read']): (request: LogRequest) => Promise<LogEvent[]> {
  const gaps: Queue = new Map()
  const catchUps: Queue = new Map()
  const queueOf = ({ isGap }: LogRequest) => (isGap ? gaps : catchUps)
  /** Streams being read now. */
  const busy = new Set<string>()
  let statementCount = 0
  let isPlanned = false

  const take = (queue: Queue, stretches: Stretch[], maxRows: number) => {
    let rows = stretches.reduce((sum, { request }) => sum + request.limit, 0)
    // A stream with more than one stretch goes to the end of the map, and so comes round again in this loop.
    for (const [streamId, waiting] of queue) {
      if (rows >= maxRows) return
      const [first] = waiting
      if (busy.has(streamId) || !first) continue
      const request = stretchFor(first, waiting)
      const { afterSeq, limit } = request
      const isWithin = (each: Waiting) => each.request.afterSeq >= afterSeq && each.request.afterSeq < afterSeq + limit
      const others = waiting.filter((each) => !isWithin(each))
      queue.delete(streamId)
      if (others.length > 0) queue.set(streamId, others)
      stretches.push({ request, members: waiting.filter(isWithin) })
      rows += limit
    }
  }

  const nextStretches = () => {
    const stretches: Stretch[] = []
    take(gaps, stretches, maxRowsPerStatement - rowsForCatchingUp)
    take(catchUps, stretches, maxRowsPerStatement)
    take(gaps, stretches, maxRowsPerStatement)
    return stretches
  }

  const run = async (stretches: Stretch[]) => {
    const streamIds = new Set(stretches.map(({ request }) => request.streamId))
    for (const streamId of streamIds) busy.add(streamId)
    statementCount++
    try {
      const results = await read(
        stretches.map(({ request }) => request),
        maxBytesPerStretch,
      )
      stretches.forEach(({ members }, index) => {
        for (const member of members) give(member, results[index] ?? [])
      })
    } catch (error) {
      for (const { members } of stretches) for (const { reject } of members) reject(error)
    } finally {
      for (const streamId of streamIds) busy.delete(streamId)
      statementCount--
      plan()
    }
  }

  const give = (member: Waiting, events: LogEvent[]) => {
    const { request, resolve } = member
    const last = events.at(-1)
    if (last && last.seq <= request.afterSeq) {
      // The stretch ended before what this one asked for. First of its stream, it is served next time in any case.
      const queue = queueOf(request)
      queue.set(request.streamId, [{ ...member, wasCutOff: true }, ...(queue.get(request.streamId) ?? [])])
      return
    }
    const start = events.findIndex(({ seq }) => seq > request.afterSeq)
    resolve(start === -1 ? [] : events.slice(start, start + request.limit))
  }

  const plan = () => {
    if (isPlanned || gaps.size + catchUps.size === 0) return
    isPlanned = true
    oncePerTurn(() => {
      isPlanned = false
      while (statementCount < maxStatements) {
        const stretches = nextStretches()
        if (stretches.length === 0) return
        void run(stretches)
      }
    })
  }

  return (request) =>
    new Promise((resolve, reject) => {
      const queue = queueOf(request)
      const waiting = queue.get(request.streamId)
      const member = { request, wasCutOff: false, resolve, reject }
      if (waiting) waiting.push(member)
      else queue.set(request.streamId, [member])
      plan()
    })
}
