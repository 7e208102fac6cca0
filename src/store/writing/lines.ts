import { LRUCache } from 'lru-cache'
import type { SendMessage } from './commands.ts'

/** Senders that are remembered to be in a conversation. Beyond that the one who did not send for longest is learnt again. */
const maxKnown = 20_000

export interface SendInLine {
  send: SendMessage
  /** Sends of one line follow one another, one statement at a time. */
  line: string
}

/**
 * In which line a send waits. Those to one conversation have one line, as each would only wait for the row that the one before
 * locks. But whoever has not been seen to be in the conversation has a line of their own: a stranger neither waits for those who
 * are in it, nor learns by waiting that it is there.
 */
export class Lines {
  private readonly known = new LRUCache<string, true>({ max: maxKnown })
  /** By sender, how many of theirs are in a line of their own: what follows stays behind those. */
  private readonly alone = new Map<string, number>()

  enter(send: SendMessage): SendInLine {
    const { actorId, conversationId } = send
    const own = `${conversationId} ${actorId}`
    const count = this.alone.get(own) ?? 0
    if (count === 0 && this.known.has(own)) return { send, line: conversationId }
    this.alone.set(own, count + 1)
    return { send, line: own }
  }

  leave({ send: { actorId, conversationId }, line }: SendInLine, outcome: string | null): void {
    const own = `${conversationId} ${actorId}`
    if (outcome === 'ACCEPTED') this.known.set(own, true)
    else if (outcome === 'NOT_FOUND') this.known.delete(own)
    if (line !== own) return
    const left = (this.alone.get(own) ?? 0) - 1
    if (left > 0) this.alone.set(own, left)
    else this.alone.delete(own)
  }
}
