import { Cursor, type Start } from './cursor.ts'
import type { LogItem } from './items.ts'
import type { Place } from './place.ts'
import { Progress, type Beginning, type SweepStep } from './progress.ts'
import type { ResumePoint } from './resume-point.ts'

/** A cursor that keeps the reader's point in all streams, and adds it to each item. */
export class TrackedCursor extends Cursor {
  private kept: Progress | null = null

  /** To be called after it follows the streams, and before anything is taken. */
  track(beginning: Beginning): void {
    this.kept = new Progress(this.hub.watermarks, beginning)
    for (const { streamId, until } of beginning.sweeps.flatMap(({ steps }) => steps)) {
      // The steps were read from the database, which may be ahead of the announcements here.
      this.places.get(streamId)?.stream.announce(until.seq)
    }
  }

  /** Where the reader stands. */
  get point(): ResumePoint | null {
    return this.kept?.point ?? null
  }

  override take(): LogItem | null {
    const { kept: progress } = this
    if (this.closed || !progress) return null
    const item = this.takeTracked(progress)
    if (item) item.point = progress.point
    return item
  }

  override end(): void {
    this.kept?.end()
    super.end()
  }

  protected override followed(starts: readonly Start[]): void {
    this.kept?.followed(starts)
  }

  protected override left(streamId: string): void {
    this.kept?.left(streamId)
  }

  protected override admits(place: Place): boolean {
    if (!this.kept) return true
    return !this.kept.isSweeping && this.kept.admits(place, this.notWaiting, this.placeOf, this.more)
  }

  private takeTracked(progress: Progress): LogItem | null {
    const lost = this.takeLost()
    if (lost) {
      progress.note(lost)
      return lost
    }
    const step = progress.step(this.isTold)
    if (step) return this.takeStep(progress, step)
    progress.advance(this.notWaiting, this.placeOf)
    const item = this.takeNext()
    if (item) progress.note(item)
    // Looking for an event that may be sent may have begun a sweep.
    else if (progress.isSweeping) return this.takeTracked(progress)
    return item
  }

  private takeStep(progress: Progress, step: SweepStep): LogItem | null {
    if (step.lost) {
      progress.passLost()
      return { lost: step.lost }
    }
    const place = this.places.get(step.streamId)
    const item = place ? this.takeFromOne(place, step.until.seq - place.afterSeq) : null
    if (!item) return null
    // A stream that started over has no such position.
    if (item.lost) progress.passLost()
    progress.note(item)
    return item
  }

  private readonly placeOf = (streamId: string) => this.places.get(streamId)
  private readonly more = () => this.onMore?.()

  /** A stream that is no longer followed has nothing more to send. */
  private readonly isTold = ({ streamId, until }: SweepStep) => {
    const place = this.places.get(streamId)
    return !place || (place.history === place.stream.history && place.afterSeq >= until.seq)
  }
}
