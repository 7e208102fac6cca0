import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  buildSchema,
  getNamedType,
  isInputObjectType,
  parse,
  type GraphQLArgument,
  type GraphQLInputField,
} from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import {
  AddMembersDocument,
  ConversationDocument,
  InboxDocument,
  LeaveConversationDocument,
  LogoutDocument,
  MessageEventsDocument,
  ReceiptEventsDocument,
  RemoveMemberDocument,
  RenameConversationDocument,
  ResyncDocument,
  ViewerDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask, askSubscription } from '../testkit/ask.ts'
import type { Pair } from '../testkit/pair.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { Reader } from '../testkit/reader.ts'
import { sharedPair } from '../testkit/shared.ts'

let pair: Pair
let owner: Person
let member: Person
let outsider: Person
/** What the outsider is in. */
let own: string
/** What the outsider must not learn of. */
let hidden: { conversation: string; message: string; deleted: string }

const encode = (plain: string) => Buffer.from(plain).toString('base64url')
const decode = (id: string) => Buffer.from(id, 'base64url').toString()
const plainId = (conversation: string) => decode(conversation).split(':')[1]!

/** The same kind of id, of a conversation that never was. */
const unknownLike = (id: string) =>
  encode(decode(id).replace(/[0-9a-f-]{36}/, (uuid) => uuid.slice(0, 14) + randomUUID().slice(14)))

beforeAll(async () => {
  pair = await sharedPair()
  const [a, b] = pair.urls
  ;[owner, member, outsider] = await Promise.all([signUp(a), signUp(b), signUp(b)])
  own = await outsider.createGroup([])
  await outsider.send(own, 'Mine')
  const conversation = await owner.createGroup([member], 'A secret title')
  const { message } = await owner.send(conversation, 'A secret text')
  const { message: deleted } = await owner.send(conversation, 'Another secret text')
  await owner.remove(deleted.id)
  hidden = { conversation, message: message.id, deleted: deleted.id }
})

const errors = '__typename ... on Error { code reason }'
const message = 'id seq text sender { handle } conversation { id title }'
const conversation = 'id title headSeq memberCount messages { nodes { text } } members { nodes { user { handle } } }'

interface Ids {
  conversation: string
  message: string
  /** A person who is a member there. */
  user: string
}

