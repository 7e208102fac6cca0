import { History } from '../../src/domain/conversations/history.ts'
import { Horizon } from '../../src/domain/horizon.ts'
import { deskStreamId } from '../../src/log/desk/desk-stream.ts'
import type { Loaders } from '../../src/domain/loaders.ts'
import type { TypingItem } from '../../src/domain/typing/channel.ts'
import type { Viewer } from '../../src/domain/viewer.ts'
import type { LogItem } from '../../src/log/items.ts'
import type { Context } from '../../src/schema/building/context.ts'
import { eventTypes, type EventDataOf, type EventType } from '../../src/log/event-types.ts'
import { toLogEvent, type LogEvent, type LogEventOf } from '../../src/store/log-event.ts'
import type { Attachment, Conversation, Member, Message, User } from '../../src/store/rows.ts'

/*
 * A small world without a database: rows that loaders answer and events that readers get. Four people, each of whom may
 * be the viewer; `another` is in none of the conversations.
 */
const uuid = (last: number) => `019a0000-0000-7000-8000-${last.toString(16).padStart(12, '0')}`

export const people = { sender: uuid(1), peer: uuid(2), member: uuid(3), another: uuid(4) }
export const direct = uuid(0xd1)
export const group = uuid(0x61)
const emptyGroup = uuid(0x62)
const support = uuid(0x5)
const at = new Date(0)

const users: User[] = Object.entries(people).map(([handle, id]) => ({
  id,
  handle,
  displayName: handle,
  searchName: handle,
  avatarUrl: handle === 'peer' ? 'https://example.org/peer.png' : null,
  role: 'USER',
  readReceiptsEnabled: handle !== 'member',
  presenceSharing: 'EVERYONE',
  directMessagesFrom: 'EVERYONE',
  groupAdditionsFrom: 'EVERYONE',
  requestsEnabled: false,
  invisible: false,
  lastSeenAt: handle === 'peer' ? at : null,
  headEventSeq: 9,
  headMark: 'mark9',
  floorEventSeq: 0,
  floorMark: '0',
  createdAt: at,
  erasedAt: handle === 'another' ? at : null,
  erasureFinishedAt: null,
}))

const conversation = (id: string, change: Partial<Conversation>): Conversation => ({
  id,
  kind: 'GROUP',
  title: 'A group',
  editPolicy: 'ANYTIME',
  pairKey: null,
  memberCount: 3,
  headSeq: 3,
  headEventSeq: 9,
  headMark: 'mark9',
  floorEventSeq: 0,
  floorMark: '0',
  lastActivityAt: at,
  closedAt: null,
  createdAt: at,
  memberPermissions: [],
  historyVisibility: 'ALL',
  historyBoundSeq: 1,
  deletedAt: null,
  ...change,
})
const { sender, peer, member } = people
const conversations = [
  conversation(direct, { kind: 'DIRECT', title: null, pairKey: `${sender}:${peer}`, memberCount: 2 }),
  conversation(group, {}),
  conversation(emptyGroup, { headSeq: 0, closedAt: at }),
  conversation(support, { kind: 'SUPPORT', editPolicy: 'UNTIL_READ' }),
]

const memberIdsOf = (id: string) => (id === direct ? [sender, peer] : [sender, peer, member])
const membersOf = (conversationId: string): Member[] =>
  memberIdsOf(conversationId).map((userId, index) => ({
    conversationId,
    userId,
    role: userId === sender ? 'OWNER' : 'MEMBER',
    lastReadSeq: 2,
    ownReadSeq: 1,
    lastDeliveredSeq: 3,
    lastSentSeq: 3,
    mutedUntil: userId === peer ? at : null,
    archived: false,
    pinned: false,
    joinedAt: at,
    joinedEventSeq: index,
    leftAt: null,
    // The first message is withheld from one of them.
    historyFromSeq: userId === member ? 1 : 0,
    hidden: false,
    requested: false,
  }))

const messagesOf = (conversationId: string): Message[] => {
  const plain = {
    conversationId,
    senderId: sender,
    revision: 1,
    replyToSeq: null,
    createdAt: at,
    mentionIds: [],
    mentionsEveryone: false,
    attachmentCount: 1,
  }
  const kept = { editedAt: null, deletedAt: null, deletedById: null }
  return [
    { ...plain, ...kept, seq: 1, text: 'Plain', clientMessageId: 'key 1' },
    { ...plain, seq: 2, text: null, clientMessageId: 'key 2', editedAt: at, deletedAt: at, deletedById: peer },
    {
      ...plain,
      ...kept,
      seq: 3,
      text: 'A reply',
      clientMessageId: 'key 3',
      replyToSeq: 1,
      senderId: peer,
      revision: 2,
      editedAt: at,
      mentionIds: [member],
    },
  ]
}

