import { Source } from '../../flow/source.ts'
import type { DeskCursor } from '../../log/desk/desk-cursor.ts'
import type { LogItem, TokenText } from '../../log/items.ts'
import type { ResumePoint } from '../../log/resume-point.ts'
import { UnavailableError } from '../errors.ts'
import type { SessionWatch } from '../sessions/session-watch.ts'
import type { Viewer } from '../viewer.ts'

const retryAfterMs = 1_000

export interface DeskFeedOptions {
  viewer: Viewer
  cursor: DeskCursor
  watch: Pick<SessionWatch, 'onEnded' | 'onDemoted'>
  /** Makes the token of an item from the reader's point. */
  tokenOf: (point: ResumePoint) => TokenText
  /** Called once when it has ended. */
  onEnd: () => void
}

/** What somebody of the staff gets of all support conversations. Ends with the session, and when they are no longer staff. */
export class DeskFeed extends Source<LogItem> {
  /** Where it began, as a token. */
  firstPlace: string | null = null
  private isOver = false
  private readonly forget: (() => void)[]

  constructor(private readonly options: DeskFeedOptions) {
    super()
    const { viewer, cursor, watch } = options
    cursor.onMore = () => this.onMore?.()
    const end = () => {
      this.end()
    }
    this.forget = [watch.onEnded(viewer.sessionId, end), watch.onDemoted(viewer.sessionId, end)]
  }

  get ended(): boolean {
    return this.isOver
  }

  override get streamCount(): number {
    return this.options.cursor.streamCount
  }

  override get progress(): number {
    return this.options.cursor.progress
  }

  override get isBehind(): boolean {
    return !this.isOver && this.options.cursor.isBehind
  }

  override get waitsFor(): string {
    return this.options.cursor.waitsFor
  }

  take(): LogItem | null {
    if (this.isOver) return null
    for (;;) {
      const item = this.takeNext()
      if (item?.point) item.resume = this.options.tokenOf(item.point)
      if (item?.event?.type !== 'UNKNOWN') return item
    }
  }

  override placeAfter(item: LogItem | null): string | null {
    if (!item) return this.firstPlace
    return item.resume ? item.resume.shared + item.resume.own : null
  }

  end(): void {
    if (this.isOver) return
    this.isOver = true
    for (const forget of this.forget) forget()
    this.options.cursor.end()
    this.options.onEnd()
    this.onMore?.()
  }

  private takeNext(): LogItem | null {
    try {
      return this.options.cursor.take()
    } catch (error) {
      this.end()
      const message = 'Support conversations could not be opened in time. Come back with your resume token.'
      throw new UnavailableError(message, retryAfterMs, { cause: error })
    }
  }
}
