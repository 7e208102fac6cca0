import DataLoader from 'dataloader'
import type { HistoryBounds } from '../../store/members.ts'
import type { Message } from '../../store/rows.ts'
import type { Access } from './access.ts'

/** What of the history a member may see: docs/decisions/0054. */

interface Place {
  conversationId: string
  seq: number
}

/** The seq up to which messages are withheld from who has this access. */
export const historyFromSeq = ({ entry }: Access): number => entry?.member.historyFromSeq ?? 0

/** Whether who has this access may see the message with this seq. Without access nothing is shown. */
export const isShown = (access: Access | null, seq: number): boolean => access !== null && seq > historyFromSeq(access)

/** The members from whom a message is withheld. */
export interface WithheldFrom {
  has(userId: string): boolean
}

/**
 * A message that is withheld, where its place in the numbering must be shown all the same. It looks the same whether the
 * message is deleted, was edited or answers another one.
 */
export const withheldMessage = (message: Message): Message => ({
  ...message,
  text: null,
  revision: 1,
  replyToSeq: null,
  editedAt: null,
  deletedAt: message.createdAt,
  deletedById: null,
  mentionIds: [],
  mentionsEveryone: false,
  attachmentCount: 0,
})

/**
 * For a result that may be shared by many viewers: from whom messages are withheld. Costs a statement only in conversations
 * in which something is withheld from somebody.
 */
export class History {
  private readonly greatest = new Map<string, number>()
  private bounds: DataLoader<string, HistoryBounds> | undefined

  constructor(private readonly read: (conversationIds: readonly string[]) => Promise<HistoryBounds[]>) {}

  /** Messages of the conversation after this seq are withheld from nobody, as of something that was just read. */
  note(conversationId: string, historyBoundSeq: number): void {
    this.greatest.set(conversationId, historyBoundSeq)
  }

  /** Null: from nobody. `bound` as in `note`; if not given, what was noted. */
  withheldFrom(
    { conversationId, seq }: Place,
    bound = this.greatest.get(conversationId),
  ): WithheldFrom | null | Promise<WithheldFrom | null> {
    if (bound !== undefined && seq > bound) return null
    this.bounds ??= new DataLoader(this.read)
    return this.bounds.load(conversationId).then((bounds) => ({ has: (userId) => (bounds.get(userId) ?? 0) >= seq }))
  }
}
