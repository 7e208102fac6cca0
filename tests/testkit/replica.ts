import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import type { ConversationEventsSubscription, ResyncQuery } from '../../sdk/src/generated/graphql.ts'
import { conversationDetails, messageDetails } from './in-detail.ts'
import type { Person } from './person.ts'

export type ConversationEvent = ConversationEventsSubscription['conversationEvents']
/** Also those of a subscription, which have a resume token besides. */
export type InboxEvent = ResyncQuery['resync']['streams'][number]['events'][number]

type MoveEvent = Extract<ConversationEvent, { __typename: 'MessageSent' | 'ReceiptAdvanced' }>

interface MessageNode {
  seq: number
  text: string | null
  revision: number
  deletedAt: string | null
  sender: { id: string }
  mentions: { id: string }[]
  mentionsEveryone: boolean
  /** Only where they can have changed. */
  reactions?: ReactionNode[]
  /** Only in detail. */
  replyTo?: { seq: number } | null
  attachments?: { id: string; fileName: string; contentType: string; byteSize: number }[]
  revisions?: { revision: number; text: string }[]
  conversation?: DeskDetails
}

/** Settings of a conversation, and its place at the desk of the staff. */
interface ConversationDetails extends DeskDetails {
  editPolicy: string
  historyVisibility: string | null
  memberPermissions: string[]
  closedAt: string | null
  deletedAt: string | null
}

interface DeskDetails {
  supportStatus?: string | null
  assignee?: { id: string } | null
  unansweredSince?: string | null
  firstAnsweredAt?: string | null
  resolvedAt?: string | null
}

interface ReactionNode {
  emoji: string
  count: number
  viewerReacted: boolean
}

interface SnapshotPage {
  viewer: { user: { id: string } }
  conversation:
    | (ConversationDetails & {
        title: string | null
        pinnedMessages: { seq: number; pinnedAt?: string | null }[]
        viewerEntry: { historyFromSeq: number } | null
        members: { nodes: { user: { id: string }; role: string; lastReadSeq: number; lastDeliveredSeq: number }[] }
        messages: {
          cursor: { eventSeq: number; mark: string }
          nodes: MessageNode[]
          pageInfo: { hasPreviousPage: boolean; startCursor: string | null }
        }
        // Last in the selection on purpose: it must not be newer than the fields before it either.
        cursor: { eventSeq: number; mark: string }
      })
    | null
}

const SnapshotDocument = parse(`
  query Snapshot($id: ID!, $before: String) {
    viewer {
      user {
        id
      }
    }
    conversation(id: $id) {
      title
      ${conversationDetails}
      pinnedMessages {
        seq
        pinnedAt
      }
      viewerEntry {
        historyFromSeq
      }
      members(first: 100) {
        nodes {
          role
          user {
            id
          }
          lastReadSeq
          lastDeliveredSeq
        }
      }
      messages(last: 40, before: $before) {
        cursor {
          eventSeq
          mark
        }
        nodes {
          seq
          text
          revision
          deletedAt
          sender {
            id
          }
          mentions {
            id
          }
          mentionsEveryone
          ${messageDetails}
          reactions {
            emoji
            count
            viewerReacted
          }
        }
        pageInfo {
          hasPreviousPage
          startCursor
        }
      }
      cursor {
        eventSeq
        mark
      }
    }
  }
`) as TypedDocumentNode<SnapshotPage, { id: string; before: string | null }>

const pinned = ({ seq, pinnedAt }: { seq: number; pinnedAt?: string | null }) => `${seq} at ${pinnedAt ?? 'no time'}`

const deskOf = (shown: DeskDetails): DeskDetails => ({
  supportStatus: shown.supportStatus,
  assignee: shown.assignee,
  unansweredSince: shown.unansweredSince,
  firstAnsweredAt: shown.firstAnsweredAt,
  resolvedAt: shown.resolvedAt,
})

const detailsOf = (shown: ConversationDetails): ConversationDetails => ({
  editPolicy: shown.editPolicy,
  historyVisibility: shown.historyVisibility,
  memberPermissions: shown.memberPermissions,
  closedAt: shown.closedAt,
  deletedAt: shown.deletedAt,
  ...deskOf(shown),
})

