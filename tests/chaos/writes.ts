import { randomUUID } from 'node:crypto'
import type { Person } from '../testkit/person.ts'
import type { Chance } from './chance.ts'
import { supportWrite } from './support.ts'
import type { Talk, World } from './world.ts'

export interface Write {
  kind: string
  talk: Talk
  /** The key, for writes that have one. */
  key: string | null
  query: string
  variables: object
  text: string | null
  /** Typenames of outcomes that are possible because others act at the same time. */
  outcomes: string[]
  /** Called when it is known to have succeeded. */
  done?: () => void
}

export interface Sent {
  talk: Talk
  messageId: string
}

const failure = '... on Error { code reason }'
const written = 'ack { outcome opKey cursor { streamId eventSeq } } message { id seq text revision }'

const document = (field: string, type: string, success: string, selection: string) =>
  `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on ${success} { ${selection} } ${failure} } }`

export const documents = {
  send: document('sendMessage', 'SendMessageInput', 'SendMessageSuccess', written),
  edit: document('editMessage', 'EditMessageInput', 'EditMessageSuccess', written),
  delete: document('deleteMessage', 'DeleteMessageInput', 'DeleteMessageSuccess', written),
  react: document(
    'toggleReaction',
    'ToggleReactionInput',
    'ToggleReactionSuccess',
    `${written} ... on ToggleReactionSuccess { message { reactions { emoji count viewerReacted } } }`,
  ),
  pin: document('pinMessage', 'PinMessageInput', 'PinMessageSuccess', written),
  markAllRead: 'mutation { markAllRead { __typename changedCount } }',
  markRead: document(
    'markRead',
    'MarkReadInput',
    'MarkReadSuccess',
    'ack { outcome lastReadSeq lastDeliveredSeq unreadCount } entry { lastReadSeq }',
  ),
  markDelivered: document(
    'markDelivered',
    'MarkDeliveredInput',
    'MarkDeliveredSuccess',
    'ack { outcome lastReadSeq lastDeliveredSeq unreadCount }',
  ),
  entry: document(
    'updateInboxEntry',
    'UpdateInboxEntryInput',
    'UpdateInboxEntrySuccess',
    'entry { pinned archived mutedUntil lastReadSeq }',
  ),
  rename: `mutation ($id: ID!, $title: String!) { renameConversation(input: { conversationId: $id, title: $title }) {
    __typename ... on RenameConversationSuccess { conversation { title } } ${failure} } }`,
  add: `mutation ($id: ID!, $users: [ID!]!) { addMembers(input: { conversationId: $id, userIds: $users }) {
    __typename ... on AddMembersSuccess { conversation { memberCount } } ${failure} } }`,
  remove: `mutation ($id: ID!, $user: ID!) { removeMember(input: { conversationId: $id, userId: $user }) {
    __typename ... on RemoveMemberSuccess { conversation { memberCount } } ${failure} } }`,
  role: `mutation ($id: ID!, $user: ID!, $role: MemberRole!) {
    setMemberRole(input: { conversationId: $id, userId: $user, role: $role }) {
      __typename ... on SetMemberRoleSuccess { conversation { id } } ${failure} } }`,
  transfer: `mutation ($id: ID!, $user: ID!) { transferOwnership(input: { conversationId: $id, userId: $user }) {
    __typename ... on TransferOwnershipSuccess { conversation { id } } ${failure} } }`,
  hide: `mutation ($id: ID!, $clear: Boolean!, $upTo: Int) {
    hideConversation(input: { conversationId: $id, clearHistory: $clear, upToSeq: $upTo }) {
    __typename ... on HideConversationSuccess { conversation { id } } ${failure} } }`,
  policy: `mutation ($id: ID!, $policy: EditPolicy!) { setEditPolicy(input: { conversationId: $id, editPolicy: $policy }) {
    __typename ... on SetEditPolicySuccess { conversation { id } } ${failure} } }`,
  visibility: `mutation ($id: ID!, $visibility: HistoryVisibility!) {
    setHistoryVisibility(input: { conversationId: $id, historyVisibility: $visibility }) {
    __typename ... on SetHistoryVisibilitySuccess { conversation { id } } ${failure} } }`,
  doom: document('deleteConversation', 'DeleteConversationInput', 'DeleteConversationSuccess', 'conversation { id }'),
  block: document('blockUser', 'BlockUserInput', 'BlockUserSuccess', 'user { id }'),
  open: document('openSupport', 'OpenSupportInput', 'OpenSupportSuccess', 'conversation { id }'),
  status: `mutation ($id: ID!, $status: SupportStatus!) { setSupportStatus(input: { conversationId: $id, status: $status }) {
    __typename ... on SetSupportStatusSuccess { conversation { supportStatus } } ${failure} } }`,
  assign: `mutation ($id: ID!, $user: ID) { assignSupport(input: { conversationId: $id, userId: $user }) {
    __typename ... on AssignSupportSuccess { conversation { assignee { id } } } ${failure} } }`,
  leave: `mutation ($id: ID!) { leaveConversation(input: { conversationId: $id }) {
    __typename ... on LeaveConversationSuccess { conversationId } ${failure} } }`,
}

