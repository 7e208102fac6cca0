/** What a subscription is read from, without waiting for each item: see flow/source.ts. */
export interface LiveSource<Item = unknown> {
  onMore: (() => void) | null
  /** Null when there is nothing at the moment, or `ended`. */
  take(): Item | null
  readonly ended: boolean
  return(): unknown
  /** As in execution/watchdog.ts; a source without them is never behind. */
  readonly isBehind?: boolean
  readonly progress?: number
  readonly waitsFor?: string
}

/** What a subscribe resolver gave, as such a source. */
export function liveSource(stream: AsyncIterable<unknown>): LiveSource {
  return 'take' in stream ? (stream as unknown as LiveSource) : new ReadAhead(stream)
}

/** Any other async iterable, read one item ahead. */
class ReadAhead implements LiveSource {
  onMore: (() => void) | null = null
  ended = false
  private held: { item: unknown } | { error: unknown } | null = null
  private isReading = false
  private readonly iterator: AsyncIterator<unknown>

  constructor(stream: AsyncIterable<unknown>) {
    this.iterator = stream[Symbol.asyncIterator]()
  }

  take(): unknown {
    const { held } = this
    this.held = null
    if (held && 'error' in held) {
      this.ended = true
      throw held.error
    }
    if (!this.isReading && !this.ended) void this.read()
    return held?.item ?? null
  }

  return(): unknown {
    this.ended = true
    return this.iterator.return?.()
  }

  private async read(): Promise<void> {
    this.isReading = true
    try {
      const step = await this.iterator.next()
      if (step.done) this.ended = true
      else this.held = { item: step.value }
    } catch (error) {
      this.held = { error }
    }
    this.isReading = false
    this.onMore?.()
  }
}
