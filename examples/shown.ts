import type { ShownMessage } from './chat.ts'

/** What is on the screen, for clients without a cache: one message at each seq, whatever comes again or comes late. */
export class ShownMessages {
  private bySeq = new Map<number, string | null>()

  /** A page that was read anew takes the place of what was there. */
  replace(messages: readonly { seq: number; text?: string | null }[]): void {
    this.bySeq = new Map(messages.map(({ seq, text }) => [seq, text ?? null]))
  }

  put({ seq, text }: { seq: number; text?: string | null }): void {
    this.bySeq.set(seq, text ?? null)
  }

  list(): ShownMessage[] {
    return [...this.bySeq].map(([seq, text]) => ({ seq, text })).sort((a, b) => a.seq - b.seq)
  }
}
