import { setTimeout as sleep } from 'node:timers/promises'
import { textOf, type TypedDocument } from '../../sdk/src/requests/document.ts'
import {
  ConversationEventsDocument,
  InboxEventsDocument,
  ResyncDocument,
  type ResyncQuery,
} from '../../sdk/src/generated/graphql.ts'
import type { Person } from '../testkit/person.ts'
import { inDetail } from '../testkit/in-detail.ts'
import { Replica, type Asking, type ConversationEvent, type InboxEvent } from '../testkit/replica.ts'
import { withoutResume } from '../testkit/without-resume.ts'
import { call, UnexpectedAnswer } from './call.ts'
import type { Chance } from './chance.ts'
import { Subscription } from './subscription.ts'
import type { ReaderHistory, Segment } from './verdict.ts'
import type { World } from './world.ts'

type Event = ConversationEvent | InboxEvent

interface Copy {
  replica: Replica
  segment: Segment
}

export interface ReaderOptions {
  name: string
  person: Person
  /** One conversation; null: the whole inbox. */
  conversationId: string | null
  /** For an inbox: whether it resumes by its newest resume token alone, or by its cursors of all streams. */
  byToken: boolean
  world: World
  chance: Chance
}

const conversationText = inDetail(ConversationEventsDocument)
const inboxText = inDetail(InboxEventsDocument)
const inboxByCursorsText = withoutResume(inboxText)
const resyncText = inDetail(ResyncDocument)
const inboxPageText = `{ inbox(first: 100, filter: ALL) { resume nodes { conversation { id } } } }`
const viewerText = `{ viewer { cursor { streamId eventSeq mark } } }`
/** Small, so that catching up takes several answers. */
const resyncLimit = 4
const maxResyncs = 200
/** A reader with a token reconnects often, so that many tokens are used. */
const staysForEvents: [number, number] = [1, 200]
const answerTimeoutMs = 8_000
/** Milliseconds between two checks by a person who left whether they are back. */
const outsideMs = 500

const inWords = (event: Event) =>
  event.__typename === 'SnapshotRequired'
    ? `SnapshotRequired of ${event.streamId}`
    : `${event.__typename} ${event.cursor.streamId} ${event.cursor.eventSeq}`

const isOwn = (event: Event, person: Person) => 'user' in event && event.user.id === person.id

/**
 * A client that keeps copies of conversations up to date through all faults, exactly as the protocol says, and records each
 * event that it gets.
 */
export class ChaosReader {
  readonly copies = new Map<string, Copy>()
  eventCount = 0
  connectCount = 0
  snapshotCount = 0
  /** What it got and with which token it went on: for a finding. */
  readonly journal: string[] = []
  private readonly segments = new Map<string, Segment[]>()
  private personal: { streamId: string; segment: Segment } | null = null
  private subscription: Subscription<Event> | null = null
  /** The newest resume token; null for a reader that resumes by cursors. */
  private token: string | null = null
  private stopped = false

  constructor(private readonly options: ReaderOptions) {}

  get name(): string {
    return this.options.name
  }

  get person(): Person {
    return this.options.person
  }

  get isInbox(): boolean {
    return this.options.conversationId === null
  }

  get conversationId(): string | null {
    return this.options.conversationId
  }

  /** Its position in the personal stream; null when it does not follow it. */
  get personalPlace(): number | null {
    return this.personal ? placeOf(this.personal.segment) : null
  }

  /** Its position in a conversation; null when it does not follow it. */
  place(streamId: string): number | null {
    const copy = this.copies.get(streamId)
    return copy ? placeOf(copy.segment) : null
  }

  history(): ReaderHistory {
    const streams = [...this.segments].map(([streamId, segments]) => ({ streamId, segments }))
    return { name: this.name, who: this.person.id, streams }
  }

  cut(): void {
    this.subscription?.close()
  }

  stall(): void {
    this.subscription?.stall()
  }

  resume(): void {
    this.subscription?.resume()
  }

  stop(): void {
    this.stopped = true
    this.subscription?.close()
  }