/** Everything in the schema that takes the id of a conversation, of a message or of a stream. */
const operations: Record<string, { query: string; variables: (ids: Ids) => Record<string, unknown> }[]> = {
  'Query.conversation': [
    {
      query: `query ($id: ID!) { conversation(id: $id) { ${conversation} } }`,
      variables: (ids) => ({ id: ids.conversation }),
    },
  ],
  'Query.node': [
    {
      query: `query ($id: ID!) { node(id: $id) { id ... on Conversation { ${conversation} } } }`,
      variables: (ids) => ({ id: ids.conversation }),
    },
    {
      query: `query ($id: ID!) { node(id: $id) { id ... on Message { ${message} readBy { nodes { readAt } } } } }`,
      variables: (ids) => ({ id: ids.message }),
    },
  ],
  'Query.nodes': [
    {
      query: `query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Message { ${message} } } }`,
      variables: (ids) => ({ ids: [ids.conversation, own, ids.message] }),
    },
  ],
  'Query.resync': [
    ...[0, 1, 1_000].map((eventSeq) => ({
      query: `query ($cursors: [StreamCursorInput!]!) { resync(cursors: $cursors) { streams { streamId events { __typename } } } }`,
      variables: (ids: Ids) => ({
        cursors: [
          { streamId: ids.conversation, eventSeq },
          { streamId: own, eventSeq: 0 },
        ],
      }),
    })),
  ],
  'Mutation.sendMessage': [
    {
      query: `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${errors} } }`,
      variables: (ids) => ({ input: { conversationId: ids.conversation, text: 'Hello?', clientMessageId: newKey() } }),
    },
    {
      query: `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${errors} } }`,
      variables: (ids) => ({
        input: { conversationId: own, text: 'Hello?', clientMessageId: newKey(), replyToId: ids.message },
      }),
    },
    {
      query: `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${errors} } }`,
      variables: (ids) => ({
        input: { conversationId: ids.conversation, text: 'Hello?', clientMessageId: newKey(), replyToId: ids.message },
      }),
    },
  ],
  'Mutation.editMessage': [
    ...[undefined, 1, 7].map((expectedRevision) => ({
      query: `mutation ($input: EditMessageInput!) { editMessage(input: $input) { ${errors} } }`,
      variables: (ids: Ids) => ({
        input: { messageId: ids.message, text: 'Mine now', opKey: newKey(), expectedRevision },
      }),
    })),
  ],
  'Mutation.deleteMessage': [
    {
      query: `mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { ${errors} } }`,
      variables: (ids) => ({ input: { messageId: ids.message, opKey: newKey() } }),
    },
  ],
  'Mutation.markRead': [
    ...[0, 1, 1_000].map((seq) => ({
      query: `mutation ($input: MarkReadInput!) { markRead(input: $input) { ${errors} } }`,
      variables: (ids: Ids) => ({ input: { conversationId: ids.conversation, seq } }),
    })),
  ],
  'Mutation.markDelivered': [
    {
      query: `mutation ($input: MarkDeliveredInput!) { markDelivered(input: $input) { ${errors} } }`,
      variables: (ids) => ({ input: { conversationId: ids.conversation, seq: 1 } }),
    },
  ],
  'Mutation.updateInboxEntry': [
    {
      query: `mutation ($input: UpdateInboxEntryInput!) { updateInboxEntry(input: $input) { ${errors} } }`,
      variables: (ids) => ({ input: { conversationId: ids.conversation, pinned: true, unreadFromSeq: 1 } }),
    },
  ],
  'Mutation.renameConversation': [
    {
      query: `mutation ($id: ID!) { renameConversation(input: { conversationId: $id, title: "Mine" }) { ${errors} } }`,
      variables: (ids) => ({ id: ids.conversation }),
    },
  ],
  'Mutation.addMembers': [
    {
      query: `mutation ($id: ID!, $userIds: [ID!]!) { addMembers(input: { conversationId: $id, userIds: $userIds }) { ${errors} } }`,
      variables: (ids) => ({ id: ids.conversation, userIds: [outsider.id] }),
    },
    {
      query: `mutation ($id: ID!, $userIds: [ID!]!) { addMembers(input: { conversationId: $id, userIds: $userIds }) { ${errors} } }`,
      variables: (ids) => ({ id: ids.conversation, userIds: [unknownLike(outsider.id)] }),
    },
  ],
  'Mutation.removeMember': [
    {
      query: `mutation ($id: ID!, $userId: ID!) { removeMember(input: { conversationId: $id, userId: $userId }) { ${errors} } }`,
      variables: (ids) => ({ id: ids.conversation, userId: ids.user }),
    },
    {
      query: `mutation ($id: ID!, $userId: ID!) { removeMember(input: { conversationId: $id, userId: $userId }) { ${errors} } }`,
      variables: (ids) => ({ id: ids.conversation, userId: outsider.id }),
    },
  ],
  'Mutation.leaveConversation': [
    {
      query: `mutation ($id: ID!) { leaveConversation(input: { conversationId: $id }) { ${errors} } }`,
      variables: (ids) => ({ id: ids.conversation }),
    },
  ],
  ...Object.fromEntries(
    (
      [
        ['toggleReaction', (ids) => ({ messageId: ids.message, emoji: '👍', on: true, opKey: newKey() })],
        ['pinMessage', (ids) => ({ messageId: ids.message, pinned: true, opKey: newKey() })],
        ['setEditPolicy', (ids) => ({ conversationId: ids.conversation, editPolicy: 'NEVER' })],
        ['setHistoryVisibility', (ids) => ({ conversationId: ids.conversation, historyVisibility: 'ALL' })],
        ['setMemberPermissions', (ids) => ({ conversationId: ids.conversation, memberPermissions: ['PIN'] })],
        ['setMemberRole', (ids) => ({ conversationId: ids.conversation, userId: ids.user, role: 'ADMIN' })],
        ['transferOwnership', (ids) => ({ conversationId: ids.conversation, userId: ids.user })],
        ['hideConversation', (ids) => ({ conversationId: ids.conversation, clearHistory: true })],
        ['acceptRequest', (ids) => ({ conversationId: ids.conversation })],
        ['declineRequest', (ids) => ({ conversationId: ids.conversation })],
        ['banMember', (ids) => ({ conversationId: ids.conversation, userId: ids.user, banned: true })],
        ['reportMessage', (ids) => ({ messageId: ids.message, reason: 'SPAM', opKey: newKey() })],
        ['deleteConversation', (ids) => ({ conversationId: ids.conversation, opKey: newKey() })],
      ] satisfies [string, (ids: Ids) => Record<string, unknown>][]
    ).map(([field, input]) => {
      const inputType = `${field[0]!.toUpperCase()}${field.slice(1)}Input`
      const query = `mutation ($input: ${inputType}!) { ${field}(input: $input) { ${errors} } }`
      return [`Mutation.${field}`, [{ query, variables: (ids: Ids) => ({ input: input(ids) }) }]]
    }),
  ),
  'Query.bans': [
    {
      query: 'query ($id: ID!) { bans(conversationId: $id) { nodes { user { handle } } } }',
      variables: (ids) => ({ id: ids.conversation }),
    },
  ],
  'Query.searchMessages': [
    {
      query: `query ($id: ID) { searchMessages(query: "secret", conversationId: $id) { nodes { id } } }`,
      variables: (ids) => ({ id: ids.conversation }),
    },
  ],
  'Mutation.setTyping': [
    {
      query: 'mutation ($id: ID!) { setTyping(input: { conversationId: $id, typing: true }) }',
      variables: (ids) => ({ id: ids.conversation }),
    },
  ],
  'Subscription.typingEvents': [
    {
      query: 'subscription ($id: ID!) { typingEvents(conversationId: $id) { typing } }',
      variables: (ids) => ({ id: ids.conversation }),
    },
  ],
  ...Object.fromEntries(
    ['conversationEvents', 'messageEvents', 'receiptEvents'].map((field) => [
      `Subscription.${field}`,
      [null, 0, 1, 1_000].map((after) => ({
        query: `subscription ($id: ID!, $after: Int) { ${field}(conversationId: $id, after: $after) { __typename } }`,
        variables: (ids: Ids) => ({ id: ids.conversation, after }),
      })),
    ]),
  ),
  'Subscription.inboxEvents': [
    ...[0, 1, 1_000].map((eventSeq) => ({
      query: 'subscription ($after: [StreamCursorInput!]) { inboxEvents(after: $after) { __typename } }',
      variables: (ids: Ids) => ({
        after: [
          { streamId: own, eventSeq: 1 },
          { streamId: ids.conversation, eventSeq },
        ],
      }),
    })),
  ],
}

