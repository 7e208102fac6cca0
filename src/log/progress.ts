import type { Watermark } from '../store/watermark.ts'
import type { LogItem, LostPlace } from './items.ts'
import type { Place } from './place.ts'
import { beforeAll, byStreamId, withException, type Exception, type ResumePoint } from './resume-point.ts'
import type { Settled, Watermarks } from './watermarks.ts'

/** One stream of a sweep: to be told up to a position, or that it cannot be resumed. */
export interface SweepStep {
  streamId: string
  until: { seq: number }
  lost?: LostPlace
}

export interface PlannedSweep {
  target: Watermark
  steps: readonly SweepStep[]
}

/** Where a reader begins: the sweeps bring it to the moment at which it was opened. */
export interface Beginning {
  point: ResumePoint
  sweeps: readonly PlannedSweep[]
}

interface Sweeping extends PlannedSweep {
  nextStep: number
  /** Streams whose exceptions are no longer needed after it. */
  covered: Set<string>
}

/** Exceptions of a reader, after which a newer watermark is looked for. */
const wantedExceptions = 4
/** Up to which it continues while none can be found: with each a token is 33 letters longer. */
const maxExceptions = 16

/**
 * Keeps what a reader of many streams has been told in a few words. Live, each event is an exception to the newest watermark that the
 * reader has passed in all streams. It passes to the next one as soon as it is behind it nowhere. A reader that is behind in many
 * streams is told one after the other up to a watermark, in the order of their ids: a sweep.
 */
export class Progress {
  point: ResumePoint
  private readonly sweeps: Sweeping[]
  /** Looks begun when the last stream was followed: those that began later know the places of all. */
  private followedAt: number
  private tried: Settled | null = null
  /** Looks begun when the reader left these streams. */
  private readonly leftAt = new Map<string, number>()
  private stopWaiting: (() => void) | null = null

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

  /** The step to be told now; null when there is none. `isTold` says whether the reader is at its end. */
  step(isTold: (step: SweepStep) => boolean): SweepStep | null {
    for (let [sweep] = this.sweeps; sweep; [sweep] = this.sweeps) {
      const step = sweep.steps[sweep.nextStep]
      if (!step) this.endSweep(sweep)
      else if (step.lost || !isTold(step)) return step
      else this.pass(sweep, step)
    }
    return null
  }

  /** That of a step which cannot be told is said with it. */
  passLost(): void {
    const [sweep] = this.sweeps
    const step = sweep?.steps[sweep.nextStep]
    if (sweep && step) this.pass(sweep, step)
  }

  /** An event was told, or that a stream continues from its head. */
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
    // A sweep ends at a moment at which there may be more of them than the reader knows.
    if (this.sweeps.length === 0) return
    let { exceptions } = this.point
    for (const { streamId, afterSeq: seq, mark = null } of starts) {
      exceptions = withException(exceptions, { streamId, seq, mark })
      for (const sweep of this.sweeps) sweep.covered.delete(streamId)
    }
    this.point = { ...this.point, exceptions }
  }

  left(streamId: string): void {
    this.leftAt.set(streamId, this.watermarks.begunCount)
  }

  /** Passes to the newest watermark, where the reader is behind it nowhere. */
  advance(ready: ReadonlySet<Place>, placeOf: (streamId: string) => Place | undefined): void {
    const { newest } = this.watermarks
    if (!newest || newest === this.tried || !this.isUsable(newest)) return
    this.tried = newest
    for (const place of ready) if (place.isBehindWatermark) return
    this.rest(newest, placeOf)
  }

  /**
   * Whether an event of this stream may be told. If not, there is a sweep now, or `onMore` is called when a newer watermark
   * is there.
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
        // Of a stream that starts over its readers are told first.
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

  /** Stands at this watermark from now on, but in the streams of which it was told more. */
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

  private pass(sweep: Sweeping, { streamId, until }: SweepStep): void {
    sweep.nextStep++
    const { sweep: swept } = this.point
    const upTo = swept && (streamId > swept.upTo ? streamId : swept.upTo)
    this.point = {
      ...this.point,
      sweep: swept && upTo ? { ...swept, upTo } : swept,
      exceptions: this.point.exceptions.filter((one) => one.streamId !== streamId || one.seq > until.seq),
    }
  }

  private endSweep({ target, covered }: Sweeping): void {
    this.sweeps.shift()
    const exceptions = this.point.exceptions.filter(({ streamId }) => !covered.has(streamId))
    const [next] = this.sweeps
    this.point = { base: target, sweep: next ? { target: next.target, upTo: beforeAll } : null, exceptions }
  }
}

/** Where the reader rested that asked last, by the point before it. */
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

/** The next point of the reader that asked last, by the point before it: a thousand readers of one event share theirs. */
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
