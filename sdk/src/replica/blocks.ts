import type { SyncBlockedFragment } from '../generated/graphql.ts'
import type { BlocksState, UserState } from './state.ts'

/** After somebody was blocked, or no longer is. */
export function withBlock(blocks: BlocksState, user: UserState, isBlocked: boolean): BlocksState {
  const users = blocks.users.filter(({ id }) => id !== user.id)
  if (isBlocked) return { ...blocks, users: [user, ...users], released: blocks.released.filter((id) => id !== user.id) }
  // Once all are read no page comes that could be older.
  return { ...blocks, users, released: blocks.after === null ? [] : [...blocks.released, user.id] }
}

/** As for all answers: it adds whom neither an event nor a page before has told of. */
export function withBlockedPage(blocks: BlocksState, { nodes, pageInfo }: SyncBlockedFragment): BlocksState {
  const told = new Set([...blocks.released, ...blocks.users.map(({ id }) => id)])
  const added = nodes.filter(({ id }) => !told.has(id))
  const after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  return { users: [...blocks.users, ...added], released: after === null ? [] : blocks.released, after }
}