/** Arguments and input fields that can name something hidden: every id but those of people and of sessions (api/sessions). */
function takesHiddenId(args: readonly (GraphQLArgument | GraphQLInputField)[]): boolean {
  return args.some(({ name, type }) => {
    const named = getNamedType(type)
    if (isInputObjectType(named)) return takesHiddenId(Object.values(named.getFields()))
    return named.name === 'ID' && !/^(userIds?|actorId|subjectId|memberIds|mentionIds|senderId|sessionId)$/.test(name)
  })
}

test('the operations tried here are all that take the id of a conversation, a message or a stream', () => {
  const schema = buildSchema(readFileSync(join(import.meta.dirname, '../../schema.graphql'), 'utf8'))
  const roots = [schema.getQueryType()!, schema.getMutationType()!, schema.getSubscriptionType()!]
  const found = roots.flatMap((root) =>
    Object.values(root.getFields()).flatMap(({ name, args }) => (takesHiddenId(args) ? [`${root.name}.${name}`] : [])),
  )
  // What only the staff may ask for is refused to everybody else, whatever the id: api/support, api/moderation.
  const staffOnly = [
    'Query.auditLog',
    'Mutation.assignSupport',
    'Mutation.setSupportStatus',
    'Mutation.removeMessage',
    'Mutation.resolveReport',
    'Subscription.supportEvents',
  ]
  // And only an ADMIN: api/webhooks, api/api-keys.
  const adminOnly = [
    'Query.webhookDeliveries',
    ...['update', 'delete', 'pause', 'resume', 'test'].map((verb) => `Mutation.${verb}WebhookEndpoint`),
    ...['Mutation.rotateWebhookSecret', 'Mutation.replayWebhook', 'Mutation.revokeApiKey', 'Mutation.rotateApiKey'],
  ]
  expect([...Object.keys(operations), ...staffOnly, ...adminOnly].sort()).toEqual(found.sort())
})