/** A client's copy of one conversation: a snapshot, and every event after its cursor applied to it. */
export class Replica {
  /** The position up to which everything is applied. */
  eventSeq = 0
  /** Mark of that position. */
  mark = ''
  private viewerId = ''
  /** Events up to this seq do not change the viewer's own read position. */
  private ownAsOf = 0
  private title: string | null = null
  private details: ConversationDetails | null = null
  private pins: string[] = []
  private readonly reactions = new Map<number, string>()
  private readonly messages = new Map<number, MessageNode>()
  private readonly roles = new Map<string, string>()
  /** Messages up to this seq are not shown to the viewer. */
  historyFromSeq = 0
  private readonly members = new Map<string, { lastReadSeq: number; lastDeliveredSeq: number }>()

  /** Reads a conversation with its whole history; null if the person may not see it. */
  static async read(person: Person, conversationId: string): Promise<Replica | null> {
    const replica = new Replica()
    let before: string | null = null
    for (;;) {
      const page: SnapshotPage = await person.client.request(SnapshotDocument, { id: conversationId, before })
      const { conversation } = page
      if (!conversation) return null
      // The first page has the oldest cursor. Later pages may be newer; the events repeat that.
      if (before === null) {
        // Neither of its two cursors may be newer than its content, so the larger one is safe.
        const cursors = [conversation.messages.cursor, conversation.cursor]
        for (const { eventSeq, mark } of cursors)
          if (eventSeq >= replica.eventSeq) Object.assign(replica, { eventSeq, mark })
        replica.viewerId = page.viewer.user.id
        replica.title = conversation.title
        replica.details = detailsOf(conversation)
        replica.pins = conversation.pinnedMessages.map(pinned)
        replica.historyFromSeq = conversation.viewerEntry?.historyFromSeq ?? 0
        for (const { user, role, lastReadSeq, lastDeliveredSeq } of conversation.members.nodes) {
          replica.roles.set(user.id, role)
          replica.members.set(user.id, { lastReadSeq, lastDeliveredSeq })
        }
      }
      for (const message of conversation.messages.nodes) replica.put(message)
      const { hasPreviousPage, startCursor } = conversation.messages.pageInfo
      if (!hasPreviousPage) return replica
      before = startCursor
    }
  }

  /** Applies an event as any client would; skips events that the snapshot contains. */
  apply(event: ConversationEvent | InboxEvent): void {
    const { __typename: type } = event
    if (
      type === 'SnapshotRequired' ||
      type === 'InboxEntryChanged' ||
      type === 'BlockChanged' ||
      type === 'UserErased'
    ) {
      throw new Error(`a replica cannot apply ${JSON.stringify(event)}`)
    }
    if (event.cursor.eventSeq <= this.eventSeq) return
    this.eventSeq = event.cursor.eventSeq
    this.mark = event.cursor.mark
    switch (event.__typename) {
      case 'MessageSent': {
        const { seq, sender } = event.message
        this.put(event.message)
        this.move(event, sender.id, { lastReadSeq: seq, lastDeliveredSeq: seq })
        break
      }
      case 'MessageEdited':
      case 'ReactionToggled':
        this.put(event.message)
        break
      case 'MessageDeleted':
        // In detail there are none of these either.
        this.put({ ...event.message, reactions: [] })
        this.pins = this.pins.filter((pin) => !pin.startsWith(`${event.message.seq} `))
        break
      case 'ReceiptAdvanced':
        for (const { user, lastReadSeq, lastDeliveredSeq } of event.receipts) {
          this.move(event, user.id, { lastReadSeq, lastDeliveredSeq })
        }
        break
      case 'MemberJoined': {
        // A person who joins has no unread messages.
        const headSeq = Math.max(this.historyFromSeq, ...this.messages.keys())
        this.members.set(event.user.id, { lastReadSeq: headSeq, lastDeliveredSeq: headSeq })
        this.roles.set(event.user.id, 'MEMBER')
        break
      }
      case 'MemberLeft':
        this.members.delete(event.user.id)
        break
      case 'ConversationUpdated':
        this.title = event.conversation.title
        this.details = detailsOf(event.conversation)
        this.pins = event.conversation.pinnedMessages.filter(({ seq }) => seq > this.historyFromSeq).map(pinned)
        for (const { user, role } of event.changedMembers) this.roles.set(user.id, role)
        if (event.conversation.deletedAt !== null) this.bury(event.conversation.deletedAt)
        break
    }
  }

