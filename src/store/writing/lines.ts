import { LRUCache } from 'lru-cache'
import type { SendMessage } from './commands.ts'

/** Most senders that are remembered as members of a conversation. Beyond that the one not used for longest is forgotten. */
const maxKnown = 20_000

export interface SendInLine {
  send: SendMessage
  /** Sends of one line follow one another, one statement at a time. */
  line: string
}

/**
 * Chooses the line in which a send waits. Sends of known members to one conversation share a line, as each would only wait
 * for the row that the send before it locks. A sender not yet known as a member has a line of their own: a stranger does
 * not wait for the members, and cannot find out by the waiting time that the conversation exists.
 */
export class Lines {
  private readonly known = new LRUCache<string, true>({ max: maxKnown })
  /** By sender, how many of their sends are in a line of their own: later sends must stay behind these. */
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