test.for(Object.keys(operations))('%s answers an outsider exactly as for an id that does not exist', async (name) => {
  for (const [index, url] of pair.urls.entries()) {
    const device = outsider.at(url)
    for (const messageId of [hidden.message, hidden.deleted]) {
      const real = { conversation: hidden.conversation, message: messageId, user: member.id }
      const conversationId = unknownLike(hidden.conversation)
      const unknown = { conversation: conversationId, message: messageOf(conversationId), user: member.id }
      for (const { query, variables } of operations[name]!) {
        const send = name.startsWith('Subscription') ? askSubscription : ask
        const answers = await Promise.all([
          send(device, query, variables(real)),
          send(device, query, variables(unknown)),
        ])
        expect(answers[0], `server ${index}: ${query}`).toBe(answers[1])
        expect(answers[0]).not.toContain('ecret')
        expect(answers[0]).not.toMatch(/Success|FORBIDDEN|INTERNAL/)
        const isNull = /^200 \{"data":\{("(conversation|node)":null|"setTyping":false)\}\}$/.test(answers[0])
        const isHole = answers[0].startsWith('200 {"data":{"nodes":[null,{') && answers[0].endsWith('},null]}}')
        if (!isNull && !isHole) expect(answers[0]).toContain('NOT_FOUND')
      }
    }
  }
})

const messageOf = (conversationId: string) => encode(`Message:${plainId(conversationId)}/1`)

test('all those attempts left no trace for the members', async () => {
  const live = await member.conversationEvents(hidden.conversation, 0)
  await owner.send(hidden.conversation, 'The end')
  const events = await live.waitForCount(4)
  expect(events.map(({ __typename }) => __typename)).toEqual([
    'MessageSent',
    'MessageSent',
    'MessageDeleted',
    'MessageSent',
  ])
  const { conversation: read } = await owner.client.request(ConversationDocument, { id: hidden.conversation })
  expect(read).toMatchObject({ title: 'A secret title', memberCount: 2, headSeq: 3 })
})

test('another person’s personal stream answers exactly as one that does not exist', async () => {
  const { viewer } = await owner.client.request(ViewerDocument, {})
  const theirs = viewer.cursor.streamId
  const resync = 'query ($c: [StreamCursorInput!]!) { resync(cursors: $c) { streams { streamId } } }'
  const inbox = 'subscription ($c: [StreamCursorInput!]) { inboxEvents(after: $c) { __typename } }'
  for (const eventSeq of [0, 1, 1_000]) {
    const cursors = [theirs, unknownLike(theirs)].map((streamId) => ({ c: [{ streamId, eventSeq }] }))
    const answers = await Promise.all(cursors.map((variables) => ask(outsider, resync, variables)))
    expect(answers[0]).toBe(answers[1])
    expect(answers[0]).toContain('NOT_FOUND')
    const frames = await Promise.all(cursors.map((variables) => askSubscription(outsider, inbox, variables)))
    expect(frames[0]).toBe(frames[1])
    expect(frames[0]).toContain('NOT_FOUND')
  }
})

