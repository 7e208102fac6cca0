import { LRUCache } from 'lru-cache'
import type { Logger } from '../telemetry/logger.ts'

/** Processor time of one process, served to payers in turn: a payer is a person's id, or `address:…` without a token. */
export interface Work {
  /**
   * Runs a piece of work when it is its payer's turn: at once when nobody waits and this turn of the event loop has time
   * left. What it took is charged to the payer, less what `charge` told of it meanwhile.
   */
  enqueue(payer: string, piece: () => void): void
  /** Adds time that was measured elsewhere. */
  charge(payer: string, tookMs: number): void
  /** Milliseconds of processor time by which this payer is over their share now; 0 when they may go on. */
  debtMs(payer: string): number
  /** Milliseconds until a payer who asks for nothing more is within their share. */
  waitMs(payer: string): number
  /**
   * Milliseconds that a payer who took more than their share lately waits before they begin something more, while others want
   * something too; else 0. Nobody waits who is over their share by less than `unpacedMs` of processor time (default 250).
   */
  paceMs(payer: string, unpacedMs?: number): number
  /** Whether the present piece should stop and enqueue its rest. Cheap: most calls do not look at the clock. */
  readonly isTurnOver: boolean
}

/** Milliseconds of queued work and of long pieces in one turn of the event loop: then come sockets, timers and sends. */
const turnMs = 8
/** Milliseconds that a payer gets each time it is their turn, while others wait. */
const quantumMs = 1
/** The same for a turn with few objects: a page of rows is made in one go, so that what hangs below them is read in one go. */
const fewCallsTurnMs = 24
const fewCalls = 1_024
/** Calls of `isTurnOver` between two looks at the clock. With fewer in a turn it is never looked at. */
const callsPerLook = 64
/** Milliseconds of processor time for each second that one payer may take all the time, and in advance. */
const shareMsPerSecond = 250
const burstMs = 1_000
/** What a payer took longer ago than this has no effect any more, however much it was. */
const maxLevelMs = 10_000
/** Milliseconds of processor time at once for which nobody is paced: all that a client opens with takes less. */
const defaultUnpacedMs = 250
/** Milliseconds for which others count as there after something was done for them. */
const presentMs = 1_000
/** The longest pace: who is far over their share still gets on. */
const maxPaceMs = 1_000
/** Payers whose use is remembered. That of who is not seen for longest is forgotten, mostly because it has drained away. */
const maxAccounts = 10_000

/** Milliseconds until so much of what was taken has drained away. */
const drainMs = (takenMs: number): number => (takenMs * 1_000) / shareMsPerSecond

/** What one payer has used, as a bucket that leaks by their share, and what waits for their turn. */
class Account {
  private levelMs = 0
  private atMs = 0
  /** Time in hand; below 0 others come first. Counts while something waits. */
  deficitMs = 0
  queue: (() => void)[] = []
  /** Pieces of `queue` that are done. */
  doneCount = 0

  constructor(readonly payer: string) {}

  levelAt(nowMs: number): number {
    return Math.max(0, this.levelMs - ((nowMs - this.atMs) * shareMsPerSecond) / 1_000)
  }

  add(tookMs: number, nowMs: number): void {
    this.levelMs = Math.min(maxLevelMs, this.levelAt(nowMs) + tookMs)
    this.atMs = nowMs
    this.deficitMs = Math.max(-burstMs, this.deficitMs - tookMs)
  }

  get isEmpty(): boolean {
    return this.doneCount === this.queue.length
  }

  take(): (() => void) | undefined {
    const piece = this.queue[this.doneCount]
    if (!piece) return undefined
    if (++this.doneCount === this.queue.length) {
      this.queue = []
      this.doneCount = 0
    }
    return piece
  }
}

/**
 * A deficit round robin over measured time: whoever asks for much waits for themselves, and a process that is idle has
 * nobody wait. A piece is never interrupted, so that it should ask `isTurnOver` on its way.
 */
export class FairWork implements Work {
  private readonly accounts = new LRUCache<string, Account>({ max: maxAccounts })
  /** Those with something that waits, in their order. They stay here even when they are forgotten above. */
  private readonly active = new Map<string, Account>()
  private isDraining = false
  private callCount = 0
  /** When the clock was first looked at in this turn; null before. */
  private turnStartMs: number | null = null
  /** What the processor had done for this process by then: it may do other things meanwhile. */
  private turnStartUsage: NodeJS.CpuUsage = { user: 0, system: 0 }
  private turnStartCount = 0
  private isOver = false
  /** Of the piece that runs: told of by `charge`, so that it does not count twice. */
  private chargedMs = 0

  /** For whom something was done last, and for whom before them. */
  private served: { payer: string; atMs: number }[] = []

  constructor(private readonly logger: Pick<Logger, 'error'>) {}

  enqueue(payer: string, piece: () => void): void {
    if (this.active.size === 0 && !this.isOver) {
      this.run(this.accountOf(payer), piece)
      return
    }
    const account = this.active.get(payer) ?? this.accountOf(payer)
    if (account.isEmpty) {
      // What they took lately counts against them, as far as it is more than others wait for anyway.
      account.deficitMs = -Math.min(burstMs, account.levelAt(performance.now()))
      this.active.set(payer, account)
    }
    account.queue.push(piece)
    this.drainLater()
  }

