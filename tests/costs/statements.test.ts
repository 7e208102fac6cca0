import { createClient, type Client } from 'graphql-ws'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { InboxDocument, MembersDocument, MessagesDocument } from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { statementsOf } from '../testkit/statements.ts'

/** People in the world below, besides Ann: each in the big group, and with a conversation of their own with Ann. */
const crowdSize = 50

let database: TestDatabase
let server: ServerProcess
let ann: Person
let crowd: Person[]
let group: string
beforeAll(async () => {
  database = await createTestDatabase()
  server = await startServer({ databaseUrl: database.url, redisUrl: null, env: { READ_CACHE_MB: '0' } })
  ann = await signUp(server.url, 'Ann')
  // Some at a time: their passwords are hashed by the processors that PostgreSQL needs as well.
  crowd = []
  while (crowd.length < crowdSize) {
    crowd.push(...(await Promise.all(Array.from({ length: 10 }, () => signUp(server.url, 'Somebody')))))
  }
  // 50 direct conversations and 60 groups in turn, with a message of somebody else in each.
  for (let index = 0; index < 60; index++) {
    const sender = crowd[index % crowdSize]!
    const id = await sender.createGroup([ann], `Group ${index}`)
    await sender.send(id, 'Hello group')
    if (index < crowdSize) await sender.send(await sender.startDirect(ann), 'Hello Ann')
  }
  // 140 messages of everybody in turn, each an answer to the one seven before it, and each mentions two.
  group = await ann.createGroup(crowd, 'Everybody')
  const ids: string[] = []
  const mutation = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
    ... on SendMessageSuccess { message { id } } } }`
  for (let index = 0; index < 140; index++) {
    const input = {
      conversationId: group,
      clientMessageId: newKey(),
      text: `Message ${index}`,
      replyToId: ids[index - 7],
      mentionIds: [crowd[(index + 1) % crowdSize]!.id, crowd[(index + 2) % crowdSize]!.id],
    }
    const { data } = await ask<{ sendMessage: { message: { id: string } } }>(crowd[index % crowdSize]!, mutation, {
      input,
    })
    ids.push(data!.sendMessage.message.id)
  }
  // All of them were edited.
  await database.query(
    `WITH edited AS (UPDATE messages SET revision = 2, edited_at = created_at WHERE conversation_id = $1 RETURNING *)
     INSERT INTO message_revisions (conversation_id, message_seq, revision, text, edited_at)
     SELECT conversation_id, seq, 1, 'Before', created_at FROM edited`,
    [Buffer.from(group, 'base64url').toString().split(':')[1]],
  )
  // Each has a file, which nobody asks for the bytes of.
  await database.query(
    `WITH holding AS (UPDATE messages SET attachment_count = 1 WHERE conversation_id = $1 RETURNING *)
     INSERT INTO attachments (id, uploader_id, file_name, content_type, byte_size, upload_until, expires_at, hash,
       conversation_id, message_seq, place)
     SELECT gen_random_uuid(), sender_id, 'a.txt', 'text/plain', 1, now(), now(), 'ab', conversation_id, seq, 0 FROM holding`,
    [Buffer.from(group, 'base64url').toString().split(':')[1]],
  )
  // Members by the hundred who never log in.
  await database.query(
    `WITH made AS (INSERT INTO users (id, handle, display_name, search_name)
       SELECT gen_random_uuid(), 'made.' || n, 'Made ' || n, 'made ' || n FROM generate_series(1, 100) AS n RETURNING id)
     INSERT INTO members (conversation_id, user_id) SELECT $1, id FROM made`,
    [Buffer.from(group, 'base64url').toString().split(':')[1]],
  )
})

/** The same work done twice: connections and plans are warm the second time, which counts. */
async function warmStatementsOf(work: () => Promise<unknown>) {
  await work()
  return statementsOf(database, work)
}

const inboxQuery = `query ($first: Int) { inbox(first: $first) { nodes { unreadCount lastReadSeq mutedUntil conversation {
  id kind title headSeq memberCount lastActivityAt cursor { streamId eventSeq } peer { displayName handle }
  lastMessage { text sender { displayName } } viewerEntry { unreadCount } } } } }`

describe('the inbox', () => {
  test.each([
    ['with conversation, newest message, its sender, peer and unread count', inboxQuery, 1, 'nodes'],
    ['as the SDK asks for it, with what is answered', InboxDocument, 2, 'edges'],
  ] as const)('%s costs as many statements for 100 entries as for 25', async (_name, document, statements, rows) => {
    const costs = [25, 100].map((first) => async () => {
      const result = await ask<{ inbox: Record<typeof rows, object[]> }>(ann, document, { first })
      expect(result.data?.inbox[rows]).toHaveLength(first)
    })
    const small = await warmStatementsOf(costs[0]!)
    const large = await warmStatementsOf(costs[1]!)
    expect(large.calls).toBe(small.calls)
    expect(large.calls, JSON.stringify(large.list, null, 2)).toBe(statements)
  })

  test('with how far all others have got in each conversation costs one statement more, at any size', async () => {
    const query = inboxQuery.replace('id kind title', 'id readByAllSeq deliveredToAllSeq kind title')
    const counts = []
    for (const first of [25, 100]) counts.push((await warmStatementsOf(() => ask(ann, query, { first }))).calls)
    expect(counts).toEqual([2, 2])
  })

  test('and the viewer in one request costs one statement more', async () => {
    const alone = await warmStatementsOf(() => ask(ann, inboxQuery, { first: 25 }))
    const query = inboxQuery.replace('{ inbox', '{ viewer { unreadConversationCount cursor { eventSeq } } inbox')
    const both = await warmStatementsOf(() => ask(ann, query, { first: 25 }))
    expect(both.calls).toBe(alone.calls + 1)
  })
})

describe('blocks', () => {
  test('cost one statement in a page, however many senders it has and whoever has blocked them', async () => {
    const page = (fields: string) => `query ($id: ID!, $last: Int) {
      conversation(id: $id) { messages(last: $last) { nodes { ${fields} } } } }`
    const query = page('text senderBlocked sender { handle blocked }')
    const of = (text: string, last: number) => warmStatementsOf(() => ask(ann, text, { id: group, last }))
    const without = await of(page('text sender { handle }'), 100)
    const before = [await of(query, 25), await of(query, 100)]
    const block = 'mutation ($id: ID!) { blockUser(input: { userId: $id, blocked: true }) { __typename } }'
    for (const { id } of crowd.slice(0, 5)) await ask(ann, block, { id })
    const after = [await of(query, 25), await of(query, 100)]
    expect([...before, ...after].map(({ calls }) => calls)).toEqual(Array(4).fill(without.calls + 1))
  })
})

describe('the history', () => {
  const withReplies = `query ($id: ID!, $last: Int) { conversation(id: $id) { messages(last: $last) { nodes {
    id seq text clientMessageId sender { displayName } replyTo { seq text sender { displayName } } } } } }`
  const withStatus = withReplies.replace('id seq text', 'status id seq text')
  const withMentions = withReplies.replace('id seq text', 'mentions { displayName } mentionsEveryone id seq text')
  const withAttachments = withReplies.replace('id seq text', 'attachments { fileName url } id seq text')
  const withRevisions = withReplies.replace('id seq text', 'revisions { revision text editedAt } id seq text')
  const withReaders = withReplies.replace('id seq text', 'readBy { nodes { readAt user { displayName } } } id seq text')

  test.each([
    ['with senders and what is answered', withReplies, 2],
    ['with the status of each message', withStatus, 3],
    ['with the readers of each message', withReaders, 4],
    ['with the people whom each mentions', withMentions, 2],
    ['with the attachments of each message', withAttachments, 3],
    // The viewer's role, and the texts.
    ['with the former texts of each message', withRevisions, 4],
  ])('%s costs as many statements for 100 messages as for 50', async (_name, query, most) => {
    const costs = [50, 100].map((last) => async () => {
      const answer = await ask<{ conversation: { messages: { nodes: object[] } } }>(ann, query, { id: group, last })
      expect(answer.data?.conversation.messages.nodes, answer.text.slice(0, 500)).toHaveLength(last)
    })
    const small = await warmStatementsOf(costs[0]!)
    const large = await warmStatementsOf(costs[1]!)
    expect(large.calls).toBe(small.calls)
    expect(large.calls, JSON.stringify(large.list, null, 2)).toBeLessThanOrEqual(most)
  })

  test('with attachments costs nothing more where no message has any', async () => {
    const direct = await ann.startDirect(crowd[0]!)
    const counts = []
    for (const query of [withReplies, withAttachments]) {
      counts.push((await warmStatementsOf(() => ask(ann, query, { id: direct, last: 50 }))).calls)
    }
    expect(counts[1]).toBe(counts[0])
  })

  test('as the SDK asks for it costs 2 statements', async () => {
    const costs = [50, 100].map((last) => () => ann.client.request(MessagesDocument, { id: group, last }))
    const small = await warmStatementsOf(costs[0]!)
    const large = await warmStatementsOf(costs[1]!)
    expect(large.calls).toBe(small.calls)
    expect(large.calls, JSON.stringify(large.list, null, 2)).toBe(2)
  })

  test('of many conversations at once costs no more than that of one', async () => {
    const query = `query ($first: Int) { inbox(first: $first) { nodes { conversation {
      messages(last: 5) { nodes { text sender { displayName } } } members(first: 5) { nodes { user { handle } } } } } } }`
    const few = await warmStatementsOf(() => ask(ann, query, { first: 5 }))
    const many = await warmStatementsOf(() => ask(ann, query, { first: 50 }))
    // The inbox, the messages and the members, each with their people.
    expect(few.calls).toBe(3)
    expect(many.calls, JSON.stringify(many.list, null, 2)).toBe(3)
  })
})

test('members with their people cost as many statements for 100 as for 50, and at most 2', async () => {
  const costs = [50, 100].map((first) => async () => {
    const { conversation } = await ann.client.request(MembersDocument, { id: group, first })
    expect(conversation?.members.nodes).toHaveLength(first)
  })
  const small = await warmStatementsOf(costs[0]!)
  const large = await warmStatementsOf(costs[1]!)
  expect(large.calls).toBe(small.calls)
  expect(large.calls, JSON.stringify(large.list, null, 2)).toBeLessThanOrEqual(2)
})

test('many nodes of all kinds cost one statement for each kind', async () => {
  const { data } = await ask<{ inbox: { nodes: { conversation: { id: string; lastMessage: { id: string } } }[] } }>(
    ann,
    '{ inbox(first: 30) { nodes { conversation { id lastMessage { id } } } } }',
  )
  const conversations = data!.inbox.nodes.map((entry) => entry.conversation)
  const idsOf = (count: number) => [
    ...conversations.slice(0, count).flatMap(({ id, lastMessage }) => [id, lastMessage.id]),
    ...crowd.slice(0, count).map((person) => person.id),
  ]
  const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Message { text } ... on User { handle } } }`
  const few = await warmStatementsOf(() => ask(ann, query, { ids: idsOf(5) }))
  const many = await warmStatementsOf(() => ask(ann, query, { ids: idsOf(30) }))
  expect(many.calls).toBe(few.calls)
  expect(many.calls, JSON.stringify(many.list, null, 2)).toBe(3)
})