const LookAroundDocument = parse(/* GraphQL */ `
  subscription LookAround($conversationId: ID!, $after: Int) {
    conversationEvents(conversationId: $conversationId, after: $after) {
      __typename
      ... on MemberLeft {
        user {
          id
        }
        conversation {
          messages {
            nodes {
              text
            }
          }
          lastMessage {
            text
          }
          members {
            nodes {
              user {
                handle
              }
            }
          }
          viewerEntry {
            unreadCount
          }
        }
      }
    }
  }
`) as TypedDocumentNode<
  { conversationEvents: { __typename: string; user?: { id: string }; conversation?: object } },
  { conversationId: string; after: number | null }
>

test('who is removed gets MemberLeft on the other server, and then the end, with nothing to see below it', async () => {
  const leaver = await signUp(pair.urls[1])
  const group = await owner.createGroup([member, leaver])
  const elsewhere = await owner.startDirect(leaver)
  await owner.send(group, 'Text for members')
  const conversationEvents = await leaver.conversationEvents(group)
  const fromTheStart = await leaver.conversationEvents(group, 0)
  const messageEvents = await Reader.open(
    leaver,
    MessageEventsDocument,
    { conversationId: group, after: 1 },
    (data) => data.messageEvents,
  )
  const receiptEvents = await Reader.open(
    leaver,
    ReceiptEventsDocument,
    { conversationId: group, after: 1 },
    (data) => data.receiptEvents,
  )
  const lookingAround = await Reader.open(
    leaver,
    LookAroundDocument,
    { conversationId: group, after: 0 },
    (data) => data.conversationEvents,
  )
  const inboxEvents = await leaver.inboxEvents()
  const staying = await member.conversationEvents(group)

  const { removeMember } = await owner.client.request(RemoveMemberDocument, {
    input: {
      conversationId: group,
      userId: leaver.id,
    },
  })
  expectType(removeMember, 'RemoveMemberSuccess')
  await owner.send(group, 'After the removal')
  await owner.client.request(RenameConversationDocument, { input: { conversationId: group, title: 'Another title' } })
  await member.markRead(group, 2)
  await owner.send(elsewhere, 'The end')

  for (const reader of [conversationEvents, fromTheStart, messageEvents, receiptEvents, lookingAround]) {
    expect(await reader.waitForEnd()).toBe('completed')
  }
  const left = { __typename: 'MemberLeft', cursor: { eventSeq: 2 }, user: { id: leaver.id }, by: { id: owner.id } }
  expect(conversationEvents.events).toMatchObject([left])
  expect(fromTheStart.events).toMatchObject([{ __typename: 'MessageSent' }, left])
  expect(messageEvents.events).toEqual([])
  expect(receiptEvents.events).toEqual([])
  expect(lookingAround.events.at(-1)).toEqual({
    __typename: 'MemberLeft',
    user: { id: leaver.id },
    conversation: { messages: { nodes: [] }, lastMessage: null, members: { nodes: [] }, viewerEntry: null },
  })

  await inboxEvents.waitFor((event) => event.__typename === 'MessageSent')
  const ofGroup = inboxEvents.events.filter((event) => 'cursor' in event && event.cursor.streamId === group)
  expect(ofGroup).toMatchObject([left])
  const entry = await inboxEvents.waitFor((event) => event.__typename === 'InboxEntryChanged')
  expect(entry).toMatchObject({ conversationId: group, entry: null })
  expect(JSON.stringify(inboxEvents.events)).not.toMatch(/After the removal|Another title/)

  // Who stays goes on.
  const events = await staying.waitForCount(4)
  expect(events.map(({ __typename }) => __typename)).toEqual([
    'MemberLeft',
    'MessageSent',
    'ConversationUpdated',
    'ReceiptAdvanced',
  ])
})

