/** Milliseconds after the last sign for which somebody counts as typing. */
export const typingMs = 6_000

/** A person began or stopped typing. All readers in this process get the same object, so that they share its result. */
export interface TypingChange {
  type: 'TYPING_CHANGED'
  /** The conversation. */
  streamId: string
  userId: string
  typing: boolean
  /** People who do not see it: they have blocked the person, or are blocked by them. */
  hiddenFrom?: readonly string[]
}

/** What a reader gets, in the shape of an item of the log. */
export interface TypingItem {
  event: TypingChange
  asOf?: undefined
  epoch?: undefined
}

/** The message on the bus: whether a person types, as of a head of the conversation's log. */
export interface TypingSign {
  userId: string
  typing: boolean
  headEventSeq: number
  /** As in TypingChange; nothing when there are none. */
  hiddenFrom?: string[]
  /** The process that sent it. */
  from?: string
  /**
   * Sent because a connection was lost, not by the person: it only ends typing that was reported through the same process.
   */
  lost?: true
}

interface Entry {
  change: TypingChange
  /** Head of the log when this was reported; older reports have no effect. */
  asOfSeq: number
  /** The process that reported it. */
  from?: string
  /** For a person who types: ends the typing. For others: removes the entry. */
  timer: NodeJS.Timeout
}

/**
 * Who is typing in one conversation, as far as this process knows. Signs may be lost: typing ends here by itself, so a lost
 * sign or a killed process does no lasting harm. Signs may come late, after the message that ended the typing: their
 * positions in the log tell which of the two is newer.
 */
export class TypingChannel {
  /** Called with the person who began or stopped typing. */
  readonly listeners = new Set<(userId: string) => void>()
  private readonly entries = new Map<string, Entry>()

  constructor(private readonly conversationId: string) {}

  get typists(): string[] {
    return [...this.entries.values()].filter(({ change }) => change.typing).map(({ change }) => change.userId)
  }

  /** The current state of this person. */
  of(userId: string): TypingChange {
    return this.entries.get(userId)?.change ?? this.newChange(userId, false)
  }

  receive({ userId, typing, headEventSeq, hiddenFrom, from, lost }: TypingSign): void {
    const entry = this.entries.get(userId)
    // Another device of the person has reported since, through another process.
    if (lost && entry?.from !== from) return
    if (entry ? headEventSeq >= entry.asOfSeq : typing) this.note(userId, typing, headEventSeq, from, hiddenFrom)
  }

  /**
   * An event of the log ended the typing: the person sent a message, or left. Each reader reports it, slow readers late.
   */
  end(userId: string, eventSeq: number): void {
    const entry = this.entries.get(userId)
    if (!entry || eventSeq > entry.asOfSeq) this.note(userId, false, eventSeq)
  }

  close(): void {
    for (const { timer } of this.entries.values()) clearTimeout(timer)
    this.entries.clear()
    this.listeners.clear()
  }

  private note(userId: string, typing: boolean, asOfSeq: number, from?: string, hiddenFrom?: string[]): void {
    const entry = this.entries.get(userId)
    if (entry) {
      Object.assign(entry, { asOfSeq, from })
      entry.timer.refresh()
      this.change(entry, typing, hiddenFrom)
    } else {
      const timer = setTimeout(() => this.expire(userId), typingMs).unref()
      const fresh = { change: this.newChange(userId, false), asOfSeq, from, timer }
      this.entries.set(userId, fresh)
      this.change(fresh, typing, hiddenFrom)
    }
  }

  private expire(userId: string): void {
    const entry = this.entries.get(userId)
    if (!entry?.change.typing) {
      this.entries.delete(userId)
      return
    }
    entry.timer.refresh()
    this.change(entry, false)
  }

  private change(entry: Entry, typing: boolean, hiddenFrom?: readonly string[]): void {
    const { userId, typing: before } = entry.change
    // Who blocked whom may be different with each report of typing.
    if (typing === before && (!typing || String(hiddenFrom) === String(entry.change.hiddenFrom))) return
    entry.change = { ...this.newChange(userId, typing), ...(hiddenFrom && { hiddenFrom }) }
    for (const listener of this.listeners) listener(userId)
  }

  private newChange(userId: string, typing: boolean): TypingChange {
    return { type: 'TYPING_CHANGED', streamId: this.conversationId, userId, typing }
  }
}