test('many entries and members by their ids, and the viewer, cost one statement for each kind', async () => {
  interface Ids {
    viewer: { id: string }
    inbox: { nodes: { id: string }[] }
    conversation: { members: { nodes: { id: string }[] } }
  }
  const { data } = await ask<Ids>(
    ann,
    'query ($id: ID!) { viewer { id } inbox(first: 30) { nodes { id } } conversation(id: $id) { members(first: 30) { nodes { id } } } }',
    { id: group },
  )
  const { viewer, inbox, conversation } = data!
  const idsOf = (count: number) => [
    ...[...inbox.nodes.slice(0, count), ...conversation.members.nodes.slice(0, count)].map(({ id }) => id),
    ...Array.from({ length: count }, () => viewer.id),
  ]
  const query = `query ($ids: [ID!]!) { nodes(ids: $ids) {
    id ... on InboxEntry { unreadCount } ... on Member { role lastReadSeq } ... on Viewer { unreadConversationCount } } }`
  const statementsFor = (count: number) =>
    warmStatementsOf(async () => {
      const { text } = await ask(ann, query, { ids: idsOf(count) })
      expect(text).not.toContain('null')
    })
  const few = await statementsFor(5)
  const many = await statementsFor(30)
  expect(many.calls).toBe(few.calls)
  // Entries, members, the viewer, and the people whose receipts are asked for.
  expect(many.calls, JSON.stringify(many.list, null, 2)).toBe(4)
})

