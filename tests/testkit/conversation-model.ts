import type { SyncConversationFragment, SyncPageFragment } from '../../sdk/src/generated/graphql.ts'
import type { ConversationAnswer } from '../../sdk/src/replica/apply-answer.ts'
import type { MessageState, ParleyEvent } from '../../sdk/src/replica/state.ts'

export const viewerId = 'viewer'
const conversationId = 'conversation'
const people = [viewerId, 'other', 'third']
const user = (id: string) => ({ id, handle: id, displayName: id, avatarUrl: null })
const at = (nth: number) => new Date(nth * 1_000).toISOString()
const cursorOf = (eventSeq: number) => ({ streamId: conversationId, eventSeq, mark: String(eventSeq) })

interface MemberRow {
  id: string
  role: 'OWNER' | 'ADMIN' | 'MEMBER'
  joinedAt: string
  lastReadSeq: number
  lastDeliveredSeq: number
}

const kinds = 'send reply edit delete react read leave join rename pin role archive unread'
export const stepKinds = kinds.split(' ')

export interface Step {
  kind: string
  who: number
  which: number
}

/** What the server does, as small as it can be: one conversation, its log, and answers as of a moment. */
export class Model {
  readonly events: ParleyEvent[] = []
  readonly personal: ParleyEvent[] = []
  private readonly messages: MessageState[] = []
  private readonly members = new Map<string, MemberRow>()
  private readonly reactions = new Map<number, Map<string, Set<string>>>()
  private title = 'title 0'
  private pins: number[] = []
  private archived = false

  constructor() {
    for (const id of people)
      this.members.set(id, { id, role: 'MEMBER', joinedAt: at(0), lastReadSeq: 0, lastDeliveredSeq: 0 })
  }

  get eventSeq(): number {
    return this.events.length
  }

  get headSeq(): number {
    return this.messages.length
  }

  act({ kind, who, which }: Step): void {
    const person = people[who % people.length] ?? viewerId
    const member = this.members.get(person)
    const message = this.messages[which % Math.max(1, this.messages.length)]
    const isChangeable = message && message.deletedAt === null
    if (kind === 'join' && !member && person !== viewerId) this.join(person)
    if (!member) return
    if (kind === 'send' || kind === 'reply') this.send(member, kind === 'reply' ? (message ?? null) : null, which)
    else if (kind === 'edit' && isChangeable) {
      Object.assign(message, {
        text: `edit ${this.eventSeq}`,
        revision: message.revision + 1,
        editedAt: at(this.eventSeq),
      })
      Object.assign(message, { mentions: which % 2 ? [user(viewerId)] : [] })
      this.tell({ __typename: 'MessageEdited', message: () => this.shown(message) })
    } else if (kind === 'delete' && isChangeable) this.remove(message)
    else if (kind === 'react' && isChangeable) this.react(message, person)
    else if (kind === 'read') this.read(member, which)
    else if (kind === 'leave' && person !== viewerId) this.leave(person)
    else if (kind === 'rename') {
      this.title = `title ${this.eventSeq}`
      this.changed([])
    } else if (kind === 'pin' && isChangeable && !this.pins.includes(message.seq)) {
      this.pins = [message.seq, ...this.pins]
      this.changed([])
    } else if (kind === 'role') {
      member.role = member.role === 'ADMIN' ? 'MEMBER' : 'ADMIN'
      this.changed([member])
    } else if (kind === 'archive') {
      this.archived = !this.archived
      this.entryChanged()
    } else if (kind === 'unread') {
      const own = this.members.get(viewerId)
      if (own) own.lastReadSeq = Math.min(own.lastReadSeq, which)
      this.entryChanged()
    }
  }

  /** The conversation as it is now, with a position that may be older than what is in it. */
  answer(lag: number, last: number): ConversationAnswer {
    const eventSeq = Math.max(0, this.eventSeq - lag)
    const entry = this.entry()
    const personalSeq = Math.max(0, this.personal.length - lag)
    const nodes = [...this.members.values()].map((row) => ({ ...row, user: user(row.id) }))
    const members = { nodes, pageInfo: { hasNextPage: false, endCursor: null } }
    return {
      conversation: this.conversation(eventSeq),
      entry,
      personalSeq,
      members,
      messages: this.page(lag, last, Infinity),
    }
  }

