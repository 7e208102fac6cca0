/** Milliseconds between two looks at those who wait. */
const intervalMs = 10
/** Milliseconds of one look: then whatever else the process has to do gets its turn. */
const sliceMs = 4

/** A socket whose messages wait. */
export interface Paced {
  /** Takes what it may take now. True: nothing waits any more. */
  goOn(): boolean
}

/** Has the sockets go on that read faster than they may: one timer for all of them, and none while nobody waits. */
export class Pacer {
  /** Grows with each turn of the event loop in which messages are taken. */
  turn = 0
  private readonly waiting = new Set<Paced>()
  private isCounting = false
  private timer: NodeJS.Timeout | undefined

  noteMessage(): void {
    if (this.isCounting) return
    this.isCounting = true
    setImmediate(this.nextTurn)
  }

  add(paced: Paced): void {
    this.waiting.add(paced)
    this.timer ??= setTimeout(this.look, intervalMs)
  }

  private readonly nextTurn = () => {
    this.isCounting = false
    this.turn++
  }

  private readonly look = () => {
    const startedMs = performance.now()
    for (const paced of [...this.waiting]) {
      // To the end of the line.
      this.waiting.delete(paced)
      if (!paced.goOn()) this.waiting.add(paced)
      if (performance.now() - startedMs > sliceMs) break
    }
    this.timer = this.waiting.size > 0 ? setTimeout(this.look, intervalMs) : undefined
  }
}
