import { startRounds, type Rounds } from '../../flow/rounds.ts'
import type { SearchNameStore } from '../../store/search-names.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { firstId } from '../ids.ts'
import { foldRule, searchNameOf } from '../text/fold.ts'

export interface RefoldOptions {
  names: SearchNameStore
  intervalMs: number
  logger: Logger
}

/** People whose names are folded and stored in one statement. */
const batchSize = 500
/** Time limit before the server listens. With very many people the rest follows while it serves. */
const startLimitMs = 2_000

/**
 * Folds names that were folded by older rules, or by a process of a former version that still runs: at the start, and in
 * rounds. All processes may do so at once, because the result is the same.
 */
export async function startRefold({ names, intervalMs, logger }: RefoldOptions): Promise<Rounds> {
  const refold = async (isOver: () => boolean): Promise<void> => {
    let afterId = firstId
    while (!isOver()) {
      const stale = await names.stale(foldRule, afterId, batchSize)
      const last = stale.at(-1)
      if (!last) return
      await names.store(stale.map((person) => ({ ...person, searchName: searchNameOf(person.displayName) })))
      afterId = last.id
    }
  }
  const round = (isOver: () => boolean) =>
    refold(isOver).catch((error: unknown) => {
      logger.warn({ err: error }, 'names could not be folded for the search; will try again')
    })

  const startedAtMs = performance.now()
  await round(() => performance.now() - startedAtMs > startLimitMs)
  return startRounds(intervalMs, round)
}
