import type { Watermark } from '../store/watermark.ts'
import type { LogItem, LostPlace } from './items.ts'
import type { Place } from './place.ts'
import { beforeAll, byStreamId, withException, type Exception, type ResumePoint } from './resume-point.ts'
import type { Settled, Watermarks } from './watermarks.ts'

/** One stream of a sweep: its events up to a position are sent, or the reader is told that it cannot be resumed. */
export interface SweepStep {
  streamId: string
  until: { seq: number }
  lost?: LostPlace
}

export interface PlannedSweep {
  target: Watermark
  steps: readonly SweepStep[]
}

/** Where a reader begins. The sweeps bring it to the time at which it was opened. */
export interface Beginning {
  point: ResumePoint
  sweeps: readonly PlannedSweep[]
}

interface Sweeping extends PlannedSweep {
  nextStep: number
  /** Streams whose exceptions are not needed any more after it. */
  covered: Set<string>
}

/** Number of exceptions at which a newer watermark is looked for. */
const wantedExceptions = 4
/** Most exceptions while no newer watermark is found: each makes a token 33 letters longer. */
const maxExceptions = 16

/**
 * A short record of what a reader of many streams was sent. Live, each event is an exception to the newest watermark that
 * the reader has passed in all streams. The reader passes to the next watermark as soon as it is behind that in no stream.
 * A reader that is behind in many streams gets them one after the other, in the order of their ids, up to a watermark: a
 * sweep.
 */
export class Progress {
  point: ResumePoint
  private readonly sweeps: Sweeping[]
  /** Number of looks begun when the last stream was followed: looks that begin later know the positions of all streams. */
  private followedAt: number
  private tried: Settled | null = null
  /** Number of looks begun when the reader left each of these streams. */
  private readonly leftAt = new Map<string, number>()
  private stopWaiting: (() => void) | null = null
  /** Where streams are followed again whose loss a step of a sweep is yet to tell: until then no token may say so. */
  private readonly followedUntold = new Map<string, Exception>()

  constructor(
    private readonly watermarks: Watermarks,
    { point, sweeps }: Beginning,
  ) {
    this.point = point
    this.followedAt = watermarks.begunCount
    const all = new Set(point.exceptions.map(({ streamId }) => streamId))
    this.sweeps = sweeps.map((sweep, index) => {
      return { ...sweep, nextStep: 0, covered: index === sweeps.length - 1 ? all : new Set<string>() }
    })
  }

  /** The step to be sent now; null when there is none. `isTold` says whether the reader has reached its end. */
  step(isTold: (step: SweepStep) => boolean): SweepStep | null {
    for (let [sweep] = this.sweeps; sweep; [sweep] = this.sweeps) {
      const step = sweep.steps[sweep.nextStep]
      if (!step) this.endSweep(sweep)
      else if (step.lost || !isTold(step)) return step
      else this.pass(sweep, step)
    }
    return null
  }

  /** The reader was told that the current step cannot be resumed, so the step is over. */
  passLost(): void {
    const [sweep] = this.sweeps
    const step = sweep?.steps[sweep.nextStep]
    if (sweep && step) this.pass(sweep, step)
  }

  /** The reader was sent an event, or told that a stream continues from its head. */
  note({ event, lost }: LogItem): void {
    const exception = event
      ? { streamId: event.streamId, seq: event.seq, mark: event.mark }
      : { streamId: lost.streamId, seq: lost.headEventSeq, mark: lost.headMark }
    if (lost) for (const sweep of this.sweeps) sweep.covered.delete(lost.streamId)
    this.point = pointAfter(this.point, exception)
  }

  followed(starts: readonly { streamId: string; afterSeq: number; mark?: string | null }[]): void {
    this.followedAt = this.watermarks.begunCount
    for (const { streamId } of starts) this.leftAt.delete(streamId)
    // At the end of a sweep these streams may have more events than the reader knows.
    if (this.sweeps.length === 0) return
    let { exceptions } = this.point
    for (const { streamId, afterSeq: seq, mark = null } of starts) {
      const exception = { streamId, seq, mark }
      if (this.isLossUntold(streamId)) this.followedUntold.set(streamId, exception)
      else exceptions = withException(exceptions, exception)
      for (const sweep of this.sweeps) sweep.covered.delete(streamId)
    }
    this.point = { ...this.point, exceptions }
  }

  left(streamId: string): void {
    this.leftAt.set(streamId, this.watermarks.begunCount)
    this.followedUntold.delete(streamId)
  }

  /** Moves the reader to the newest watermark, if it is behind that in no stream. */
  advance(ready: ReadonlySet<Place>, placeOf: (streamId: string) => Place | undefined): void {
    const { newest } = this.watermarks
    if (!newest || newest === this.tried || !this.isUsable(newest)) return
    this.tried = newest
    for (const place of ready) if (place.isBehindWatermark) return
    this.rest(newest, placeOf)
  }

