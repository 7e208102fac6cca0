/** Somebody waited for their turn in vain. */
export class NoTurnError extends Error {
  override name = 'NoTurnError'
  constructor(
    /** Whether nobody else had one either: what is waited for does not move at all. */
    readonly isStuck: boolean,
  ) {
    super(isStuck ? 'no connection became free' : 'too many wait for a connection')
  }
}

/** Too many wait for one person's turns already. Nothing was asked of anybody. */
export class TooManyWaitError extends Error {
  override name = 'TooManyWaitError'
  constructor() {
    super('too many statements of one person wait')
  }
}

export interface TurnsOptions {
  /** How many may have a turn at once. */
  size: number
  /** Milliseconds without anybody's success after which waiting is given up. */
  patienceMs: number
  /** Milliseconds after which it is given up in any case. */
  maxWaitMs: number
  /** Milliseconds after which a lowered number is tried again in full. */
  recoverAfterMs: number
  /** How many may wait for turns of one person. */
  maxWaitingPerPayer?: number
}

export interface Asking {
  /** The person for whom it is; without one it is the process's own, or for many. */
  payer?: string
  /** Of who had a turn already and goes before the others: when they asked first. */
  firstAskedAtMs?: number
}

/** Some thousand milliseconds' worth of what honest clients ask at once. */
const defaultMaxWaitingPerPayer = 256

interface Waiting {
  payer: string | undefined
  askedAtMs: number
  start: () => void
  fail: (error: Error) => void
  timer?: NodeJS.Timeout
  queue: Waiting[]
}

/**
 * Turns at something of which there may be fewer than were hoped for. As long as it moves on everybody waits their turn; when
 * it does not, nobody waits long.
 *
 * Persons take turns one after the other, however much one of them asks for, and have half of the places at once each. One
 * place is never a person's: what the process asks for itself, or for many, finds it free, and has every other turn besides.
 */
export class Turns {
  private limit: number
  private takenCount = 0
  private readonly takenBy = new Map<string, number>()
  private personsTaken = 0
  private movedAtMs = -Infinity
  private recovery: NodeJS.Timeout | undefined
  private readonly again: Waiting[] = []
  private readonly own: Waiting[] = []
  /** In the order in which it is their turn. */
  private readonly persons = new Map<string, Waiting[]>()
  private wasOwn = false

  constructor(private readonly options: TurnsOptions) {
    this.limit = options.size
  }

  /** Resolves when it is one's turn. Rejects with NoTurnError or TooManyWaitError. */
  take({ payer, firstAskedAtMs }: Asking = {}): Promise<void> {
    if (this.takenCount < this.limit && this.isNobodyWaiting && this.mayTake(payer)) {
      this.begin(payer)
      return Promise.resolve()
    }
    const queue = firstAskedAtMs === undefined ? this.queueOf(payer) : this.again
    const { maxWaitingPerPayer = defaultMaxWaitingPerPayer } = this.options
    if (payer !== undefined && firstAskedAtMs === undefined && queue.length >= maxWaitingPerPayer) {
      return Promise.reject(new TooManyWaitError())
    }
    return new Promise((start, fail) => {
      const waiting: Waiting = { payer, askedAtMs: firstAskedAtMs ?? performance.now(), start, fail, queue }
      queue.push(waiting)
      if (payer !== undefined && queue !== this.again) this.persons.set(payer, queue)
      this.next()
      if (queue.includes(waiting)) this.watch(waiting)
    })
  }

  /** Ends a turn, with the payer that it was taken with. */
  give(outcome: 'success' | 'failure', payer?: string): void {
    this.takenCount--
    if (payer !== undefined) {
      this.personsTaken--
      const left = (this.takenBy.get(payer) ?? 0) - 1
      if (left > 0) this.takenBy.set(payer, left)
      else this.takenBy.delete(payer)
    }
    if (outcome === 'success') this.movedAtMs = performance.now()
    this.next()
  }

  /** There is no room for more than these, at least for a while. */
  lower(to: number): void {
    const { size, recoverAfterMs } = this.options
    this.limit = Math.max(1, Math.min(to, size))
    clearTimeout(this.recovery)
    this.recovery = setTimeout(() => {
      this.limit = size
      this.next()
    }, recoverAfterMs)
    this.recovery.unref()
  }

  /** There is room for these at least. */
  raise(to: number): void {
    if (to <= this.limit) return
    this.limit = Math.min(to, this.options.size)
    this.next()
  }

  stop(): void {
    clearTimeout(this.recovery)
  }

  /** Who waits for a turn. */
  get waitingCount(): number {
    const ofPersons = [...this.persons.values()].reduce((sum, queue) => sum + queue.length, 0)
    return this.own.length + this.again.length + ofPersons
  }

  private get isNobodyWaiting() {
    return this.own.length + this.again.length + this.persons.size === 0
  }

  private queueOf(payer: string | undefined): Waiting[] {
    return payer === undefined ? this.own : (this.persons.get(payer) ?? [])
  }

  private mayTake(payer: string | undefined): boolean {
    if (payer === undefined) return true
    const forPersons = Math.max(1, this.limit - 1)
    return this.personsTaken < forPersons && (this.takenBy.get(payer) ?? 0) < Math.ceil(forPersons / 2)
  }

  private begin(payer: string | undefined): void {
    this.takenCount++
    if (payer === undefined) return
    this.personsTaken++
    this.takenBy.set(payer, (this.takenBy.get(payer) ?? 0) + 1)
  }

  private next(): void {
    while (this.takenCount < this.limit) {
      const waiting = this.pick()
      if (!waiting) return
      this.begin(waiting.payer)
      clearTimeout(waiting.timer)
      waiting.start()
    }
  }

  private pick(): Waiting | undefined {
    const again = this.again.findIndex(({ payer }) => this.mayTake(payer))
    if (again !== -1) return this.again.splice(again, 1)[0]
    const isOwnTurn = this.own.length > 0 && (!this.wasOwn || this.persons.size === 0)
    const picked = isOwnTurn ? this.own.shift() : (this.pickPerson() ?? this.own.shift())
    this.wasOwn = picked?.payer === undefined
    return picked
  }

  private pickPerson(): Waiting | undefined {
    for (const [payer, queue] of this.persons) {
      if (!this.mayTake(payer)) continue
      const waiting = queue.shift()
      // To the end of the line.
      this.persons.delete(payer)
      if (queue.length > 0) this.persons.set(payer, queue)
      return waiting
    }
    return undefined
  }

  private watch(waiting: Waiting): void {
    const { patienceMs, maxWaitMs } = this.options
    const look = () => {
      const now = performance.now()
      const stuckInMs = Math.max(waiting.askedAtMs, this.movedAtMs) + patienceMs - now
      const overInMs = waiting.askedAtMs + maxWaitMs - now
      const leftMs = Math.min(stuckInMs, overInMs)
      if (leftMs > 0) {
        waiting.timer = setTimeout(look, leftMs + 1)
        return
      }
      const { queue, payer } = waiting
      queue.splice(queue.indexOf(waiting), 1)
      if (payer !== undefined && queue.length === 0 && this.persons.get(payer) === queue) this.persons.delete(payer)
      waiting.fail(new NoTurnError(stuckInMs <= 0))
    }
    look()
  }
}