describe('writing', () => {
  const fields = '{ __typename ... on Error { reason } }'
  const one = async (query: string, variables: Record<string, unknown>) => {
    const counted = await statementsOf(database, async () => {
      const { data, text } = await ask(ann, query, variables)
      expect(Object.values(data ?? {})[0], text).toMatchObject({
        __typename: expect.stringMatching(/Success$/) as string,
      })
    })
    expect(counted.calls, JSON.stringify(counted.list, null, 2)).toBe(1)
  }

  test('is one statement: sending, editing, deleting and reading', async () => {
    const { message } = await ann.send(group, 'Hello')
    const sendQuery = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename
      ... on SendMessageSuccess { ack { cursor { eventSeq } } message { id seq text revision createdAt } } } }`
    await one(sendQuery, { input: { conversationId: group, text: 'Hello', clientMessageId: newKey() } })
    const edit = `mutation ($input: EditMessageInput!) { editMessage(input: $input) ${fields} }`
    await one(edit, { input: { messageId: message.id, text: 'Hello!', opKey: newKey() } })
    const remove = `mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) ${fields} }`
    await one(remove, { input: { messageId: message.id, opKey: newKey() } })
    await crowd[0]!.send(group, 'Read me')
    const read = `mutation ($input: MarkReadInput!) { markRead(input: $input) { __typename
      ... on MarkReadSuccess { ack { lastReadSeq unreadCount } } } }`
    await one(read, { input: { conversationId: group, seq: 1_000_000 } })
  })
})

describe('one message to 50 subscribers of a group', () => {
  const clients: Client[] = []
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.dispose()
  })

  /** Subscribes each of the crowd, and answers how many statements one message costs, its sending included. */
  async function costOf(selection: string) {
    const query = `subscription ($id: ID!) { conversationEvents(conversationId: $id) { __typename ... on MessageSent ${selection} } }`
    const counts = new Map<Person, number>()
    for (const person of crowd) {
      const client = createClient({
        url: server.wsUrl,
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${person.session.accessToken}` },
        retryAttempts: 0,
      })
      clients.push(client)
      counts.set(person, 0)
      client.subscribe(
        { query, variables: { id: group } },
        {
          next: ({ data, errors }) => {
            expect(errors).toBeUndefined()
            if (data) counts.set(person, (counts.get(person) ?? 0) + 1)
          },
          error: () => counts.set(person, NaN),
          complete: () => undefined,
        },
      )
    }
    const mutation = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }`
    const sendOne = async (patienceMs = 5_000) => {
      const before = new Map(counts)
      const input = { conversationId: group, text: 'To all', clientMessageId: newKey() }
      await ask(ann, mutation, { input })
      await vi.waitFor(() => {
        for (const [person, count] of counts) expect(count).toBe((before.get(person) ?? 0) + 1)
      }, patienceMs)
    }
    // Until all of them are subscribed, and once more with everything warm.
    await vi.waitFor(() => sendOne(300), 20_000)
    await sendOne()
    return statementsOf(database, () => sendOne())
  }

  test('costs one statement besides the sending, for the sender of the message', async () => {
    const { calls, list } = await costOf('{ cursor { eventSeq } message { id seq text sender { displayName } } }')
    expect(calls, JSON.stringify(list, null, 2)).toBeLessThanOrEqual(2)
  })

  test('costs no statement besides the sending when nothing but the message is asked for', async () => {
    const { calls, list } = await costOf('{ cursor { eventSeq } message { id seq text clientMessageId } }')
    expect(calls, JSON.stringify(list, null, 2)).toBe(1)
  })

  test('costs one statement besides the sending for whether to tell each of them', async () => {
    const { calls, list } = await costOf('{ cursor { eventSeq } notify edge { cursor node { seq } } message { id } }')
    expect(calls, JSON.stringify(list, null, 2)).toBe(2)
  })

  test('costs a statement for each kind of thing that is asked for, not for each subscriber', async () => {
    const selection = '{ message { text sender { displayName } conversation { headSeq viewerEntry { unreadCount } } } }'
    const { calls, list } = await costOf(selection)
    expect(calls, JSON.stringify(list, null, 2)).toBeLessThanOrEqual(4)
  })
})
