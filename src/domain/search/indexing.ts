import { setTimeout as delay } from 'node:timers/promises'
import { startRounds, type Rounds } from '../../flow/rounds.ts'
import type { IndexedMessage, IndexPosition, MessageToIndex, SearchStore } from '../../store/search.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { vectorText } from '../text/search-query.ts'
import { wordRule } from '../text/words.ts'
import { firstId } from '../ids.ts'
import { attachmentLabel, senderLabel, tagOf } from './labels.ts'

export interface IndexingOptions {
  search: Pick<SearchStore, 'due' | 'following' | 'store'>
  intervalMs: number
  logger: Logger
}

/** Messages whose words are stored in one statement. */
const batchSize = 300
/** Milliseconds after which the position is moved although nothing was written: retention waits for it. */
const idleLimitMs = 120_000

const wordsOfMessage = (message: MessageToIndex): IndexedMessage => ({
  ...message,
  words: message.isDeleted
    ? ''
    : vectorText([message.text ?? '', ...message.fileNames], tagOf(message.conversationId), [
        senderLabel(message.senderId),
        ...(message.fileNames.length > 0 ? [attachmentLabel] : []),
      ]),
})

/**
 * Follows the log and stores the words of what was sent or edited: docs/decisions/0060. Every process does so in rounds; how far
 * the log is in the index is in the database, and whoever comes first moves it. Messages from before are indexed in between.
 */
export function startIndexing({ search, intervalMs, logger }: IndexingOptions): Rounds {
  let failing = false

  /** Takes what is new in the log. Answers the position when there is nothing new, else null. */
  const follow = async (): Promise<IndexPosition | null> => {
    const { position, next, isAll, messages } = await search.due(batchSize)
    if (position.rule < wordRule) {
      await search.store(position, { ...position, rule: wordRule, backfillId: firstId, backfillSeq: 0 }, [], false)
      return null
    }
    if (messages.length === 0 && isAll && position.idleMs < idleLimitMs) return position
    // A process of a newer version has newer rules, and does it.
    if (position.rule > wordRule) return position
    await search.store(position, next, messages.map(wordsOfMessage), isAll)
    return null
  }

  /** Takes the next messages from before. Returns whether there may be more. */
  const backfill = async (position: IndexPosition): Promise<boolean> => {
    if (position.backfillId === null || position.rule > wordRule) return false
    const messages = await search.following(position, batchSize)
    const last = messages.at(-1)
    const isOver = !last || messages.length < batchSize
    const to = isOver
      ? { backfillId: null, backfillSeq: 0 }
      : { backfillId: last.conversationId, backfillSeq: last.seq }
    await search.store(position, { ...position, ...to }, messages.map(wordsOfMessage), false)
    return !isOver
  }

  const work = async (isStopping: () => boolean) => {
    while (!isStopping()) {
      const startedAtMs = performance.now()
      const position = await follow()
      if (!position) continue
      if (!(await backfill(position))) return
      // What has time takes half of it.
      await delay(performance.now() - startedAtMs)
    }
  }

  return startRounds(intervalMs, (isStopping) =>
    work(isStopping).then(
      () => {
        failing = false
      },
      (error: unknown) => {
        if (!failing) logger.warn({ err: error }, 'messages could not be indexed for the search; will try again')
        failing = true
      },
    ),
  )
}
