import type { LostPlace } from '../../log/items.ts'
import { streamStart } from '../../log/mark.ts'
import { beforeAll, byStreamId, type Exception, type ResumePoint } from '../../log/resume-point.ts'
import type { MembershipChange, ResumableMembership, ResumableStream, Resumption } from '../../store/resumption.ts'
import type { Watermark } from '../../store/watermark.ts'
import { startAt, type StreamPosition, type StreamStart } from './position.ts'

export interface Position {
  seq: number
  /** Null where it is not known. */
  mark: string | null
}

/** One stream is sent from one position up to another, or reported as lost between them. */
export interface Step {
  streamId: string
  from: Position
  until: Position
  lost?: LostPlace
}

/** Streams are sent in the order of the steps. After the last step all of them stand at the target. */
export interface PlannedSweep {
  target: Watermark
  steps: Step[]
}

export interface Resuming {
  viewerId: string
  /** The point of the token, as `proven` left it. */
  point: ResumePoint
  /** Single streams that continue from another position. */
  named: ReadonlyMap<string, StreamPosition>
  found: Resumption
  /** The changes in the personal stream, since `changesAfter`. */
  changes: readonly MembershipChange[]
}

export interface ResumptionPlan {
  point: ResumePoint
  /** The viewer's streams, and the position from which each is read. */
  starts: StreamStart[]
  sweeps: PlannedSweep[]
}

/** The same, with lookups by stream. */
interface Known extends Resuming {
  exceptionOf: ReadonlyMap<string, Exception>
  changesOf: ReadonlyMap<string, readonly MembershipChange[]>
}

/** A reader's position in a stream, or why there is none. */
type Told = Position & { lost?: LostPlace['reason'] }

const isAhead = ({ point: { sweep } }: Pick<Resuming, 'point'>, streamId: string) =>
  sweep !== null && streamId > sweep.upTo

/** The part of a token's point that still holds, once it is known which of its watermarks are of this history. */
export function proven(point: ResumePoint, { isBaseKnown, isTargetKnown }: Resumption): ResumePoint {
  if (point.sweep && !isTargetKnown) return { base: null, sweep: null, exceptions: [] }
  return isBaseKnown ? point : { ...point, base: null }
}

/** Position in the personal stream after which the joinings and leavings are unknown to the token. */
export function changesAfter(point: ResumePoint, { own }: Resumption): number {
  const positions = [point.base && own.base, point.sweep && own.target].flatMap((position) => position ?? [])
  return positions.length === 0 ? own.headEventSeq : Math.min(...positions.map(({ seq }) => seq ?? own.floorEventSeq))
}

/** How a viewer continues in all streams after a token. */
export function planResumption(given: Resuming): ResumptionPlan {
  const { point, viewerId, named, found } = given
  const known: Known = {
    ...given,
    exceptionOf: new Map(point.exceptions.map((exception) => [exception.streamId, exception])),
    changesOf: byConversation(given.changes),
  }
  const { sweep } = point
  const told = new Map<string, { stream: ResumableStream; told: Told }>()
  told.set(viewerId, { stream: found.own, told: toldOf(known, viewerId, found.own) })
  for (const membership of found.conversations) {
    if (membership.active)
      told.set(membership.conversationId, { stream: membership, told: toldSinceJoining(known, membership) })
  }
  /** Steps that remain of the sweep during which the token was given, and steps after that sweep. */
  const left: Step[] = []
  const fresh: Step[] = []
  const starts: ResumptionPlan['starts'] = []
  for (const [streamId, { stream, told: from }] of told) {
    // Also for a stream that the sweep has passed after sending a part of it.
    const target = sweep && stream.target?.seq != null ? { ...stream.target, seq: stream.target.seq } : null
    const first = target && stepTo(streamId, from, target)
    if (first) left.push(first)
    const second = stepTo(streamId, first?.until ?? from, { seq: stream.headEventSeq, mark: stream.headMark })
    if (second) fresh.push(second)
    const start = (from.lost && (first ?? second)?.until) || from
    starts.push({ streamId, afterSeq: start.seq, mark: start.mark })
  }
  for (const { streamId, change } of leavings(known)) {
    // Also who left after the target: a token there would say that they were told all of it until then, and who comes back
    // before they get to the next sweep would go on from there.
    const isLeft = isAhead(known, streamId) && change !== null
    ;(isLeft ? left : fresh).push(gone(streamId))
  }
  const exceptions = new Map(known.exceptionOf)
  for (const { streamId, eventSeq, mark } of named.values()) {
    // A stream that the viewer has left gets no events, only the report that it is gone.
    const exception = told.has(streamId) ? { streamId, seq: eventSeq, mark } : { streamId, ...beforeLeaving }
    exceptions.set(streamId, exception)
  }
  const sweeps = [{ target: found.now, steps: fresh.sort(byStreamId) }]
  const isUnfinished = sweep !== null && left.length > 0
  if (isUnfinished) sweeps.unshift({ target: sweep.target, steps: left.sort(byStreamId) })
  return {
    point: {
      base: sweep && !isUnfinished ? sweep.target : point.base,
      sweep: isUnfinished ? sweep : { target: found.now, upTo: beforeAll },
      exceptions: [...exceptions.values()].sort(byStreamId),
    },
    starts,
    sweeps,
  }
}

function byConversation(changes: readonly MembershipChange[]): ReadonlyMap<string, MembershipChange[]> {
  const found = new Map<string, MembershipChange[]>()
  for (const change of changes) {
    const known = found.get(change.conversationId)
    if (known) known.push(change)
    else found.set(change.conversationId, [change])
  }
  return found
}

