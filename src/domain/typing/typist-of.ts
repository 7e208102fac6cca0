import DataLoader from 'dataloader'
import { oncePerTurn } from '../../flow/turn.ts'
import type { Typist, TypistKey, TypistStore } from '../../store/typists.ts'
import type { Viewer } from '../viewer.ts'

/** The viewer as somebody who types in a conversation; null when they are not in it, or it is closed. */
export type TypistOf = (viewer: Pick<Viewer, 'userId'>, conversationId: string) => Promise<Typist | null>

/** Thousands may report at once: all reports of one turn of the event loop share a statement. Nothing is cached. */
export function createTypistOf(store: TypistStore): TypistOf {
  const loader = new DataLoader<TypistKey, Typist | null>((keys) => store.typists(keys), {
    cache: false,
    batchScheduleFn: oncePerTurn,
  })
  return ({ userId }, conversationId) => loader.load({ userId, conversationId })
}
