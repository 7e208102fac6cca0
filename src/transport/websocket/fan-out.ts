import type { Outlet } from './outlet.ts'

/** Milliseconds of writing after which whatever else the process has to do gets its turn: acknowledgements, above all. */
const sliceMs = 2
/** The longest pause between two rounds. */
const maxPauseMs = 25
/** Sockets served between two looks at the clock. */
const batchSize = 8

/**
 * Serves the sockets that have something to write, in rounds. A round that took long is followed by a pause as long as
 * itself: meanwhile events add up, and the next round writes several to a socket at once, which costs little more than one.
 * With little to do there is no pause, and so no added delay.
 */
export class FanOut {
  private queue: Outlet[] = []
  private round: Outlet[] = []
  private position = 0
  private roundMs = 0
  private isScheduled = false

  enqueue(outlet: Outlet) {
    if (outlet.isQueued) return
    outlet.isQueued = true
    this.queue.push(outlet)
    this.schedule()
  }

  private schedule() {
    if (this.isScheduled) return
    this.isScheduled = true
    setImmediate(this.slice)
  }

  private readonly slice = () => {
    this.isScheduled = false
    if (this.position >= this.round.length) this.nextRound()
    const startedMs = performance.now()
    let spentMs = 0
    while (this.position < this.round.length && spentMs < sliceMs) {
      for (const outlet of this.round.slice(this.position, (this.position += batchSize))) {
        outlet.isQueued = false
        outlet.serve()
      }
      spentMs = performance.now() - startedMs
    }
    this.roundMs += spentMs
    if (this.position < this.round.length) this.schedule()
    else this.endRound()
  }

  private nextRound() {
    this.round = this.queue
    this.queue = []
    this.position = 0
    this.roundMs = 0
  }

  private endRound() {
    this.round = []
    const pauseMs = Math.min(maxPauseMs, Math.floor(this.roundMs))
    if (pauseMs >= 1) {
      this.isScheduled = true
      setTimeout(this.slice, pauseMs)
    } else if (this.queue.length > 0) this.schedule()
  }
}