  charge(payer: string, tookMs: number): void {
    const nowMs = performance.now()
    this.chargedMs += tookMs
    this.accountOf(payer).add(tookMs, nowMs)
    this.noteServed(payer, nowMs)
  }

  debtMs(payer: string): number {
    return Math.max(0, this.levelOf(payer, performance.now()) - burstMs)
  }

  paceMs(payer: string, unpacedMs = defaultUnpacedMs): number {
    const nowMs = performance.now()
    const overMs = this.levelOf(payer, nowMs) - unpacedMs
    if (overMs <= 0) return 0
    const sinceMs = nowMs - presentMs
    // What documents cost has accounts of its own, whose names end with the payer's.
    const isAlone = this.served.every((one) => one.payer.endsWith(payer) || one.atMs < sinceMs)
    return isAlone ? 0 : Math.min(maxPaceMs, drainMs(overMs))
  }

  waitMs(payer: string): number {
    return Math.ceil(drainMs(this.debtMs(payer)))
  }

  get isTurnOver(): boolean {
    if (this.isOver) return true
    if (++this.callCount % callsPerLook !== 0) return false
    const nowMs = performance.now()
    if (this.turnStartMs === null) {
      this.beginTurn(nowMs)
      return false
    }
    return (this.isOver = this.isUsedUp(nowMs))
  }

  private isUsedUp(nowMs: number): boolean {
    const limitMs = this.callCount - this.turnStartCount < fewCalls ? fewCallsTurnMs : turnMs
    if (this.turnStartMs === null || nowMs - this.turnStartMs < limitMs) return false
    const { user, system } = process.cpuUsage(this.turnStartUsage)
    return (user + system) / 1_000 >= limitMs
  }

  private beginTurn(nowMs: number): void {
    this.startTurn(nowMs)
    setImmediate(() => {
      this.turnStartMs = null
      this.isOver = false
    })
  }

  private startTurn(nowMs: number): void {
    this.turnStartMs = nowMs
    this.turnStartCount = this.callCount
    this.turnStartUsage = process.cpuUsage()
  }

  /** What this payer took lately, in milliseconds, as far as it has not drained away. */
  private levelOf(payer: string, nowMs: number): number {
    const account = this.active.get(payer) ?? this.accounts.get(payer)
    return account?.levelAt(nowMs) ?? 0
  }

  private accountOf(payer: string): Account {
    let account = this.active.get(payer) ?? this.accounts.get(payer)
    if (!account) this.accounts.set(payer, (account = new Account(payer)))
    return account
  }

  private run(account: Account, piece: () => void): void {
    const outerChargedMs = this.chargedMs
    const startMs = performance.now()
    this.chargedMs = 0
    try {
      piece()
    } catch (error) {
      this.logger.error({ err: error }, 'A piece of work failed')
    }
    const endMs = performance.now()
    const tookMs = endMs - startMs
    account.add(Math.max(0, tookMs - this.chargedMs), endMs)
    this.noteServed(account.payer, endMs)
    // All of it is charged now, also where it ran inside of another piece.
    this.chargedMs = outerChargedMs + Math.max(tookMs, this.chargedMs)
    // Of a turn whose start was not looked at the piece itself is what is known.
    if (this.turnStartMs === null && tookMs >= turnMs / 4) {
      this.beginTurn(startMs)
      this.isOver = tookMs >= turnMs
    } else if (this.isUsedUp(endMs)) this.isOver = true
  }

  private noteServed(payer: string, nowMs: number): void {
    const [last] = this.served
    if (last?.payer === payer) last.atMs = nowMs
    else this.served = last ? [{ payer, atMs: nowMs }, last] : [{ payer, atMs: nowMs }]
  }

  private drainLater(): void {
    if (this.isDraining) return
    this.isDraining = true
    setImmediate(() => {
      this.isDraining = false
      this.drain()
    })
  }

  /** Serves those who wait for one turn. The next one begins after what came in meanwhile. */
  private drain(): void {
    const startMs = performance.now()
    if (this.turnStartMs === null) this.beginTurn(startMs)
    else this.startTurn(startMs)
    this.isOver = false
    while (this.active.size > 0 && this.serveRound(startMs));
    if (this.active.size > 0) this.drainLater()
  }

  /** Gives each their turn once. False when the time of this turn of the loop is used up. */
  private serveRound(startMs: number): boolean {
    const accounts = [...this.active.values()]
    // As many rounds at once as it takes until somebody has time in hand.
    const mostMs = accounts.reduce((most, { deficitMs }) => Math.max(most, deficitMs), -burstMs)
    const liftMs = quantumMs - Math.min(0, mostMs)
    for (const account of accounts) {
      account.deficitMs = Math.min(quantumMs, account.deficitMs + liftMs)
      while (account.deficitMs > 0) {
        const piece = account.take()
        if (!piece) break
        this.run(account, piece)
        if (performance.now() - startMs < turnMs) continue
        this.isOver = true
        // Who has time in hand stays the first of the line.
        if (account.deficitMs > 0 && !account.isEmpty) return false
        break
      }
      this.active.delete(account.payer)
      if (!account.isEmpty) this.active.set(account.payer, account)
      if (this.isOver) return false
    }
    return true
  }
}