test('who was removed is refused like an outsider, also with the cursors they have', async () => {
  const leaver = await signUp(pair.urls[1])
  const group = await owner.createGroup([member, leaver])
  const { message: sent } = await leaver.send(group, 'I was here')
  await owner.client.request(RemoveMemberDocument, { input: { conversationId: group, userId: leaver.id } })
  await owner.send(group, 'After the removal')
  const unknown = unknownLike(group)
  for (const [name, attempts] of Object.entries(operations)) {
    // These two say that the cursor leads nowhere: no secret from somebody who was there.
    if (name === 'Query.resync' || name === 'Subscription.inboxEvents') continue
    // The outsider's own conversation stands in these.
    if (name === 'Query.nodes') continue
    for (const { query, variables } of attempts) {
      const send = name.startsWith('Subscription') ? askSubscription : ask
      const answer = await send(leaver, query, variables({ conversation: group, message: sent.id, user: member.id }))
      const same = await send(
        leaver,
        query,
        variables({ conversation: unknown, message: messageOf(unknown), user: member.id }),
      )
      expect(answer, query).toBe(same)
    }
  }
  const cursors = [{ streamId: group, eventSeq: 1 }]
  const { resync } = await leaver.client.request(ResyncDocument, { cursors })
  expect(resync.streams).toEqual([
    {
      streamId: group,
      hasMore: false,
      cursor: { streamId: group, eventSeq: 0, mark: '0' },
      events: [expect.objectContaining({ __typename: 'SnapshotRequired', streamId: group, reason: 'UNKNOWN_CURSOR' })],
    },
  ])
  const resumed = await leaver.inboxEvents(cursors)
  // With it all streams are followed, the personal one too, which is not named.
  await resumed.waitForCount(1)
  await owner.send(group, 'Long after the removal')
  const elsewhere = await owner.startDirect(leaver)
  await resumed.waitFor((event) => event.__typename === 'InboxEntryChanged' && event.conversationId === elsewhere)
  expect(resumed.events[0]).toMatchObject({ __typename: 'SnapshotRequired', streamId: group })
  expect(resumed.events.filter((event) => 'cursor' in event && event.cursor.streamId === group)).toHaveLength(1)
  expect(JSON.stringify(resumed.events)).not.toContain('the removal')
  const { inbox } = await leaver.client.request(InboxDocument, { filter: 'ALL' })
  expect(inbox.edges.map(({ node }) => node.conversation.id)).toEqual([elsewhere])
})

test('who leaves by themselves gets MemberLeft and the end, and all events again after coming back', async () => {
  const leaver = await signUp(pair.urls[1])
  const group = await owner.createGroup([member, leaver])
  const live = await leaver.conversationEvents(group)
  const inbox = await leaver.inboxEvents()
  await leaver.at(pair.urls[0]).client.request(LeaveConversationDocument, { input: { conversationId: group } })
  expect(await live.waitForEnd()).toBe('completed')
  expect(live.events).toMatchObject([{ __typename: 'MemberLeft', by: null }])
  await owner.send(group, 'Without you')
  await owner.client.request(AddMembersDocument, { input: { conversationId: group, userIds: [leaver.id] } })
  await owner.send(group, 'With you')
  await inbox.waitFor((event) => event.__typename === 'MessageSent')
  const ofGroup = inbox.events.filter((event) => 'cursor' in event && event.cursor.streamId === group)
  expect(ofGroup).toMatchObject([
    { __typename: 'MemberLeft', cursor: { eventSeq: 1 } },
    { __typename: 'MemberJoined', cursor: { eventSeq: 3 } },
    { __typename: 'MessageSent', cursor: { eventSeq: 4 }, message: { text: 'With you' } },
  ])
  // The leaving of before is history to who reads from there now.
  const again = await leaver.conversationEvents(group, 0)
  expect((await again.waitForCount(4)).map(({ __typename }) => __typename)).toEqual([
    'MemberLeft',
    'MessageSent',
    'MemberJoined',
    'MessageSent',
  ])
})

test('who logs out on one server gets nothing more on the other', async () => {
  const leaver = await signUp(pair.urls[1])
  const group = await owner.createGroup([member, leaver])
  const readers = [await leaver.conversationEvents(group), await leaver.inboxEvents()]
  await leaver.at(pair.urls[0]).client.request(LogoutDocument, {})
  for (const reader of readers) {
    expect(await reader.waitForEnd()).not.toBeNull()
    expect(reader.events).toEqual([])
  }
  await expect(leaver.send(group, 'Hello?')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})
