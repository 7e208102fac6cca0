/** Milliseconds after the last sign for which somebody counts as typing. */
export const typingMs = 6_000

/** Somebody began or ceased to type. The same object for all readers in this process, whose results are then shared. */
export interface TypingChange {
  type: 'TYPING_CHANGED'
  /** The conversation. */
  streamId: string
  userId: string
  typing: boolean
}

/** What a reader is given, in the shape of an item of the log. */
export interface TypingItem {
  event: TypingChange
  asOf?: undefined
  epoch?: undefined
}

/** What the bus carries: that somebody types or does not, as of a head of the conversation's log. */
export interface TypingSign {
  userId: string
  typing: boolean
  headEventSeq: number
  /** The process it comes from. */
  from?: string
  /** Not the person's word, but that of a lost connection: it ends what was said through the same process alone. */
  lost?: true
}

interface Entry {
  change: TypingChange
  /** The place in the log as of which this is so: what was said before it is old news. */
  asOfSeq: number
  /** Where the sign came from. */
  from?: string
  /** Of somebody who types: until that is over. Of others: until they are forgotten. */
  timer: NodeJS.Timeout
}

/**
 * Who is typing in one conversation, as far as this process knows. Signs may be lost: typing ends here by itself, so
 * that a lost end or a killed process heals. They may be late, behind the message that ended the typing: places in the log
 * tell which of the two is newer.
 */
export class TypingChannel {
  /** Called with who began or ceased to type. */
  readonly listeners = new Set<(userId: string) => void>()
  private readonly entries = new Map<string, Entry>()

  constructor(private readonly conversationId: string) {}

  get typists(): string[] {
    return [...this.entries.values()].filter(({ change }) => change.typing).map(({ change }) => change.userId)
  }

  /** How it is with this person now. */
  of(userId: string): TypingChange {
    return this.entries.get(userId)?.change ?? this.newChange(userId, false)
  }

  receive({ userId, typing, headEventSeq, from, lost }: TypingSign): void {
    const entry = this.entries.get(userId)
    // Another device has spoken since, through another process.
    if (lost && entry?.from !== from) return
    if (entry ? headEventSeq >= entry.asOfSeq : typing) this.note(userId, typing, headEventSeq, from)
  }

  /** An event of the log ended it: they sent a message, or left. Each reader tells of it, the slow ones late. */
  end(userId: string, eventSeq: number): void {
    const entry = this.entries.get(userId)
    if (!entry || eventSeq > entry.asOfSeq) this.note(userId, false, eventSeq)
  }

  close(): void {
    for (const { timer } of this.entries.values()) clearTimeout(timer)
    this.entries.clear()
    this.listeners.clear()
  }

  private note(userId: string, typing: boolean, asOfSeq: number, from?: string): void {
    const entry = this.entries.get(userId)
    if (entry) {
      Object.assign(entry, { asOfSeq, from })
      entry.timer.refresh()
      this.change(entry, typing)
    } else {
      const timer = setTimeout(() => this.expire(userId), typingMs).unref()
      const fresh = { change: this.newChange(userId, false), asOfSeq, from, timer }
      this.entries.set(userId, fresh)
      this.change(fresh, typing)
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

  private change(entry: Entry, typing: boolean): void {
    const { userId, typing: before } = entry.change
    if (typing === before) return
    entry.change = this.newChange(userId, typing)
    for (const listener of this.listeners) listener(userId)
  }

  private newChange(userId: string, typing: boolean): TypingChange {
    return { type: 'TYPING_CHANGED', streamId: this.conversationId, userId, typing }
  }
}
