import { setTimeout as sleep } from 'node:timers/promises'
import type { Person } from '../testkit/person.ts'
import { call, UnexpectedAnswer } from './call.ts'
import type { Chance } from './chance.ts'
import { Subscription } from './subscription.ts'
import type { ReaderHistory, Segment } from './verdict.ts'
import type { World } from './world.ts'

interface DeskEvent {
  __typename: string
  resume: string
  cursor: { streamId: string; eventSeq: number }
}

const pageText = '{ supportQueue(first: 0) { resume } }'
const eventsText = `subscription ($resume: String) { supportEvents(resume: $resume) {
  __typename resume cursor { streamId eventSeq } } }`
const answerTimeoutMs = 8_000

/** One of the staff who follows all support conversations by the newest token alone, through all faults. */
export class DeskReader {
  eventCount = 0
  connectCount = 0
  snapshotCount = 0
  private token: string | null = null
  private stopped = false
  private subscription: Subscription<DeskEvent> | null = null
  private readonly segments = new Map<string, Segment>()

  constructor(
    private readonly world: World,
    private readonly person: Person,
    private readonly chance: Chance,
    readonly name: string,
  ) {}

  /** Where it is in this conversation; null while it has seen nothing of it. */
  place(streamId: string): number | null {
    const segment = this.segments.get(streamId)
    return segment?.seen.at(-1) ?? segment?.after ?? null
  }

  history(): ReaderHistory {
    const streams = [...this.segments].map(([streamId, segment]) => ({ streamId, segments: [segment] }))
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
    this.cut()
  }

  /** The first read; `heads` are the conversations that there are, and how far they have got: all events after that must come. */
  async begin(heads: readonly { streamId: string; head: number }[]): Promise<void> {
    for (const { streamId, head } of heads) {
      this.segments.set(streamId, { after: head, snapshotSeq: head, seen: [], end: 'open' })
    }
    while (this.token === null && !this.stopped) {
      const reply = await call(
        this.world.anyUrl(this.chance),
        this.person.session.accessToken,
        pageText,
        {},
        answerTimeoutMs,
      ).catch((error: unknown) => {
        if (!(error instanceof UnexpectedAnswer)) throw error
        return null
      })
      if (reply && 'data' in reply)
        this.token = (reply.data as { supportQueue: { resume: string } }).supportQueue.resume
      else await sleep(200)
    }
  }

  async run(): Promise<void> {
    const { world, person, chance } = this
    while (!this.stopped) {
      this.connectCount++
      const token = person.session.accessToken
      const subscription = new Subscription<DeskEvent>(world.anyUrl(chance), token, eventsText, { resume: this.token })
      this.subscription = subscription
      let staysFor = chance.between(1, 200)
      for (let item = await subscription.next(); item !== null; item = await subscription.next()) {
        if ('event' in item) {
          this.take(item.event)
          if (--staysFor === 0) subscription.close()
        } else if (item.code !== 'UNAVAILABLE') this.unexpected(`was told ${item.code}: ${item.message}`)
      }
      if (subscription.unexpectedEnd !== null) this.unexpected(subscription.unexpectedEnd)
      subscription.close()
      await sleep(chance.between(20, 300))
    }
  }

  private take({ __typename, resume, cursor: { streamId, eventSeq } }: DeskEvent): void {
    this.eventCount++
    this.token = resume
    if (__typename === 'SnapshotRequired') {
      this.snapshotCount++
      this.unexpected('has to read the queue anew')
      return
    }
    // One that was opened since: from its first event on.
    const segment = this.segments.get(streamId) ?? { after: 0, snapshotSeq: 0, seen: [], end: 'open' as const }
    segment.seen.push(eventSeq)
    this.segments.set(streamId, segment)
  }

  private unexpected(what: string): void {
    if (!this.stopped) this.world.unexpected.push(`${this.name}: ${what}`)
  }
}