  /** The first read. */
  async begin(): Promise<void> {
    const { conversationId } = this.options
    if (conversationId !== null) {
      await this.readAnew(conversationId)
      return
    }
    // The page with its token first: later reads are not older than the token.
    const { inbox } = (await this.ask(inboxPageText, {})) as {
      inbox: { resume: string; nodes: { conversation: { id: string } }[] }
    }
    const { viewer } = (await this.ask(viewerText, {})) as {
      viewer: { cursor: { streamId: string; eventSeq: number } }
    }
    const { streamId, eventSeq } = viewer.cursor
    if (this.options.byToken) this.token = inbox.resume
    const after = this.token === null ? eventSeq : null
    this.personal = { streamId, segment: this.openSegment(streamId, after, eventSeq) }
    for (const { conversation } of inbox.nodes) await this.readAnew(conversation.id)
  }

  /** Follows the events until it is stopped. */
  async run(): Promise<void> {
    const { chance, conversationId } = this.options
    while (!this.stopped) {
      if (conversationId !== null && !this.copies.has(conversationId)) {
        await sleep(outsideMs)
        await this.readAnew(conversationId)
        continue
      }
      this.connectCount++
      if (this.token !== null && chance.next() < 0.3) await this.resync()
      await this.follow()
      await sleep(chance.between(20, 300))
    }
  }

  private async follow(): Promise<void> {
    const { world, chance, conversationId, person } = this.options
    const subscription = new Subscription<Event>(
      world.anyUrl(chance),
      person.session.accessToken,
      // Half of the readers that resume by cursors also select tokens, without using them.
      !this.isInbox ? conversationText : this.token !== null || chance.next() < 0.5 ? inboxText : inboxByCursorsText,
      this.token !== null
        ? { resume: this.token }
        : this.isInbox
          ? { after: this.cursors() }
          : { conversationId, after: this.cursors().find(({ streamId }) => streamId === conversationId)?.eventSeq },
    )
    this.subscription = subscription
    if (this.token !== null) this.note(`connects with ${this.token}`)
    let staysFor = chance.between(...staysForEvents)
    for (let item = await subscription.next(); item !== null; item = await subscription.next()) {
      if ('event' in item) {
        const { event } = item
        if (this.token !== null) this.noteToken(event)
        this.note(`${inWords(event)}, token ${this.token ?? 'none'}`)
        await this.take(event)
        if (this.token !== null && --staysFor === 0) subscription.close()
      } else if (item.code === 'NOT_FOUND' && conversationId !== null) await this.sentAway(conversationId)
      else if (item.code !== 'UNAVAILABLE') this.unexpected(`was told ${item.code}: ${item.message}`)
    }
    if (subscription.unexpectedEnd !== null) this.unexpected(subscription.unexpectedEnd)
    subscription.close()
  }

  /** Catches up by requests, until there is no more. */
  private async resync(): Promise<void> {
    for (let nth = 0; nth < maxResyncs; nth++) {
      const answer = await this.ask(resyncText, { resume: this.token, limit: resyncLimit })
      if (this.stopped) return
      const { streams, resume } = (answer as unknown as ResyncQuery).resync
      this.note(`resyncs with ${this.token ?? 'none'}`)
      for (const { events, cursor, hasMore } of streams) {
        this.note(`of ${cursor.streamId} up to ${cursor.eventSeq}${hasMore ? ', and there is more' : ''}`)
        for (const event of events) {
          this.note(inWords(event))
          await this.take(event)
        }
      }
      this.token = resume
      this.note(`resynced to ${resume}`)
      if (!streams.some(({ hasMore }) => hasMore)) return
    }
    this.unexpected(`was not at the end after ${maxResyncs} resyncs`)
  }

  /** The token alone says where it is in all streams. */
  private noteToken(event: Event): void {
    const { resume } = event as { resume?: string | null }
    if (typeof resume === 'string') this.token = resume
    else this.unexpected(`was told ${event.__typename} without a token`)
  }

  /** The cursors from which it resumes: the next event of each must be the one after it. */
  private cursors(): { streamId: string; eventSeq: number }[] {
    const named = [...this.copies].map(([streamId, { segment }]) => {
      segment.after ??= segment.seen.length === 0 ? segment.snapshotSeq : null
      return { streamId, eventSeq: placeOf(segment) }
    })
    if (this.personal) named.push({ streamId: this.personal.streamId, eventSeq: placeOf(this.personal.segment) })
    return named
  }

