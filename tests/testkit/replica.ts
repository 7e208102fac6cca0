import {
  SyncConversationDocument,
  SyncMessagesDocument,
  type ConversationEventsSubscription,
  type ResyncQuery,
  type SyncConversationQuery,
  type SyncMessagesQuery,
} from '../../sdk/src/generated/graphql.ts'
import { applyEvent, emptyState, type ParleyEvent, type State } from '../../sdk/src/index.ts'
import { applyAbsence, applyConversation, applyPage } from '../../sdk/src/replica/apply-answer.ts'
import { timelineOf } from '../../sdk/src/replica/state.ts'
import { messagesOf } from '../../sdk/src/replica/timeline.ts'
import { inDetail } from './in-detail.ts'
import type { Person } from './person.ts'
import { completed, deskOf, shown, type Desk, type Revisions, type Shown } from './shown.ts'

export type ConversationEvent = ConversationEventsSubscription['conversationEvents']
/** Also those of a subscription, which have a resume token besides. */
export type InboxEvent = ResyncQuery['resync']['streams'][number]['events'][number]

/** What of a person reading needs. */
export interface Asking {
  id: string
  client: Pick<Person['client'], 'request'>
}

/** What the SDK does not keep, as the last event or page says it. */
interface Beside {
  desk: Desk
  revisions: Map<number, Revisions>
}

/** What a message has in detail. */
interface Told {
  seq: number
  revisions?: Revisions
  conversation?: Partial<Desk> & { id: string }
}

type Page = NonNullable<SyncMessagesQuery['conversation']>['messages']

interface Answers {
  personalSeq: number
  conversation: NonNullable<SyncConversationQuery['conversation']>
  older: Page[]
}

const conversationText = inDetail(SyncConversationDocument)
const messagesText = inDetail(SyncMessagesDocument)
/** Few, so that a copy is read in several pages. */
const pageSize = 40

async function readAll({ client }: Asking, id: string): Promise<Answers | null> {
  const { viewer, conversation } = await client.request(conversationText, { id, messages: pageSize, members: 100 })
  if (!conversation) return null
  const older: Page[] = []
  let { pageInfo } = conversation.messages
  while (pageInfo.hasPreviousPage) {
    const next = await client.request(messagesText, { id, last: pageSize, before: pageInfo.startCursor })
    if (!next.conversation) return null
    older.push(next.conversation.messages)
    pageInfo = next.conversation.messages.pageInfo
  }
  return { personalSeq: viewer.cursor.eventSeq, conversation, older }
}

const messagesIn = ({ conversation, older }: Answers) => [conversation.messages, ...older].flatMap(({ nodes }) => nodes)

/**
 * A conversation with its whole history as the server's answers say it, for comparisons with copies: nothing of the SDK's touches
 * it. Null if the person may not see it.
 */
export async function readFresh(person: Asking, id: string): Promise<Shown | null> {
  const answers = await readAll(person, id)
  if (!answers) return null
  const { conversation } = answers
  const messages = messagesIn(answers)
  const revisions = new Map(messages.map((message: Told) => [message.seq, message.revisions ?? []]))
  return shown({
    viewerId: person.id,
    eventSeq: conversation.cursor.eventSeq,
    historyFromSeq: conversation.viewerEntry?.historyFromSeq ?? 0,
    fields: conversation,
    desk: deskOf(conversation),
    pins: conversation.pinnedMessages,
    members: conversation.members.nodes,
    messages,
    revisionsOf: (seq) => revisions.get(seq) ?? [],
  })
}

/**
 * Copies of one person's conversations: snapshots, and every event after their cursors applied to them by the SDK's reducer. Unlike a
 * client they never ask for more: an event after which a copy would have to be read anew is an error.
 */
export class Copies {
  private state: State
  private readonly beside = new Map<string, Beside>()

  constructor(readonly viewerId: string) {
    this.state = emptyState(viewerId)
  }

  get ids(): string[] {
    return [...this.state.conversations.entries()].map(([id]) => id)
  }

  has(id: string): boolean {
    return this.state.conversations.get(id) !== undefined
  }