  page(lag: number, last: number, before: number): SyncPageFragment {
    const all = this.messages.filter(({ seq }) => seq < before)
    const nodes = last === 0 ? [] : all.slice(-last)
    return {
      cursor: cursorOf(Math.max(0, this.eventSeq - lag)),
      nodes: nodes.map((message) => {
        const original = message.replyTo && this.messages[message.replyTo.seq - 1]
        return { ...this.shown(message), replyTo: original ? this.shown(original) : null }
      }) as SyncPageFragment['nodes'],
      pageInfo: {
        hasPreviousPage: all.length > nodes.length,
        hasNextPage: before <= this.messages.length,
        startCursor: null,
        endCursor: null,
      },
    }
  }

  messageOf(which: number): MessageState | null {
    const message = this.messages[which % Math.max(1, this.messages.length)]
    return message ? this.shown(message) : null
  }

  private send(sender: MemberRow, original: MessageState | null, which: number): void {
    const seq = this.messages.length + 1
    const message: MessageState = {
      id: `message ${seq}`,
      seq,
      sender: user(sender.id),
      text: `text ${seq}`,
      revision: 1,
      clientMessageId: sender.id === viewerId ? `key ${seq}` : null,
      replyTo: original && { id: original.id, seq: original.seq },
      replyCount: 0,
      mentions: which % 3 === 0 ? [user(viewerId)] : [],
      mentionsEveryone: false,
      reactions: [],
      attachments: [],
      createdAt: at(this.eventSeq + 1),
      editedAt: null,
      deletedAt: null,
    }
    this.messages.push(message)
    if (original) original.replyCount++
    Object.assign(sender, { lastReadSeq: seq, lastDeliveredSeq: seq })
    this.tell({
      __typename: 'MessageSent',
      notify: false,
      message: () => ({ ...this.shown(message), conversation: this.receipts() }),
    })
  }

  private remove(message: MessageState): void {
    Object.assign(message, { text: null, mentions: [], deletedAt: at(this.eventSeq) })
    this.reactions.delete(message.seq)
    this.pins = this.pins.filter((seq) => seq !== message.seq)
    const original = message.replyTo && this.messages[message.replyTo.seq - 1]
    if (original) original.replyCount--
    this.tell({ __typename: 'MessageDeleted', message: () => this.shown(message) })
  }

  private react(message: MessageState, person: string): void {
    const all = this.reactions.get(message.seq) ?? new Map<string, Set<string>>()
    this.reactions.set(message.seq, all)
    const who = all.get('👍') ?? new Set<string>()
    const on = !who.has(person)
    if (on) who.add(person)
    else who.delete(person)
    if (who.size > 0) all.set('👍', who)
    else all.delete('👍')
    this.tell({
      __typename: 'ReactionToggled',
      user: user(person),
      emoji: '👍',
      on,
      message: () => this.shown(message),
    })
  }

  private read(member: MemberRow, which: number): void {
    const seq = Math.min(this.messages.length, which)
    if (seq <= member.lastReadSeq) return
    member.lastReadSeq = seq
    member.lastDeliveredSeq = Math.max(member.lastDeliveredSeq, seq)
    const { lastReadSeq, lastDeliveredSeq } = member
    const receipts = [{ user: { id: member.id }, lastReadSeq, lastDeliveredSeq, at: at(this.eventSeq) }]
    this.tell({ __typename: 'ReceiptAdvanced', gathered: false, receipts, conversation: () => this.receipts() })
  }

  private join(id: string): void {
    const positions = { lastReadSeq: this.messages.length, lastDeliveredSeq: this.messages.length }
    this.members.set(id, { id, role: 'MEMBER', joinedAt: at(this.eventSeq + 1), ...positions })
    const conversation = () => ({ ...this.receipts(), memberCount: this.members.size })
    this.tell({ __typename: 'MemberJoined', user: user(id), by: null, conversation })
  }