const attachmentIn = (conversationId: string, messageSeq: number): Attachment => ({
  id: uuid(0xa7),
  uploaderId: sender,
  fileName: 'picture.png',
  contentType: 'image/png',
  byteSize: 100,
  createdAt: at,
  uploadUntil: at,
  expiresAt: at,
  hash: 'ab',
  refusal: null,
  width: 3,
  height: 2,
  blurHash: 'L00000fQfQfQfQfQfQfQfQfQfQfQ',
  conversationId,
  messageSeq,
  place: 0,
})

/** Every row, for any viewer; but, as in the database, entries for members only. */
const load = {
  user: (id: string) => users.find((user) => user.id === id) ?? null,
  conversation: (id: string) => conversations.find((row) => row.id === id) ?? null,
  entry(key: { viewerId: string; conversationId: string }) {
    const own = membersOf(key.conversationId).find(({ userId }) => userId === key.viewerId)
    const row = load.conversation(key.conversationId)
    return own && row ? { conversation: row, member: own, unreadCount: 1, unreadMentionCount: 1 } : null
  },
  message: (key: { conversationId: string; seq: number }) =>
    messagesOf(key.conversationId).find(({ seq }) => seq === key.seq) ?? null,
  attachmentsOf: ({ conversationId, seq }: { conversationId: string; seq: number }) => [
    attachmentIn(conversationId, seq),
  ],
  messagePage: (request: { conversationId: string }) => messagesOf(request.conversationId),
  members: (request: { conversationId: string }) => membersOf(request.conversationId),
  member: (key: { conversationId: string; userId: string }) => ({
    ...membersOf(group)[0],
    ...key,
  }),
  // The sender is furthest behind, and has read receipts off.
  leastStandings: () => ({
    delivered: [
      { userId: sender, seq: 1 },
      { userId: peer, seq: 3 },
    ],
    read: [
      { userId: member, seq: 0 },
      { userId: peer, seq: 2 },
    ],
  }),
  muting: ({ conversationId: id }: { conversationId: string }) => ({
    kind: load.conversation(id)?.kind ?? 'GROUP',
    userIds: [peer],
    blockerIds: [],
    requestedIds: [],
  }),
  request: () => ({ kind: 'DIRECT', fromId: sender, createdAt: at }),
  othersProgress: () => ({ minDeliveredSeq: 3, minReadSeq: 2 }),
  supportCase: (id: string) =>
    id === support
      ? {
          ...{ conversationId: id, userId: sender, status: 'OPEN', assigneeId: peer, isAnswered: false, queueAt: at },
          ...{ seenSeq: 3, lastUserSeq: 3, lastStaffSeq: 1, staffReadSeq: 2, staffToldSeq: 2 },
          ...{ firstAnsweredAt: at, firstResolvedAt: null, resolvedAt: null },
        }
      : null,
  readBy: (request: { conversationId: string }) =>
    memberIdsOf(request.conversationId).map((userId) => ({ userId, readAt: at })),
  revisions: () => [{ revision: 1, text: 'An answer', editedAt: at }],
  presence: ({ user }: { user: User }) =>
    user.id === sender
      ? { status: 'ONLINE', device: 'WEB', lastSeenAt: null }
      : { status: 'OFFLINE', device: null, lastSeenAt: at },
}

/** Values of arguments that a field needs. */
export const cannedArguments: Record<string, unknown> = { emoji: '👍' }

/** Of every message the same. */
const reactionsOf = {
  kinds: [{ kind: 1, emoji: '👍', count: 1 }],
  emoji: '👍',
  own: new Set<number>(),
  reactors: new Map([[1, new Set([peer])]]),
  reactedBy: [{ userId: peer, eventSeq: 4 }],
}

/** Of every message, or conversation, the same. */
const threadsOf = {
  replyCount: 1,
  replies: messagesOf(group).slice(2),
  pins: [{ seq: 1, pinnedAt: at }],
}

/** One member has blocked everybody. */
const blocksOf = { hasBlocked: false, blockersIn: [peer] }

export function cannedLoaders(): Loaders {
  const loaders = Object.entries(load).map(([name, answer]) => {
    const answerLater = (key: never) => Promise.resolve(answer(key))
    return [name, { load: answerLater, get: answerLater }] as const
  })
  const threads = Object.fromEntries(
    Object.entries(threadsOf).map(([name, answer]) => [name, { load: () => Promise.resolve(answer) }]),
  )
  const history = new History((ids) => Promise.resolve(ids.map(() => new Map([[member, 1]]))))
  const reactions = Object.fromEntries(
    Object.entries(reactionsOf).map(([name, answer]) => [name, { load: () => Promise.resolve(answer) }]),
  )
  const blocks = Object.fromEntries(
    Object.entries(blocksOf).map(([name, answer]) => [name, { load: () => Promise.resolve(answer) }]),
  )
  return {
    ...Object.fromEntries(loaders),
    ...{ reactions, threads, blocks, horizon: new Horizon(), history },
  } as unknown as Loaders
}

