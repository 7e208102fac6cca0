import { channel } from 'node:diagnostics_channel'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from '../telemetry/logger.ts'

/** A subscription that is being read. */
export interface Watched {
  readonly isOver: boolean
  /** Whether its reader lacks something that this process knows of, although it does not read slowly. */
  readonly isBehind: boolean
  /** Grows with everything that is done for it. */
  readonly progress: number
  /** What it waits for, for the log. */
  readonly waitsFor: string
  /** Ends it in a way after which the reader comes back with its cursor. */
  giveUp(): void
}

interface Suspect {
  progress: number
  looks: number
}

const lookIntervalMs = 1_000
/** Looks in a row at which a reader was behind and nothing had happened: looks and not time, so that a halted process counts none. */
const maxLooks = 5
/** Subscriptions looked at in one turn of the event loop. */
const batchSize = 500

const givenUp = channel('parley:reader-given-up')

/**
 * Looks whether every reader gets what there is. Each wait on the way has its own deadline, so that nobody should ever be
 * stuck; should somebody be, for a reason that nobody thought of, they are sent away to come back, instead of being left in
 * silence on a connection that looks alive.
 */
export class Watchdog {
  private readonly watched = new Set<Watched>()
  private readonly suspects = new Map<Watched, Suspect>()
  private readonly looking: NodeJS.Timeout
  private isLooking = false
  private total = 0

  constructor(private readonly logger: Logger) {
    this.looking = setInterval(() => void this.look(), lookIntervalMs).unref()
  }

  /** It need not be removed: one that is over is forgotten. */
  add(reader: Watched): void {
    this.watched.add(reader)
  }

  stop(): void {
    clearInterval(this.looking)
  }

  private async look(): Promise<void> {
    if (this.isLooking) return
    this.isLooking = true
    const stuck: { reader: Watched; waitsFor: string }[] = []
    let count = 0
    for (const reader of this.watched) {
      if (this.isStuck(reader)) stuck.push({ reader, waitsFor: reader.waitsFor })
      if (++count % batchSize === 0) await nextTurn()
    }
    this.isLooking = false
    const [first] = stuck
    if (!first) return
    this.total += stuck.length
    this.logger.error(
      { event: 'readers.stuck', count: stuck.length, total: this.total, waitsFor: first.waitsFor },
      'readers got nothing for 5 s although there was something; they are disconnected, to resume from their cursors',
    )
    for (const { reader, waitsFor } of stuck) {
      givenUp.publish({ waitsFor })
      this.watched.delete(reader)
      reader.giveUp()
    }
  }

  private isStuck(reader: Watched): boolean {
    if (reader.isOver) this.watched.delete(reader)
    if (reader.isOver || !reader.isBehind) {
      this.suspects.delete(reader)
      return false
    }
    const { progress } = reader
    const suspect = this.suspects.get(reader)
    if (suspect?.progress !== progress) {
      this.suspects.set(reader, { progress, looks: 0 })
      return false
    }
    if (++suspect.looks < maxLooks) return false
    this.suspects.delete(reader)
    return true
  }
}