  /** From the viewer's inbox entry: drops what is not shown to them any more. */
  withhold(upToSeq: number): void {
    this.historyFromSeq = Math.max(this.historyFromSeq, upToSeq)
    this.pins = this.pins.filter((pin) => Number(pin.split(' ')[0]) > this.historyFromSeq)
    for (const seq of this.messages.keys()) {
      if (seq > this.historyFromSeq) continue
      this.messages.delete(seq)
      this.reactions.delete(seq)
    }
  }

  /** Sets the viewer's own position from their inbox entry, which includes everything up to its cursor. */
  readUpTo(lastReadSeq: number, eventSeq: number): void {
    const own = this.members.get(this.viewerId)
    if (!own) return
    own.lastReadSeq = lastReadSeq
    this.ownAsOf = eventSeq
  }

  /** What stands beside the texts, for copies whose events were asked for in detail. */
  detailedState(): object {
    const ofMessages = [...this.messages.values()]
      .sort((a, b) => a.seq - b.seq)
      .map(({ seq, sender, replyTo, attachments, revisions }) => ({
        seq,
        // What is withheld is no message to answer.
        replyTo: replyTo && replyTo.seq > this.historyFromSeq ? replyTo.seq : null,
        attachments,
        // Others see them by their role, which may have changed since.
        revisions: sender.id === this.viewerId ? revisions : null,
      }))
    return { ...this.state(), details: this.details, ofMessages }
  }

  /** The whole copy, for comparisons. */
  state(): object {
    const bySeq = [...this.messages].map(([seq, message]) => [seq, asText(message)] as const).sort(([a], [b]) => a - b)
    const byId = [...this.members]
      .map(([id, positions]) => [id, { ...positions, role: this.roles.get(id) }] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      eventSeq: this.eventSeq,
      title: this.title,
      pins: this.pins,
      reactions: Object.fromEntries([...this.reactions].filter(([, all]) => all !== '').sort(([a], [b]) => a - b)),
      messages: Object.fromEntries(bySeq),
      members: Object.fromEntries(byId),
    }
  }

  private move(event: MoveEvent, userId: string, positions: { lastReadSeq: number; lastDeliveredSeq: number }): void {
    const isOwn = userId === this.viewerId
    const isNews = !isOwn || (!('gathered' in event && event.gathered) && event.cursor.eventSeq > this.ownAsOf)
    const known = isNews ? undefined : this.members.get(userId)
    this.members.set(userId, { ...positions, ...(known && { lastReadSeq: known.lastReadSeq }) })
  }

  private put(message: MessageNode): void {
    const { seq, reactions } = message
    const { conversation } = message
    if (conversation?.supportStatus !== undefined && this.details) Object.assign(this.details, deskOf(conversation))
    if (seq <= this.historyFromSeq) return
    this.messages.set(seq, message)
    if (!reactions) return
    const all = reactions.map(
      ({ emoji, count, viewerReacted }) => `${emoji} ${count}${viewerReacted ? ' and mine' : ''}`,
    )
    this.reactions.set(seq, all.join(', '))
  }

  /** The group was deleted with all its texts. */
  private bury(deletedAt: string): void {
    for (const message of this.messages.values()) {
      this.put({
        ...message,
        text: null,
        mentions: [],
        mentionsEveryone: false,
        reactions: [],
        attachments: [],
        revisions: [],
        deletedAt: message.deletedAt ?? deletedAt,
      })
    }
  }
}

function asText({ text, revision, deletedAt, sender, mentions, mentionsEveryone }: MessageNode): string {
  const to = [...mentions.map(({ id }) => id), ...(mentionsEveryone ? ['everyone'] : [])].join(', ')
  return `${sender.id} to ${to} revision ${revision}: ${deletedAt === null ? String(text) : `deleted ${String(text)}`}`
}
