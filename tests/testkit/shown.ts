import type { SyncConversationFragment } from '../../sdk/src/generated/graphql.ts'
import type { ConversationState, MessageState } from '../../sdk/src/index.ts'

export type Revisions = readonly { revision: number; text: string }[]

/** Of a message, what is compared. */
export type ShownMessage = Pick<
  MessageState,
  'seq' | 'text' | 'revision' | 'deletedAt' | 'mentionsEveryone' | 'reactions'
> & {
  sender: { id: string }
  mentions: readonly { id: string }[]
  replyTo: { seq: number } | null
  attachments: readonly { id: string; fileName: string; contentType: string; byteSize: number }[]
}

/** The place of a conversation at the desk of the staff. */
export type Desk = Pick<
  SyncConversationFragment,
  'supportStatus' | 'unansweredSince' | 'firstAnsweredAt' | 'resolvedAt'
> & { assignee: { id: string } | null }

interface Position {
  role: string | null
  /** Null: the events did not say. */
  lastReadSeq: number | null
  lastDeliveredSeq: number | null
}

/** A conversation in plain values, for comparisons. */
export interface Shown {
  eventSeq: number
  /** Messages up to this seq are not shown to the viewer. */
  historyFromSeq: number
  title: string | null
  details: object
  pins: string[]
  members: Record<string, Position>
  messages: object[]
}

export const deskOf = (of: Desk): Desk => ({
  supportStatus: of.supportStatus,
  assignee: of.assignee && { id: of.assignee.id },
  unansweredSince: of.unansweredSince,
  firstAnsweredAt: of.firstAnsweredAt,
  resolvedAt: of.resolvedAt,
})

type Fields = Pick<
  ConversationState['fields'],
  'title' | 'editPolicy' | 'historyVisibility' | 'memberPermissions' | 'closedAt' | 'deletedAt'
>

export interface Shows {
  viewerId: string
  eventSeq: number
  historyFromSeq: number
  fields: Fields
  desk: Desk
  pins: readonly { seq: number; pinnedAt: string | null }[]
  members: readonly (Position & { user: { id: string } })[]
  messages: readonly ShownMessage[]
  revisionsOf: (seq: number) => Revisions
}

export function shown(what: Shows): Shown {
  const { viewerId, eventSeq, historyFromSeq, fields, desk, pins, revisionsOf } = what
  const isShown = ({ seq }: { seq: number }) => seq > historyFromSeq
  const { title, editPolicy, historyVisibility, memberPermissions, closedAt, deletedAt } = fields
  const members = what.members
    .map(({ user, role, lastReadSeq, lastDeliveredSeq }) => [user.id, { role, lastReadSeq, lastDeliveredSeq }] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const messages = what.messages
    .filter(isShown)
    .sort((a, b) => a.seq - b.seq)
    .map((message) => ({
      seq: message.seq,
      sender: message.sender.id,
      text: message.text,
      revision: message.revision,
      isDeleted: message.deletedAt !== null,
      mentions: message.mentions.map(({ id }) => id),
      mentionsEveryone: message.mentionsEveryone,
      reactions: message.reactions.map(({ emoji, count, viewerReacted }) => ({ emoji, count, viewerReacted })),
      // What is withheld is no message to answer.
      replyTo: message.replyTo && isShown(message.replyTo) ? message.replyTo.seq : null,
      attachments: message.attachments.map(({ id, fileName, contentType, byteSize }) => ({
        id,
        fileName,
        contentType,
        byteSize,
      })),
      // Others see them by their role, which may have changed since.
      revisions: message.sender.id === viewerId ? revisionsOf(message.seq) : null,
    }))
  return {
    eventSeq,
    historyFromSeq,
    title,
    details: { editPolicy, historyVisibility, memberPermissions, closedAt, deletedAt, ...desk },
    pins: pins.map(({ seq, pinnedAt }) => `${seq} at ${pinnedAt ?? 'no time'}`),
    members: Object.fromEntries(members),
    messages,
  }
}

/** What a copy shows, with the positions that its events left open as a fresh read has them: a client asks for these. */
export function completed(known: Shown, fresh: Shown): Shown {
  const members = Object.entries(known.members).map(([id, position]) => {
    const { lastReadSeq, lastDeliveredSeq } = fresh.members[id] ?? position
    return [
      id,
      {
        ...position,
        lastReadSeq: position.lastReadSeq ?? lastReadSeq,
        lastDeliveredSeq: position.lastDeliveredSeq ?? lastDeliveredSeq,
      },
    ] as const
  })
  return { ...known, members: Object.fromEntries(members) }
}
