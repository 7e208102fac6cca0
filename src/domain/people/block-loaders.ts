import DataLoader from 'dataloader'
import type { BlockStore } from '../../store/blocks.ts'
import type { MemberKey } from '../../store/members.ts'
import type { PersonPair } from '../../store/presence.ts'

/** Batched reads of blocks, with the same terms as Loaders. */
export interface BlockLoaders {
  /** Whether the viewer of the key has blocked its person. */
  hasBlocked: DataLoader<PersonPair, boolean, string>
  /** By conversation and person: the members who have blocked the person. */
  blockersIn: DataLoader<MemberKey, string[], string>
}

/** Each is made when it is first used. */
export class LazyBlockLoaders implements BlockLoaders {
  private readonly made: Partial<BlockLoaders> = {}

  constructor(
    private readonly store: Pick<BlockStore, 'haveBlocked' | 'blockersIn'>,
    private readonly payer: string | undefined,
  ) {}

  get hasBlocked() {
    return (this.made.hasBlocked ??= new DataLoader((pairs: readonly PersonPair[]) => this.store.haveBlocked(pairs), {
      cacheKeyFn: ({ viewerId, userId }) => `${viewerId} ${userId}`,
    }))
  }

  get blockersIn() {
    return (this.made.blockersIn ??= new DataLoader(
      (keys: readonly MemberKey[]) => this.store.blockersIn(keys, this.payer),
      { cacheKeyFn: ({ conversationId, userId }) => `${conversationId} ${userId}` },
    ))
  }
}
