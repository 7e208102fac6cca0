import DataLoader from 'dataloader'
import { oncePerTurn } from '../../flow/turn.ts'
import type { PeopleStore } from '../../store/people.ts'
import type { User } from '../../store/rows.ts'

const maxBatchSize = 1_000

/**
 * Reads users for all requests of a turn of the event loop in one statement: 64 sends at once ask for 64 senders. Nothing
 * is cached, so each request sees everything that was there when it began.
 */
export function gatherUsers(people: Pick<PeopleStore, 'byIds'>): PeopleStore['byIds'] {
  const loader = new DataLoader<string, User | null>(
    async (ids) => {
      const found = new Map((await people.byIds([...new Set(ids)])).map((user) => [user.id, user]))
      return ids.map((id) => found.get(id) ?? null)
    },
    { cache: false, maxBatchSize, batchScheduleFn: oncePerTurn },
  )
  return async (ids) => (await Promise.all(ids.map((id) => loader.load(id)))).filter((user) => user !== null)
}
