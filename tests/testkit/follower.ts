import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { ConversationEvent, InboxEvent } from './replica.ts'
import { ask } from './api.ts'
import { atEndOfEachFile } from './at-end.ts'
import type { Person } from './person.ts'
import type { Reader } from './reader.ts'

type Event = ConversationEvent | InboxEvent
type Ended = Exclude<Reader<Event>['ended'], null>

const running = new Set<Follower>()

export function stopFollowers(): void {
  for (const follower of running) follower.stop()
}
atEndOfEachFile(stopFollowers)

const conversationQuery = `query ($id: ID!) {
  conversation(id: $id) { cursor { streamId eventSeq } messages(last: 50) { nodes { text } } }
}`

/** Whether a client must come back with its cursor after this end. */
function isRetryable(ended: Ended): boolean {
  if (typeof ended === 'string') return false
  if ('closeCode' in ended) return ended.closeCode === 1013
  return ended.errors.every(({ extensions }) => extensions?.retryable === true)
}

/**
 * A client as the protocol requires it: it comes back with its cursors whenever the server disconnects it in a way that
 * asks for that, and reads conversations that it has joined. Records the texts that it has received, and how often and how
 * its subscription ended.
 */
export class Follower {
  readonly texts = new Set<string>()
  readonly ends: Ended[] = []
  private readonly cursors = new Map<string, number>()
  private reader: Reader<Event> | null = null
  private stopped = false

  private constructor(
    private readonly person: Person,
    /** The conversation; null for the inbox. */
    private readonly conversationId: string | null,
  ) {}

  /** Begins at these positions. */
  static begin(person: Person, conversationId: string | null, places: { streamId: string; eventSeq: number }[]) {
    const follower = new Follower(person, conversationId)
    for (const { streamId, eventSeq } of places) follower.cursors.set(streamId, eventSeq)
    running.add(follower)
    void follower.run()
    return follower
  }

  /** Resolves when all of these texts have arrived. */
  async knows(texts: readonly string[], timeout: number): Promise<void> {
    await expect.poll(() => texts.filter((text) => !this.texts.has(text)), { timeout, interval: 20 }).toEqual([])
  }

  stop(): void {
    this.stopped = true
    running.delete(this)
    this.reader?.cut()
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.reader = await this.open()
      await this.readAll(this.reader)
      await sleep(50)
    }
  }

  private open() {
    const { person, conversationId } = this
    const places = [...this.cursors].map(([streamId, eventSeq]) => ({ streamId, eventSeq }))
    return conversationId === null
      ? person.inboxEvents(places)
      : person.conversationEvents(conversationId, places[0]?.eventSeq)
  }

  private async readAll(reader: Reader<Event>): Promise<void> {
    for (let count = 0; ; count++) {
      while (reader.events.length <= count && !reader.ended) await sleep(10)
      const event = reader.events[count]
      if (!event) break
      await this.take(event)
    }
    if (this.stopped || !reader.ended) return
    this.ends.push(reader.ended)
    reader.cut()
    expect(isRetryable(this.ends.at(-1)!), JSON.stringify(reader.ended)).toBe(true)
  }

  private async take(event: Event): Promise<void> {
    if (event.__typename === 'MessageSent' && event.message.text !== null) this.texts.add(event.message.text)
    if (!('cursor' in event)) return
    // Before its own position is noted: until then the client would come back for this event.
    if (event.__typename === 'InboxEntryChanged' && event.entry) await this.join(event.conversationId)
    this.cursors.set(event.cursor.streamId, event.cursor.eventSeq)
  }

  private async join(conversationId: string): Promise<void> {
    if (this.cursors.has(conversationId)) return
    interface Data {
      conversation: { cursor: { streamId: string; eventSeq: number }; messages: { nodes: { text: string }[] } }
    }
    while (!this.stopped) {
      const answer = await ask<Data>(this.person, conversationQuery, { id: conversationId }).catch(() => null)
      if (answer?.data) {
        const { cursor, messages } = answer.data.conversation
        this.cursors.set(cursor.streamId, cursor.eventSeq)
        for (const { text } of messages.nodes) this.texts.add(text)
        return
      }
      await sleep(100)
    }
  }
}
