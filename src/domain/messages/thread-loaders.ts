import DataLoader from 'dataloader'
import type { MessageKey } from '../../store/messages.ts'
import type { Message, User } from '../../store/rows.ts'
import type { PinRow, RepliesRequest, ThreadStore } from '../../store/threads.ts'

/** Batched reads of replies and pins, with the same terms as Loaders. */
export interface ThreadLoaders {
  replyCount: DataLoader<MessageKey, number, string>
  replies: DataLoader<RepliesRequest, Message[]>
  /** By conversation: what is pinned in it, newest pin first. */
  pins: DataLoader<string, PinRow[]>
}

export class LazyThreadLoaders implements ThreadLoaders {
  private readonly made: Partial<ThreadLoaders> = {}

  constructor(
    private readonly store: ThreadStore,
    private readonly payer: string | undefined,
    /** Called with the people that a page of replies came with. */
    private readonly noteUser: (user: User) => void,
  ) {}

  get replyCount() {
    return (this.made.replyCount ??= new DataLoader(
      (keys: readonly MessageKey[]) => this.store.replyCounts(keys, this.payer),
      { cacheKeyFn: ({ conversationId, seq }) => `${conversationId} ${String(seq)}` },
    ))
  }

  get replies() {
    return (this.made.replies ??= new DataLoader(
      async (requests: readonly RepliesRequest[]) => {
        const { messages, people } = await this.store.replies(requests, this.payer)
        people.forEach(this.noteUser)
        return messages
      },
      { cache: false },
    ))
  }

  get pins() {
    return (this.made.pins ??= new DataLoader((ids: readonly string[]) => this.store.pins(ids, this.payer)))
  }
}
