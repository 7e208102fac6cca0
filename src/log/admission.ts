import type { EventsRequest, EventStore } from '../store/events.ts'
import type { LogEvent } from '../store/log-event.ts'
import type { LogRequest } from './read.ts'
import { oncePerTurn } from '../flow/turn.ts'

/** Statements that read the log at the same time: the other connections of the pool stay free for writes and requests. */
const maxStatements = 2
/** Rows that one statement may ask for, over all its stretches. */
const maxRowsPerStatement = 2_000
/** The part of these rows that is reserved for catching up, however many gaps there are. */
const rowsForCatchingUp = 500
/** A stretch ends with the event that reaches this, in bytes of text and receipts. */
const maxBytesPerStretch = 262_144

interface Waiting {
  request: LogRequest
  /** A stretch was read for this request, but ended before the first event that it needs. */
  wasCutOff: boolean
  resolve: (events: LogEvent[]) => void
  reject: (error: unknown) => void
}

/** What one part of a statement reads, for all requests that begin within it. */
interface Stretch {
  request: EventsRequest
  members: Waiting[]
}

/** Waiting requests by stream, the oldest first. Streams stand in the order of their turns. */
type Queue = Map<string, Waiting[]>

/** The stretch for the oldest request of a stream. It begins earlier when other requests begin a little before that one. */
function stretchFor(first: Waiting, waiting: readonly Waiting[]): EventsRequest {
  const { streamId, afterSeq, limit } = first.request
  if (first.wasCutOff) return { streamId, afterSeq, limit }
  const start = waiting.reduce((lowest, { request }) => {
    return request.afterSeq < lowest && request.afterSeq > afterSeq - limit ? request.afterSeq : lowest
  }, afterSeq)
  return { streamId, afterSeq: start, limit: limit + afterSeq - start }
}

/**
 * Decides who may read the log when. Thousands of readers that reconnect at once ask for nearly the same events. One read
 * serves all that wait for the same stretch of a stream, and requests that come meanwhile share the next read. What does
 * not fit waits here, without a time limit, and not in statements that the database cannot answer in time. Streams take
 * turns.
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
      // The stretch ended before this request begins. The request is the first of its stream now, so the next stretch
      // serves it.
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