/** The exception of a stream that the viewer has left, and must still be told so. */
export const beforeLeaving = { seq: 0, mark: null } satisfies Omit<Exception, 'streamId'>

function stepTo(streamId: string, from: Told, until: Position & { mark: string | null }): Step | null {
  const { lost: reason, seq, mark } = from
  if (reason) {
    const lost = { streamId, reason, headEventSeq: until.seq, headMark: until.mark ?? streamStart.headMark }
    return { streamId, from: until, until, lost }
  }
  return seq < until.seq ? { streamId, from: { seq, mark }, until } : null
}

/** A viewer who left may still name the stream. It has no more events for them, and a fresh read tells them why. */
export function gone(streamId: string): Step {
  const start = { seq: streamStart.headEventSeq, mark: streamStart.headMark }
  return { streamId, from: start, until: start, lost: { streamId, reason: 'UNKNOWN_CURSOR', ...streamStart } }
}

/** The position that is given for this stream alone. */
function positionOf({ exceptionOf, named }: Known, streamId: string): StreamPosition | null {
  const exception = exceptionOf.get(streamId)
  return named.get(streamId) ?? (exception ? { streamId, eventSeq: exception.seq, mark: exception.mark } : null)
}

function toldOf(known: Known, streamId: string, stream: ResumableStream): Told {
  const position = positionOf(known, streamId)
  if (position) {
    const { afterSeq, mark, lost } = startAt(streamId, position, stream)
    return lost ? { seq: position.eventSeq, mark: null, lost: lost.reason } : { seq: afterSeq, mark }
  }
  const { sweep, base } = known.point
  const passed = sweep && streamId <= sweep.upTo ? stream.target : base && stream.base
  if (!passed) return { seq: -1, mark: null, lost: 'UNKNOWN_CURSOR' }
  return passed.seq === null ? { seq: -1, mark: null, lost: 'EXPIRED' } : { seq: passed.seq, mark: passed.mark }
}

/** Position of the personal stream at the watermark that applies to this conversation. */
const ownPlace = ({ point: { sweep }, found: { own } }: Known, conversationId: string) =>
  sweep && conversationId <= sweep.upTo ? own.target : own.base

/** Joinings and leavings of one conversation that are unknown to a reader who was sent events up to `toldSeq`. */
function newChanges(known: Known, conversationId: string, toldSeq: number): MembershipChange[] {
  const ownSeq = ownPlace(known, conversationId)?.seq ?? known.found.own.floorEventSeq
  return (known.changesOf.get(conversationId) ?? []).filter(({ seq, left, eventSeq }) => {
    if (seq <= ownSeq) return false
    return eventSeq === null || (left ? eventSeq > toldSeq : eventSeq >= toldSeq)
  })
}

/**
 * A reader who was a member at the last event they were sent continues there, even if they left and came back since. Others
 * begin where they joined.
 */
function toldSinceJoining(known: Known, membership: ResumableMembership): Told {
  const { conversationId, joinedEventSeq, floorEventSeq } = membership
  const told = toldOf(known, conversationId, membership)
  if (told.lost === 'UNKNOWN_CURSOR' || known.named.has(conversationId)) return told
  if (!told.lost && told.seq >= joinedEventSeq) return told
  // The personal stream no longer has the changes in between.
  if (ownPlace(known, conversationId)?.seq == null) return { ...told, lost: 'EXPIRED' }
  const [first, ...later] = newChanges(known, conversationId, told.seq)
  if (first?.left) return told
  // A reader with an exception was sent events up to it, and goes on there: of what the watermark shows of leavings since
  // they know nothing. Only if the last event they were sent is their leaving, they know that the next comes after a joining.
  if (known.exceptionOf.has(conversationId) && !isAtLeaving(known, conversationId, told.seq)) {
    return isBeforeLeaving(known, conversationId) ? { seq: -1, mark: null, lost: 'UNKNOWN_CURSOR' } : told
  }
  const isLast = !later.some(({ left }) => left)
  const joinedAt = isLast ? joinedEventSeq : (first?.eventSeq ?? joinedEventSeq)
  if (told.lost && (!first || joinedAt < floorEventSeq)) return told
  return { seq: Math.max(told.seq, joinedAt), mark: null }
}

const isAtLeaving = ({ changesOf }: Known, conversationId: string, toldSeq: number) =>
  (changesOf.get(conversationId) ?? []).some(({ left, eventSeq }) => left && eventSeq === toldSeq)

/** Whether the reader is still to be told that they left, although they are back. */
function isBeforeLeaving({ exceptionOf }: Known, conversationId: string): boolean {
  const exception = exceptionOf.get(conversationId)
  return exception?.seq === beforeLeaving.seq && exception.mark === beforeLeaving.mark
}

/** Conversations that the viewer has left for good and was not told of yet. */
function leavings(known: Known): { streamId: string; change: MembershipChange | null }[] {
  const { found, named, exceptionOf, changesOf } = known
  const active = new Set(found.conversations.filter((one) => one.active).map((one) => one.conversationId))
  const leftIds = new Set(changesOf.keys())
  for (const { conversationId } of found.conversations) leftIds.add(conversationId)
  return [...leftIds].flatMap((streamId): { streamId: string; change: MembershipChange | null }[] => {
    if (active.has(streamId)) return []
    const exception = exceptionOf.get(streamId)
    if (named.has(streamId) || exception?.seq === beforeLeaving.seq) return [{ streamId, change: null }]
    // Also of one that they have joined since, if they have left it again: they may have read it in between.
    const change = newChanges(known, streamId, exception?.seq ?? -1).find(({ left }) => left)
    return change ? [{ streamId, change }] : []
  })
}