  private async take(event: Event): Promise<void> {
    this.eventCount++
    if (event.__typename === 'SnapshotRequired') {
      await this.sentAway(event.streamId)
      return
    }
    const { streamId, eventSeq } = event.cursor
    if (event.__typename === 'InboxEntryChanged') {
      this.personal?.segment.seen.push(eventSeq)
      // The conversation's own stream reports a leaving too: until then there may be more events.
      if (event.entry && !this.copies.has(event.conversationId)) await this.readAnew(event.conversationId)
      if (event.entry) this.apply(event.conversationId, event)
      return
    }
    if (event.__typename === 'BlockChanged') {
      this.personal?.segment.seen.push(eventSeq)
      return
    }
    if (event.__typename === 'UserErased') return
    // There is no order between streams: an event of a conversation may come before the event that says it was joined.
    if (!this.copies.has(streamId)) await this.readAnew(streamId)
    const copy = this.copies.get(streamId)
    if (!copy) return
    copy.segment.seen.push(eventSeq)
    this.apply(streamId, event)
    if (event.__typename === 'MemberLeft' && isOwn(event, this.person)) {
      await this.endCopy(streamId, 'left')
      if (!this.isInbox) this.subscription?.close()
    }
  }

  private apply(conversationId: string, event: Event): void {
    try {
      this.copies.get(conversationId)?.replica.apply(event)
    } catch (error) {
      this.unexpected(String(error))
    }
  }

  private async sentAway(streamId: string): Promise<void> {
    this.snapshotCount++
    if (this.copies.has(streamId)) await this.endCopy(streamId, 'told')
    else if (streamId === this.personal?.streamId) this.unexpected('has to read its personal stream anew')
  }

  /** The person may be back already: the event of that may have come before. */
  private async endCopy(streamId: string, end: 'left' | 'told'): Promise<void> {
    const copy = this.copies.get(streamId)
    if (copy) copy.segment.end = end
    this.copies.delete(streamId)
    await this.readAnew(streamId)
  }

  private async readAnew(conversationId: string): Promise<void> {
    const client = { request: (document: TypedDocument, variables: object) => this.ask(textOf(document), variables) }
    // This client retries at other servers until there is an answer.
    const asking = { client, id: this.options.person.id } as unknown as Asking
    const replica = await Replica.read(asking, conversationId)
    if (!replica || this.stopped) return
    const { eventSeq } = replica
    const isChosenThere = this.isInbox && (this.subscription !== null || this.token !== null)
    this.note(`reads ${conversationId} anew, at ${eventSeq}`)
    this.copies.set(conversationId, {
      replica,
      segment: this.openSegment(conversationId, isChosenThere ? null : eventSeq, eventSeq),
    })
  }

  private note(what: string): void {
    this.journal.push(`${new Date().toISOString()} ${what}`)
  }

  private openSegment(streamId: string, after: number | null, snapshotSeq: number): Segment {
    const segment: Segment = { after, snapshotSeq, seen: [], end: 'open' }
    this.segments.set(streamId, [...(this.segments.get(streamId) ?? []), segment])
    return segment
  }

  private async ask(query: string, variables: object): Promise<Record<string, unknown>> {
    const { world, chance, person } = this.options
    while (!this.stopped) {
      try {
        const token = person.session.accessToken
        const reply = await call(world.anyUrl(chance), token, query, variables, answerTimeoutMs)
        if ('data' in reply) return reply.data
      } catch (error) {
        if (!(error instanceof UnexpectedAnswer)) throw error
        this.unexpected(error.message)
      }
      await sleep(chance.between(50, 300))
    }
    // Nobody waits for the answer any more.
    return { conversation: null }
  }

  private unexpected(what: string): void {
    if (!this.stopped) this.options.world.unexpected.push(`${this.name}: ${what}`)
  }
}

const placeOf = ({ seen, after, snapshotSeq }: Segment): number => seen.at(-1) ?? after ?? snapshotSeq