/** Share of each kind, of a hundred writes. */
const weights: [keyof typeof makers, number][] = [
  ['send', 31],
  ['edit', 13],
  ['delete', 5],
  ['markRead', 18],
  ['markDelivered', 8],
  ['entry', 9],
  ['react', 8],
  ['pin', 2],
  ['markAllRead', 1],
  ['rename', 3],
  ['churn', 2],
  ['role', 3],
  ['hide', 5],
  ['policy', 2],
  ['visibility', 1],
  ['doom', 0.2],
  ['block', 2],
]
const totalWeight = weights.reduce((sum, [, weight]) => sum + weight, 0)

export interface Situation {
  world: World
  chance: Chance
  person: Person
  sent: Sent[]
}

/** Whether this person marks this conversation unread by hand. Only if they do not, lastReadSeq must never go back. */
export const marksUnread = ({ people, talks }: World, person: Person, talk: Talk): boolean =>
  (people.indexOf(person) + talks.indexOf(talk)) % 3 === 0

/** One of the newest messages of anybody. */
const recentMessage = ({ id, headSeq }: Talk, chance: Chance): string => {
  const [, conversation] = Buffer.from(id, 'base64url').toString().split(':')
  const seq = Math.max(1, headSeq - chance.between(0, 8))
  return Buffer.from(`Message:${String(conversation)}/${String(seq)}`).toString('base64url')
}

const base = { key: null, text: null }

/**
 * A person who comes and goes may be out at the moment, and what somebody cleared is withheld from them, so any write there may
 * be refused with NotFoundError. In a group that is deleted nothing can be done any more.
 */
const orGone = (talk: Talk, ...outcomes: string[]) => [
  ...outcomes,
  ...(talk.churns || talk.clears ? ['NotFoundError'] : []),
  ...(talk.doomed ? ['ConversationClosedError', 'MessageDeletedError', 'ForbiddenError'] : []),
  ...(talk.blocks ? ['ConversationClosedError', 'ForbiddenError'] : []),
]

/** What the owner alone may do: somebody else may be that for a while. */
const orHandedOver = ['ForbiddenError']

/** The other side may have read it, and the owner of a group may have changed its policy. */
const orLocked = (talk: Talk) => (talk.isSupport || talk.isGroup ? ['MessageLockedError'] : [])

/** Some of its messages mention some of its people. */
const mentionsOf = (talk: Talk, chance: Chance): { mentionIds?: string[] } => {
  if (chance.next() < 0.7 || talk.isSupport) return {}
  const count = chance.between(0, 3)
  return {
    mentionIds: chance
      .shuffled(talk.members)
      .slice(0, count)
      .map(({ id }) => id),
  }
}

/** Whom it mentions may be out at the moment. */
const orNoMember = (talk: Talk, { mentionIds = [] }: { mentionIds?: string[] }) =>
  talk.churns && mentionIds.length > 0 ? ['ValidationError'] : []