/** The context of a viewer's operation. Anything not canned throws an error with its name. */
export function cannedContext(userId: string): Context {
  const missing = (what: string) =>
    new Proxy({}, { get: (_, name) => fail(`${what}.${String(name)} is not canned in tests/testkit/canned.ts`) })
  return {
    viewer: { userId, sessionId: uuid(0x5e), role: 'USER' } satisfies Viewer,
    authFailure: null,
    payer: userId,
    loaders: cannedLoaders(),
    // An address is that of the client, as without a PUBLIC_URL.
    domain: {
      attachments: { urlOf: (_: Attachment, baseUrl: () => string) => baseUrl() },
    } as unknown as Context['domain'],
    prisma: missing('prisma') as Context['prisma'],
    goOnFrom: null,
    client: {
      ip: '127.0.0.1',
      userAgent: null,
      baseUrl: 'http://127.0.0.1',
      refreshCookie: null,
      setRefreshCookie: () => undefined,
      connection: null,
    },
  }
}

function fail(message: string): never {
  throw new Error(message)
}

/** The receipts of all people in one event. */
export const gathered: EventDataOf<'RECEIPT_ADVANCED'> = {
  gathered: true,
  receipts: Object.values(people).map((userId) => ({
    userId,
    lastReadSeq: 2,
    lastDeliveredSeq: 3,
    at,
    delivered: true,
  })),
}

let count = 0

interface Change<Type extends EventType> {
  streamId?: string
  seq?: number
  actorId?: string | null
  data?: EventDataOf<Type>
  /** Default: the first message of the stream, if the event is about a message. */
  message?: Message
}

export const logEvent = <Type extends EventType>(type: Type, change: Change<Type> = {}): LogEventOf<Type> => {
  const streamId = change.streamId ?? group
  const message = change.message ?? (eventTypes[type].message === null ? null : messagesOf(streamId)[0]!)
  const event = {
    streamId,
    seq: ++count,
    type,
    actorId: sender,
    occurredAt: at,
    mark: `mark${count}`,
    markBefore: null,
    ...change,
    message,
  }
  return toLogEvent(event) as LogEventOf<Type>
}

export const cannedTyping = (): TypingItem => ({
  event: { type: 'TYPING_CHANGED', streamId: group, userId: peer, typing: true },
})

/** An event of every type in every kind of stream that has it, and every kind of lost position. */
export function cannedItems(): LogItem[] {
  const streams = [direct, group, emptyGroup, support]
  const everybody = Object.values(people)
  const inStream = (streamId: string): LogEvent[] => {
    const about = <Type extends EventType>(type: Type, actorId: string | null, data: EventDataOf<Type>): LogEvent =>
      logEvent(type, { streamId, actorId, data }) as LogEvent
    return [
      ...messagesOf(streamId).flatMap((message) =>
        (['MESSAGE_SENT', 'MESSAGE_EDITED', 'MESSAGE_DELETED'] as const).map((type) =>
          logEvent(type, { streamId, message }),
        ),
      ),
      about('REACTION_TOGGLED', sender, { kind: 1, on: true }),
      about('REACTION_TOGGLED', sender, { on: false }),
      about('RECEIPT_ADVANCED', sender, {
        receipts: everybody.map((userId) => ({ userId, lastReadSeq: 2, lastDeliveredSeq: 3, at })),
      }),
      about('RECEIPT_ADVANCED', null, gathered),
      ...everybody.flatMap((userId) =>
        [userId, peer, null].flatMap((actorId) => [
          about('MEMBER_JOINED', actorId, { userId }),
          about('MEMBER_LEFT', actorId, { userId, banned: false }),
          about('USER_ERASED', actorId, { userId }),
        ]),
      ),
      about('CONVERSATION_UPDATED', sender, { userIds: [sender, peer], deleted: false }),
    ]
  }
  const personal = everybody.flatMap((streamId) =>
    streams.map((conversationId) =>
      logEvent('INBOX_ENTRY_CHANGED', { streamId, actorId: streamId, data: { conversationId } }),
    ),
  )
  const blocks = everybody.map((streamId) =>
    logEvent('BLOCK_CHANGED', { streamId, actorId: streamId, data: { userId: peer, blocked: true } }),
  )
  const lost = [...streams, ...everybody].map((streamId) => ({
    lost: { streamId, reason: 'EXPIRED' as const, headEventSeq: 9, headMark: 'mark9' },
  }))
  const desk = logEvent('DESK_MOVED', {
    streamId: deskStreamId,
    actorId: null,
    data: { conversationId: support, afterSeq: 8, markAfter: 'mark8', upToSeq: 9 },
  })
  return [...[...streams.flatMap(inStream), ...personal, ...blocks, desk].map((event) => ({ event })), ...lost]
}