  cursorOf(id: string): { eventSeq: number; mark: string } {
    return this.state.conversations.get(id)?.cursor ?? { eventSeq: 0, mark: '' }
  }

  /** Reads a conversation that is not here; false: the person may not see it. */
  async read(person: Asking, id: string): Promise<boolean> {
    const answers = await readAll(person, id)
    this.state = applyAbsence(this.state, id)
    if (!answers) return false
    const { personalSeq, conversation, older } = answers
    const { viewerEntry: entry, messages, members } = conversation
    this.state = applyConversation(this.state, { conversation, entry, personalSeq, messages, members })
    for (const page of older) this.state = applyPage(this.state, id, page)
    const beside = { desk: deskOf(conversation), revisions: new Map<number, Revisions>() }
    for (const message of messagesIn(answers)) note(beside, message)
    this.beside.set(id, beside)
    return true
  }

  /** Applies an event; skips those that a snapshot contains. */
  apply(told: ConversationEvent | InboxEvent): void {
    // Events that were asked for in detail have all that the SDK asks for.
    const event = told as unknown as ParleyEvent
    if (event.__typename === 'SnapshotRequired') throw new Error(`lost its place: ${JSON.stringify(event)}`)
    const { streamId, eventSeq } = event.cursor
    const isNew = eventSeq > this.cursorOf(streamId).eventSeq
    this.state = applyEvent(this.state, event)
    const copy = this.state.conversations.get(streamId)
    if (copy?.needs.whole) throw new Error(`a copy cannot be kept by ${JSON.stringify(event)}`)
    const beside = this.beside.get(streamId)
    if (!isNew || !beside) return
    if ('message' in event) note(beside, event.message)
    if (event.__typename === 'ConversationUpdated') beside.desk = deskOf(event.conversation)
  }

  /**
   * What it shows, compared with a fresh read; null: it is not here. `clearedTo`: up to there the viewer has cleared it without
   * that this copy was told.
   */
  shown(id: string, fresh?: Shown | null, clearedTo = 0): Shown | null {
    const copy = this.state.conversations.get(id)
    const beside = this.beside.get(id)
    if (!copy || !beside) return null
    const { cursor, entry, fields, members } = copy
    const known = shown({
      viewerId: this.viewerId,
      eventSeq: cursor.eventSeq,
      historyFromSeq: Math.max(entry?.historyFromSeq ?? 0, clearedTo),
      fields,
      desk: beside.desk,
      pins: copy.pins.filter(({ seq }) => seq > clearedTo),
      members: [...members.entries()].flatMap(([, member]) => (member.hasLeft ? [] : [member])),
      messages: [...messagesOf(timelineOf(this.state, id))],
      revisionsOf: (seq) => (fields.deletedAt === null ? (beside.revisions.get(seq) ?? []) : []),
    })
    return fresh ? completed(known, fresh) : known
  }
}

function note({ desk, revisions }: Beside, { seq, revisions: told, conversation }: Told): void {
  if (told) revisions.set(seq, told)
  if (conversation?.supportStatus !== undefined) Object.assign(desk, deskOf({ ...desk, ...conversation }))
}

/** A client's copy of one conversation. */
export class Replica {
  private constructor(
    private readonly copies: Copies,
    private readonly id: string,
  ) {}

  /** Reads it with its whole history; null if the person may not see it. */
  static async read(person: Asking, id: string): Promise<Replica | null> {
    const copies = new Copies(person.id)
    return (await copies.read(person, id)) ? new Replica(copies, id) : null
  }

  /** The position up to which everything is applied. */
  get eventSeq(): number {
    return this.copies.cursorOf(this.id).eventSeq
  }

  /** Mark of that position. */
  get mark(): string {
    return this.copies.cursorOf(this.id).mark
  }

  apply(event: ConversationEvent | InboxEvent): void {
    this.copies.apply(event)
  }

  state(fresh?: Shown | null, clearedTo?: number): Shown | null {
    return this.copies.shown(this.id, fresh, clearedTo)
  }
}
