import type { Append } from '../../log/append.ts'
import type { OutcomeOf } from '../../store/writing/outcomes.ts'
import { startRounds, type Rounds } from '../../flow/rounds.ts'
import type { Logger } from '../../telemetry/logger.ts'

export interface ReceiptsOptions {
  append: Append
  intervalMs: number
  logger: Logger
}

/** The part of the interval in which no conversation is told again: less than all of it, since no two clocks go alike. */
const pauseShare = 0.75

/**
 * Tells what was gathered: in conversations of some size receipts wait in the database, and everybody is told of all of them
 * in one event every `intervalMs`. Every process tries; the database lets one of them work, and not more often than that.
 */
export function startReceipts({ append, intervalMs, logger }: ReceiptsOptions): Rounds {
  const pauseMs = Math.round(intervalMs * pauseShare)
  let failing = false

  /** One that was held by somebody, or has more than fits into one event. Waits for the conversation, and for no other. */
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
      // A conversation that cannot be had must not keep the others waiting for their turn.
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
      // They stay where they are, and go out with the next flush that succeeds, of whichever process.
      if (!failing) logger.warn({ err: error }, 'could not publish gathered receipts; will try again')
      failing = true
    }
  }

  return startRounds(intervalMs, work)
}
