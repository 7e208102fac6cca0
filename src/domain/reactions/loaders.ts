import DataLoader from 'dataloader'
import type {
  KindKey,
  OwnReactionsKey,
  ReactedByRequest,
  ReactionKind,
  ReactionStore,
  Reactor,
} from '../../store/reactions.ts'
import type { MessageKey } from '../../store/messages.ts'

/** Batched reads of reactions, with the same terms as Loaders. */
export interface ReactionLoaders {
  /** The emoji of a message with their counts, oldest first. */
  kinds: DataLoader<MessageKey, ReactionKind[], string>
  /** The emoji of a number; null when it is gone. */
  emoji: DataLoader<KindKey, string | null, string>
  /** The kinds that a viewer reacts with. */
  own: DataLoader<OwnReactionsKey, ReadonlySet<number>, string>
  /** Who reacts with which kind; null when they are too many to read for one event. */
  reactors: DataLoader<MessageKey, ReadonlyMap<number, ReadonlySet<string>> | null, string>
  reactedBy: DataLoader<ReactedByRequest, Reactor[]>
}

const messageKey = ({ conversationId, seq }: MessageKey) => `${conversationId} ${String(seq)}`

/** Each is made when it is first used: a page that shows no reactions pays for none. */
export class LazyReactionLoaders implements ReactionLoaders {
  private readonly made: Partial<ReactionLoaders> = {}

  constructor(
    private readonly store: ReactionStore,
    private readonly payer: string | undefined,
  ) {}

  get kinds() {
    return (this.made.kinds ??= new DataLoader((keys: readonly MessageKey[]) => this.store.kinds(keys, this.payer), {
      cacheKeyFn: messageKey,
    }))
  }

  get emoji() {
    return (this.made.emoji ??= new DataLoader((keys: readonly KindKey[]) => this.store.emoji(keys, this.payer), {
      cacheKeyFn: (key) => `${messageKey(key)} ${String(key.kind)}`,
    }))
  }

  get own() {
    return (this.made.own ??= new DataLoader((keys: readonly OwnReactionsKey[]) => this.store.own(keys, this.payer), {
      cacheKeyFn: (key) => `${messageKey(key)} ${key.viewerId}`,
    }))
  }

  get reactors() {
    return (this.made.reactors ??= new DataLoader(
      (keys: readonly MessageKey[]) => this.store.reactors(keys, this.payer),
      { cacheKeyFn: messageKey },
    ))
  }

  get reactedBy() {
    return (this.made.reactedBy ??= new DataLoader(
      (requests: readonly ReactedByRequest[]) => this.store.reactedBy(requests, this.payer),
      { cache: false },
    ))
  }
}