export const makers = {
  send({ world, person, chance }: Situation, talk: Talk): Write {
    const key = randomUUID()
    const text = `${person.handle} says ${key} ${'and more '.repeat(chance.between(0, 20))}`
    const mentions = mentionsOf(talk, chance)
    const mentionEveryone = talk.isGroup && person === talk.owner && chance.next() < 0.1
    // Each file goes with one message, whatever becomes of it.
    const file = chance.next() < 0.1 ? world.files.get(person)?.pop() : undefined
    const attachmentIds = file === undefined ? [] : [file]
    const replyToId = talk.headSeq > 0 && chance.next() < 0.15 ? recentMessage(talk, chance) : null
    const message = { text, clientMessageId: key, ...mentions, mentionEveryone, attachmentIds, replyToId }
    const variables = { input: { conversationId: talk.id, ...message } }
    const outcomes = orGone(talk, 'SendMessageSuccess', ...orNoMember(talk, mentions))
    return { kind: 'send', talk, key, query: documents.send, variables, text, outcomes }
  },
  edit(situation: Situation, talk: Talk): Write {
    const { chance, sent } = situation
    if (sent.length === 0) return makers.send(situation, talk)
    const target = chance.pick(sent.slice(-12))
    const key = randomUUID()
    const text = `edited ${key}`
    const mentions = mentionsOf(target.talk, chance)
    const variables = { input: { messageId: target.messageId, text, opKey: key, ...mentions } }
    const outcomes = orGone(
      target.talk,
      'EditMessageSuccess',
      'MessageDeletedError',
      ...orNoMember(target.talk, mentions),
      ...orLocked(target.talk),
    )
    return { kind: 'edit', talk: target.talk, key, query: documents.edit, variables, text, outcomes }
  },
  delete(situation: Situation, talk: Talk): Write {
    const { chance, sent } = situation
    if (sent.length === 0) return makers.send(situation, talk)
    const target = chance.pick(sent.slice(-20))
    const key = randomUUID()
    const variables = { input: { messageId: target.messageId, opKey: key } }
    const outcomes = orGone(target.talk, 'DeleteMessageSuccess', 'MessageDeletedError', ...orLocked(target.talk))
    return { ...base, kind: 'delete', talk: target.talk, key, query: documents.delete, variables, outcomes }
  },
  react(situation: Situation, talk: Talk): Write {
    const { chance } = situation
    if (talk.headSeq === 0) return makers.send(situation, talk)
    const key = randomUUID()
    // Few emoji on few messages, so that many meet, and in two spellings.
    const emoji = chance.pick(['👍', '❤', '❤️', '🎉'])
    const input = { messageId: recentMessage(talk, chance), emoji, on: chance.next() < 0.6, opKey: key }
    const outcomes = orGone(talk, 'ToggleReactionSuccess', 'MessageDeletedError')
    return { ...base, kind: 'react', talk, key, query: documents.react, variables: { input }, outcomes }
  },
  pin(situation: Situation, talk: Talk): Write {
    const { chance } = situation
    if (talk.headSeq === 0) return makers.rename(situation)
    const key = randomUUID()
    const input = { messageId: recentMessage(talk, chance), pinned: chance.next() < 0.6, opKey: key }
    // More than 50.
    const outcomes = orGone(talk, 'PinMessageSuccess', 'MessageDeletedError', 'ValidationError')
    return { ...base, kind: 'pin', talk, key, query: documents.pin, variables: { input }, outcomes }
  },
  markAllRead(_: Situation, talk: Talk): Write {
    const outcomes = ['MarkAllReadSuccess']
    return { ...base, kind: 'markAllRead', talk, query: documents.markAllRead, variables: {}, outcomes }
  },
  markRead({ chance }: Situation, talk: Talk): Write {
    const seq = Math.max(0, talk.headSeq - chance.between(-1, 5))
    const variables = { input: { conversationId: talk.id, seq } }
    const outcomes = orGone(talk, 'MarkReadSuccess')
    return { ...base, kind: 'markRead', talk, query: documents.markRead, variables, outcomes }
  },
  markDelivered({ chance }: Situation, talk: Talk): Write {
    const seq = Math.max(0, talk.headSeq - chance.between(-1, 3))
    const variables = { input: { conversationId: talk.id, seq } }
    const outcomes = orGone(talk, 'MarkDeliveredSuccess')
    return { ...base, kind: 'markDelivered', talk, query: documents.markDelivered, variables, outcomes }
  },
  entry({ world, chance, person }: Situation, talk: Talk): Write {
    const changes: object[] = [
      { pinned: chance.next() < 0.5 },
      { archived: chance.next() < 0.5 },
      { mutedUntil: chance.next() < 0.5 ? null : '2099-01-01T00:00:00.000Z' },
    ]
    const fromSeq = Math.max(1, talk.headSeq - chance.between(0, 4))
    if (marksUnread(world, person, talk)) changes.push({ unreadFromSeq: fromSeq }, { unreadFromSeq: fromSeq })
    const variables = { input: { conversationId: talk.id, ...chance.pick(changes) } }
    const outcomes = orGone(talk, 'UpdateInboxEntrySuccess')
    return { ...base, kind: 'updateInboxEntry', talk, query: documents.entry, variables, outcomes }
  },
  rename({ world, chance }: Situation): Write {
    const talk = chance.pick(world.talks.filter(({ isGroup }) => isGroup))
    const variables = { id: talk.id, title: `Group of ${randomUUID()}` }
    const outcomes = orGone(talk, 'RenameConversationSuccess')
    return { ...base, kind: 'rename', talk, query: documents.rename, variables, outcomes }
  },
  churn({ world, chance, person }: Situation): Write {
    const talk = chance.pick(world.talks.filter(({ churns }) => churns))
    const other = chance.pick(talk.members.filter((member) => member !== talk.owner))
    if (person !== talk.owner && talk.members.includes(person) && chance.next() < 0.3) {
      const outcomes = ['LeaveConversationSuccess', 'NotFoundError']
      return { ...base, kind: 'leave', talk, query: documents.leave, variables: { id: talk.id }, outcomes }
    }
    if (chance.next() < 0.3) {
      // They may own the group or be an admin by now.
      const outcomes = ['RemoveMemberSuccess', 'NotFoundError', 'ForbiddenError']
      const variables = { id: talk.id, user: other.id }
      return { ...base, kind: 'removeMember', talk, query: documents.remove, variables, outcomes }
    }
    const users = chance.shuffled(talk.members).slice(0, 3)
    const variables = { id: talk.id, users: users.map(({ id }) => id) }
    return { ...base, kind: 'addMembers', talk, query: documents.add, variables, outcomes: ['AddMembersSuccess'] }
  },
  /** The one who made the group stays its owner or an admin; the others come to own it for a while. */
  role({ world, chance, person }: Situation): Write {
    const talk = chance.pick(world.talks.filter(({ isGroup }) => isGroup))
    const other = chance.pick(talk.members.filter((member) => member !== talk.owner))
    const outcomes = ['ForbiddenError', 'NotFoundError']
    if (chance.next() < 0.5) {
      const variables = { id: talk.id, user: other.id, role: chance.pick(['ADMIN', 'MEMBER']) }
      const all = ['SetMemberRoleSuccess', ...outcomes]
      return { ...base, kind: 'setMemberRole', talk, query: documents.role, variables, outcomes: all }
    }
    const isBack = talk.members.includes(person) && person !== talk.owner && chance.next() < 0.7
    const variables = { id: talk.id, user: isBack ? talk.owner.id : other.id }
    const kind = isBack ? 'transferBack' : 'transferOwnership'
    const all = ['TransferOwnershipSuccess', ...outcomes]
    return { ...base, kind, talk, query: documents.transfer, variables, outcomes: all }
  },
  hide({ chance }: Situation, talk: Talk): Write {
    const outcomes = orGone(talk, 'HideConversationSuccess')
    const clears = talk.clears && chance.next() < 0.7
    const variables = { id: talk.id, clear: clears, upTo: Math.max(0, talk.headSeq - chance.between(0, 10)) }
    const kind = clears ? 'clearHistory' : 'hideConversation'
    return { ...base, kind, talk, query: documents.hide, variables, outcomes }
  },
  policy({ world, chance }: Situation): Write {
    const talk = chance.pick(world.talks.filter(({ isGroup }) => isGroup))
    const outcomes = orGone(talk, 'SetEditPolicySuccess', ...orHandedOver)
    const policy = chance.pick(['ANYTIME', 'ANYTIME', 'UNTIL_READ', 'NEVER'])
    return {
      ...base,
      kind: 'setEditPolicy',
      talk,
      query: documents.policy,
      variables: { id: talk.id, policy },
      outcomes,
    }
  },
  visibility({ world, chance }: Situation): Write {
    const talk = chance.pick(world.talks.filter(({ churns }) => churns))
    const variables = { id: talk.id, visibility: chance.pick(['ALL', 'SINCE_JOINED']) }
    const outcomes = orGone(talk, 'SetHistoryVisibilitySuccess', ...orHandedOver)
    return { ...base, kind: 'setHistoryVisibility', talk, query: documents.visibility, variables, outcomes }
  },
  doom({ world, chance }: Situation): Write {
    const talk = chance.pick(world.talks.filter(({ doomed }) => doomed))
    const key = randomUUID()
    const outcomes = ['DeleteConversationSuccess', ...orHandedOver]
    const variables = { input: { conversationId: talk.id, opKey: key } }
    return { ...base, kind: 'deleteConversation', talk, query: documents.doom, variables, outcomes }
  },
  block({ world, chance }: Situation): Write {
    const talk = chance.pick(world.talks.filter(({ blocks }) => blocks))
    const other = talk.members.find((member) => member !== talk.owner)!
    const variables = { input: { userId: other.id, blocked: chance.next() < 0.4 } }
    return { ...base, kind: 'blockUser', talk, query: documents.block, variables, outcomes: ['BlockUserSuccess'] }
  },
}

/** A person's next write. */
export function nextWrite(situation: Situation): Write {
  const { world, chance, person } = situation
  const talk = chance.pick(world.talks.filter(({ members }) => members.includes(person)))
  if (talk.isSupport) return supportWrite(situation, talk)
  let ticket = chance.next() * totalWeight
  const [kind] = weights.find(([, weight]) => (ticket -= weight) < 0) ?? ['send' as const]
  return makers[kind](situation, talk)
}

const ofOwners = [
  'pin',
  'rename',
  'addMembers',
  'removeMember',
  'setMemberRole',
  'transferOwnership',
  'setEditPolicy',
  'setHistoryVisibility',
  'deleteConversation',
  'blockUser',
]

/** The person who sends it: the one whose turn it is, or the owner for things that only the owner may do. */
export const askerOf = ({ kind, talk }: Write, person: Person): Person =>
  ofOwners.includes(kind) ? talk.owner : person
