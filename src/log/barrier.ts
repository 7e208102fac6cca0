import type { MoveStore, Moves, Seen } from '../store/moves.ts'
import type { Logger } from '../telemetry/logger.ts'
import { within } from '../flow/deadline.ts'
import { startRounds, type Rounds } from '../flow/rounds.ts'
import { changedMove, shownMove, type Keeper, type Move } from './moves.ts'

export interface BarrierOptions {
  store: Pick<MoveStore, 'after'>
  logger: Logger
  /** Milliseconds after which a passage has failed. */
  timeoutMs?: number
  /** Milliseconds between passages that nobody asks for, while something is kept. */
  intervalMs?: number
  /** Milliseconds after which nothing is kept for those who do not ask: a process that rests looks at nothing. */
  restMs?: number
}

/** Together less than a second: so long a text that was deleted may be in memory at the most. */
const defaultTimeoutMs = 700
const defaultIntervalMs = 250
const defaultRestMs = 60_000

/** Moves remembered for reads that are under way. */
const maxRemembered = 20_000

/**
 * Proves that what is kept is still so. A passage asks the log, in one statement for all who wait, what has moved since the passage
 * before. Its snapshot is taken after whoever waits for it came, so it shows every write that was acknowledged before, by
 * whichever process. After it, whatever is still kept is as it would be read (decision 0115).
 */
export class Barrier {
  private seen: Seen | null = null
  private keeper: Keeper | null = null
  private next: Promise<boolean> | null = null
  private running: Promise<boolean> = Promise.resolve(true)
  private isRunning = false
  private readonly rounds: Rounds
  private remembered: Move[] = []
  /** Number of the first move that is remembered. */
  private first = 0
  private isFailing = false
  private lastAtMs = -Infinity
  private askedAtMs = -Infinity

  constructor(private readonly options: BarrierOptions) {
    const { intervalMs = defaultIntervalMs, restMs = defaultRestMs } = options
    this.rounds = startRounds(intervalMs, async () => {
      const nowMs = performance.now()
      if (this.keeper?.isEmpty !== false || nowMs - this.lastAtMs < intervalMs) return
      if (nowMs - this.askedAtMs > restMs) this.lose()
      else await this.proven()
    })
  }

  /** There is one. */
  keep(keeper: Keeper): void {
    this.keeper = keeper
  }

  /** Number of the next move. */
  get now(): number {
    return this.first + this.remembered.length
  }

  /** What has moved since `now` was this, with repeats; null when that is not known any more. */
  movedSince(now: number): readonly Move[] | null {
    return now < this.first ? null : this.remembered.slice(now - this.first)
  }

  /**
   * Resolves when all that was committed before this call is known here: to false when the log could not be asked, and nothing is
   * kept any more. Who waits for a passage that fails does not try another one: a query must have time left to be executed.
   */
  pass(): Promise<boolean> {
    this.askedAtMs = performance.now()
    return this.proven()
  }

  private proven(): Promise<boolean> {
    // The one that runs may have begun before this call.
    return (this.next ??= this.isRunning ? this.running.then((isProven) => isProven && this.begin()) : this.begin())
  }

  async stop(): Promise<void> {
    await this.rounds.stop()
    await this.running
  }

  /** Whoever asks in the same turn of the event loop goes along. */
  private begin(): Promise<boolean> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.next = null
        this.isRunning = true
        this.running = this.ask()
        resolve(this.running)
      })
    })
  }

  private async ask(): Promise<boolean> {
    const { store, logger, timeoutMs = defaultTimeoutMs } = this.options
    try {
      const looked = within(timeoutMs, store.after(this.seen), () => new Error('no answer in time'))
      const { moved, isWhole, ...seen } = await looked
      this.lastAtMs = performance.now()
      this.seen = seen
      if (isWhole) this.tell(moved)
      else this.lose()
      this.isFailing = false
      return true
    } catch (error) {
      if (!this.isFailing)
        logger.warn({ event: 'reads.unproven', err: error }, 'answers are not kept: the log does not say what moved')
      this.isFailing = true
      this.seen = null
      this.lose()
      // Those who wait for the next one are told the same.
      this.next = null
      return false
    } finally {
      this.isRunning = false
    }
  }

  private tell(moved: Moves['moved']): void {
    if (moved.length === 0) return
    const moves = new Set<Move>()
    for (const { id, isShown, isChanged } of moved) {
      moves.add(id)
      if (isChanged) moves.add(changedMove(id))
      if (isShown) moves.add(shownMove(id))
    }
    for (const move of moves) this.remembered.push(move)
    if (this.remembered.length > 2 * maxRemembered) {
      this.first += this.remembered.length - maxRemembered
      this.remembered = this.remembered.slice(-maxRemembered)
    }
    this.keeper?.moved([...moves])
  }

  private lose(): void {
    // So that a read which is under way keeps nothing either.
    this.first += this.remembered.length + 1
    this.remembered = []
    this.keeper?.lost()
  }
}
