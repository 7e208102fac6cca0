import type { Append } from '../../log/append.ts'
import type { OutcomeOf } from '../../store/writing/outcomes.ts'
import { startRounds, type Rounds } from '../../flow/rounds.ts'
import type { Logger } from '../../telemetry/logger.ts'

export interface ReceiptsOptions {
  append: Append
  intervalMs: number
  logger: Logger
}

/** Part of the interval within which no conversation is published again. Less than the whole, as clocks differ. */
const pauseShare = 0.75

/**
 * Publishes gathered receipts: in conversations of some size receipts wait in the database, and every `intervalMs` one
 * event tells the members all of them. Every process tries; the database lets one of them work, and not more often than
 * that.
 */
export function startReceipts({ append, intervalMs, logger }: ReceiptsOptions): Rounds {
  const pauseMs = Math.round(intervalMs * pauseShare)
  let failing = false

  /** Flushes one conversation that was locked, or has more receipts than fit into one event. Waits for its lock alone. */
  const flushOne = async (conversationId: string, isStopping: () => boolean) => {
    while (!isStopping()) {
      const { left } = await append({ type: 'flushReceipts', conversationId, afterId: null, pauseMs })
      if (left.length === 0) return
    }
  }

  const flush = async (isStopping: () => boolean) => {
    const failures: unknown[] = []
    let afterId: string | null = null
    do {
      const flushed: OutcomeOf<'flushReceipts'> = await append({
        type: 'flushReceipts',
        conversationId: null,
        afterId,
        pauseMs,
      })
      // A conversation that fails must not keep the others waiting.
      for (const conversationId of flushed.left) {
        await flushOne(conversationId, isStopping).catch((error: unknown) => failures.push(error))
      }
      afterId = flushed.next
    } while (afterId !== null && !isStopping())
    if (failures.length > 0) throw new AggregateError(failures, 'could not publish the receipts of some conversations')
  }

  const work = async (isStopping: () => boolean) => {
    try {
      await flush(isStopping)
      if (failing) logger.info('gathered receipts are published again')
      failing = false
    } catch (error) {
      // The receipts stay in the database, and go out with the next flush that succeeds, by any process.
      if (!failing) logger.warn({ err: error }, 'could not publish gathered receipts; will try again')
      failing = true
    }
  }

  return startRounds(intervalMs, work)
}