  private leave(id: string): void {
    this.members.delete(id)
    const conversation = () => ({ ...this.receipts(), memberCount: this.members.size })
    this.tell({ __typename: 'MemberLeft', user: user(id), by: null, conversation })
  }

  private changed(rows: MemberRow[]): void {
    const changedMembers = rows.map(({ id, role }) => ({ user: { id }, role }))
    const place = this.eventSeq + 1
    this.tell({ __typename: 'ConversationUpdated', changedMembers, conversation: () => this.conversation(place) })
  }

  private entryChanged(): void {
    const eventSeq = this.personal.length + 1
    const cursor = { streamId: 'personal', eventSeq, mark: '' }
    const conversation = { id: conversationId, cursor: cursorOf(this.eventSeq) }
    const entry = { ...this.entry(), conversation }
    const event = { __typename: 'InboxEntryChanged', occurredAt: at(0), cursor, conversationId, entry }
    this.personal.push(structuredClone(event) as ParleyEvent)
  }

  /** An event is as the server shows it when it happens. */
  private tell(event: Record<string, unknown>): void {
    const eventSeq = this.eventSeq + 1
    const rendered = Object.entries(event).map(([name, value]) => [
      name,
      typeof value === 'function' ? (value as () => unknown)() : value,
    ])
    const common = { occurredAt: at(eventSeq), cursor: cursorOf(eventSeq), resume: null }
    this.events.push(structuredClone({ ...common, ...Object.fromEntries(rendered) }) as ParleyEvent)
  }

  private shown(message: MessageState) {
    const original = message.replyTo && this.messages[message.replyTo.seq - 1]
    const reactions = [...(this.reactions.get(message.seq) ?? [])].map(([emoji, who]) => ({
      emoji,
      count: who.size,
      viewerReacted: who.has(viewerId),
    }))
    return structuredClone({
      ...message,
      reactions,
      replyTo: original ? { id: original.id, seq: original.seq, replyCount: original.replyCount } : null,
    })
  }

  private receipts() {
    const others = [...this.members.values()].filter(({ id }) => id !== viewerId)
    const least = (name: 'lastReadSeq' | 'lastDeliveredSeq') =>
      others.length === 0 ? 0 : Math.min(...others.map((row) => row[name]))
    return { id: conversationId, readByAllSeq: least('lastReadSeq'), deliveredToAllSeq: least('lastDeliveredSeq') }
  }

  private conversation(eventSeq: number): SyncConversationFragment {
    return {
      ...this.receipts(),
      kind: 'GROUP',
      title: this.title,
      editPolicy: 'ANYTIME',
      createdAt: at(0),
      memberPermissions: [],
      historyVisibility: 'ALL',
      closedAt: null,
      deletedAt: null,
      supportStatus: null,
      assignee: null,
      unansweredSince: null,
      firstAnsweredAt: null,
      resolvedAt: null,
      peer: null,
      pinnedMessages: this.pins.map((seq) => ({ id: `message ${seq}`, seq, pinnedAt: at(seq) })),
      lastActivityAt: this.messages.at(-1)?.createdAt ?? at(0),
      headSeq: this.messages.length,
      memberCount: this.members.size,
      cursor: cursorOf(eventSeq),
    }
  }

  private entry() {
    const lastReadSeq = this.members.get(viewerId)?.lastReadSeq ?? 0
    const unread = this.messages.filter(
      ({ seq, sender, deletedAt }) => seq > lastReadSeq && sender.id !== viewerId && deletedAt === null,
    )
    const unreadMentionCount = unread.filter(({ mentions }) => mentions.some(({ id }) => id === viewerId)).length
    const flags = { archived: this.archived, hidden: false, pinned: false, mutedUntil: null, historyFromSeq: 0 }
    return { id: 'entry', unreadCount: unread.length, unreadMentionCount, lastReadSeq, ...flags }
  }
}