  /**
   * Whether an event of this stream may be sent. If not, a sweep has begun, or `onMore` is called once there is a newer
   * watermark.
   */
  admits(
    { stream: { streamId } }: Place,
    ready: ReadonlySet<Place>,
    placeOf: (streamId: string) => Place | undefined,
    onMore: () => void,
  ): boolean {
    const { exceptions } = this.point
    if (exceptions.length < wantedExceptions || exceptions.some((one) => one.streamId === streamId)) return true
    const { newest } = this.watermarks
    if (newest && this.isUsable(newest)) {
      const behind = [...ready].filter((place) => place.isBehindWatermark)
      if (behind.length > 0) {
        // First the readers of a stream that starts over must be told of it.
        if (behind.some((place) => place.history !== place.stream.history)) return true
        this.startSweep(newest, behind, placeOf)
        return false
      }
      this.rest(newest, placeOf)
      return true
    }
    this.stopWaiting ??= this.watermarks.whenNewer(() => {
      this.stopWaiting = null
      onMore()
    })
    return exceptions.length < maxExceptions
  }

  get isSweeping(): boolean {
    return this.sweeps.length > 0
  }

  end(): void {
    this.stopWaiting?.()
  }

  private isUsable({ look, point }: Settled): boolean {
    return look > this.followedAt && point.base !== this.point.base
  }

  /** Moves the reader to this watermark, except in streams in which it was sent more. */
  private rest(newest: Settled, placeOf: (streamId: string) => Place | undefined): void {
    const covered = this.coveredBy(newest, placeOf)
    const exceptions = this.point.exceptions.filter(({ streamId }) => !covered.has(streamId))
    for (const [streamId, look] of this.leftAt) if (look < newest.look) this.leftAt.delete(streamId)
    this.point = exceptions.length === 0 ? newest.point : restedPoint(this.point, newest.point, exceptions)
  }

  private coveredBy({ look }: Settled, placeOf: (streamId: string) => Place | undefined): Set<string> {
    const covered = this.point.exceptions.filter(({ streamId, seq }) => {
      const place = placeOf(streamId)
      return place ? seq <= place.stream.watermarkSeq : (this.leftAt.get(streamId) ?? 0) < look
    })
    return new Set(covered.map(({ streamId }) => streamId))
  }

  private startSweep(newest: Settled, behind: Place[], placeOf: (streamId: string) => Place | undefined): void {
    const steps = behind.map(({ stream: { streamId, watermarkSeq } }) => ({ streamId, until: { seq: watermarkSeq } }))
    const target = newest.point.base
    this.sweeps.push({ target, steps: steps.sort(byStreamId), nextStep: 0, covered: this.coveredBy(newest, placeOf) })
    this.point = { ...this.point, sweep: { target, upTo: beforeAll } }
  }

  private isLossUntold(id: string): boolean {
    return this.sweeps.some(({ steps, nextStep }) =>
      steps.some(({ streamId, lost }, index) => index >= nextStep && lost && streamId === id),
    )
  }

  private pass(sweep: Sweeping, { streamId, until }: SweepStep): void {
    sweep.nextStep++
    const { sweep: swept } = this.point
    const upTo = swept && (streamId > swept.upTo ? streamId : swept.upTo)
    const left = this.point.exceptions.filter((one) => one.streamId !== streamId || one.seq > until.seq)
    const followed = this.followedUntold.get(streamId)
    this.followedUntold.delete(streamId)
    this.point = {
      ...this.point,
      sweep: swept && upTo ? { ...swept, upTo } : swept,
      exceptions: followed ? withException(left, followed) : left,
    }
  }

  private endSweep({ target, covered }: Sweeping): void {
    this.sweeps.shift()
    const exceptions = this.point.exceptions.filter(({ streamId }) => !covered.has(streamId))
    const [next] = this.sweeps
    this.point = { base: target, sweep: next ? { target: next.target, upTo: beforeAll } : null, exceptions }
  }
}

/** The last result of `restedPoint`, by the point before it. */
const restedPoints = new WeakMap<ResumePoint, ResumePoint>()

/** The exceptions are some of those of `point`. */
function restedPoint(point: ResumePoint, { base }: ResumePoint, exceptions: readonly Exception[]): ResumePoint {
  const known = restedPoints.get(point)
  const isSame = known?.base === base && known.exceptions.length === exceptions.length
  if (isSame && exceptions.every((exception, index) => exception === known.exceptions[index])) return known
  const next = { base, sweep: null, exceptions }
  restedPoints.set(point, next)
  return next
}

/** The last result of `pointAfter`, by the point before it: a thousand readers of one event share theirs. */
const nextPoints = new WeakMap<ResumePoint, { exception: Exception; next: ResumePoint }>()

function pointAfter(point: ResumePoint, exception: Exception): ResumePoint {
  const known = nextPoints.get(point)
  const { streamId, seq, mark } = exception
  if (known?.exception.streamId === streamId && known.exception.seq === seq && known.exception.mark === mark)
    return known.next
  const next = { ...point, exceptions: withException(point.exceptions, exception) }
  nextPoints.set(point, { exception, next })
  return next
}
