import { beforeAll, describe, expect, test } from 'vitest'
import {
  DeleteMessageDocument,
  EditMessageDocument,
  MarkDeliveredDocument,
  MembersDocument,
  MessagesDocument,
  MessageStatusDocument,
  RemoveMemberDocument,
  ResyncDocument,
  SendMessageDocument,
  UpdateInboxEntryDocument,
  UpdateSettingsDocument,
  WriteStatusDocument,
  type EditMessageInput,
  type SendMessageInput,
} from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors, expectSubstance, follow, followInbox } from '../testkit/api.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

let database: TestDatabase
let server: ServerProcess
let ann: Person
let bob: Person
let cleo: Person
let outsider: Person
beforeAll(async () => {
  ;({ server, database } = await sharedServer())
  ;[ann, bob, cleo, outsider] = (await Promise.all(
    ['Ann', 'Bob', 'Cleo', 'Otto'].map((name) => signUp(server.url, name)),
  )) as [Person, Person, Person, Person]
})

const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''

const sendRaw = async (person: Person, input: Omit<SendMessageInput, 'clientMessageId'> & { key?: string }) => {
  const { key = newKey(), ...rest } = input
  return (await person.client.request(SendMessageDocument, { input: { ...rest, clientMessageId: key } })).sendMessage
}
const editRaw = async (person: Person, input: Omit<EditMessageInput, 'opKey'> & { opKey?: string }) =>
  (await person.client.request(EditMessageDocument, { input: { opKey: newKey(), ...input } })).editMessage
const removeRaw = async (person: Person, messageId: string, opKey = newKey()) =>
  (await person.client.request(DeleteMessageDocument, { input: { messageId, opKey } })).deleteMessage
const statusOf = async (person: Person, id: string) => (await person.client.request(MessageStatusDocument, { id })).node

interface Refusal {
  __typename?: string
  code?: string
  reason?: string
}

function expectRefusal(result: Refusal, typename: string, code: string): void {
  expect(result).toMatchObject({ __typename: typename, code })
  expectSubstance(result.reason ?? '')
}

describe('sending', () => {
  test('stores the message with the next seq, and acknowledges it with the place of its event', async () => {
    const id = await ann.startDirect(bob)
    const key = newKey()
    const before = Date.now()
    const { ack, message } = await ann.send(id, 'Hello', key)
    expect(ack).toMatchObject({ outcome: 'ACCEPTED', opKey: key, cursor: { streamId: id } })
    expect(message).toMatchObject({
      seq: 1,
      text: 'Hello',
      revision: 1,
      clientMessageId: key,
      replyTo: null,
      editedAt: null,
      deletedAt: null,
      sender: { id: ann.id },
    })
    expect(message.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(Math.abs(Date.parse(message.createdAt) - before)).toBeLessThan(10_000)
    const next = await bob.send(id, 'Hello yourself')
    expect(next.message.seq).toBe(2)
    expect(next.ack.cursor.eventSeq).toBe(ack.cursor.eventSeq + 1)
  })

  test('keeps the text as it was written', async () => {
    const id = await ann.startDirect(bob)
    const family = '\u{1f468}‍\u{1f469}‍\u{1f467}'
    for (const text of [
      '  spaces around  ',
      'two\nlines\r\n\tand a tab',
      family,
      'a\u0301',
      '<b>&amp;</b> \'"; $1 %s',
    ]) {
      expect((await ann.send(id, text)).message.text).toBe(text)
    }
  })

  test('with the same key again answers the first outcome, and with another request refuses the key', async () => {
    const id = await ann.startDirect(bob)
    const other = await ann.startDirect(cleo)
    const key = newKey()
    const first = await ann.send(id, 'Once', key)
    await ann.send(id, 'In between')
    const again = await ann.send(id, 'Once', key)
    expect(again.ack).toEqual({ ...first.ack, outcome: 'DUPLICATE' })
    expect(again.message).toEqual(first.message)
    for (const changed of [
      { conversationId: id, text: 'Twice', key },
      { conversationId: other, text: 'Once', key },
      { conversationId: id, text: 'Once', replyToId: first.message.id, key },
    ]) {
      expectRefusal(await sendRaw(ann, changed), 'OpKeyReusedError', 'OP_KEY_REUSED')
    }
    // Another person may use the same key.
    expect((await bob.send(id, 'Once', key)).ack.outcome).toBe('ACCEPTED')
  })

  test('shows the key to the sender alone', async () => {
    const id = await ann.startDirect(bob)
    const key = newKey()
    const live = await follow(bob, id)
    const own = await follow(ann, id)
    const { message } = await ann.send(id, 'Mine', key)
    const last = (person: Person) => person.client.request(MessagesDocument, { id, last: 1 })
    expect((await last(ann)).conversation?.messages.edges[0]?.node.clientMessageId).toBe(key)
    expect((await last(bob)).conversation?.messages.edges[0]?.node.clientMessageId).toBeNull()
    expect(await live.waitForCount(1)).toMatchObject([{ message: { id: message.id, clientMessageId: null } }])
    expect(await own.waitForCount(1)).toMatchObject([{ message: { id: message.id, clientMessageId: key } }])
    live.cut()
    own.cut()
  })

  test('answers a message of the same conversation only', async () => {
    const id = await ann.createGroup([bob])
    const other = await ann.createGroup([bob])
    const { message } = await ann.send(id, 'A question')
    const { message: elsewhere } = await ann.send(other, 'Something else')
    const reply = await sendRaw(bob, { conversationId: id, text: 'An answer', replyToId: message.id })
    expect(expectType(reply, 'SendMessageSuccess').message.replyTo).toEqual(
      expect.objectContaining({ id: message.id, seq: 1 }),
    )
    const next = Buffer.from(`Message:${uuidOf(id)}/3`).toString('base64url')
    for (const replyToId of [elsewhere.id, next, id, ann.id, 'nonsense', '']) {
      const refused = await sendRaw(bob, { conversationId: id, text: 'An answer', replyToId })
      expectRefusal(refused, 'NotFoundError', 'NOT_FOUND')
    }
    // A deleted one can be answered: it still has its place.
    await ann.remove(message.id)
    expectType(
      await sendRaw(bob, { conversationId: id, text: 'Too late', replyToId: message.id }),
      'SendMessageSuccess',
    )
  })

  test('moves the sender’s own read position, and is unread for the others', async () => {
    const id = await ann.createGroup([bob, cleo])
    await ann.send(id, 'One')
    await ann.send(id, 'Two')
    await bob.send(id, 'Three')
    const entryOf = async (person: Person) => {
      const query = `query ($id: ID!) { conversation(id: $id) { viewerEntry { unreadCount lastReadSeq } } }`
      const { data } = await ask<{ conversation: { viewerEntry: object } }>(person, query, { id })
      return data?.conversation.viewerEntry
    }
    expect(await entryOf(ann)).toEqual({ unreadCount: 1, lastReadSeq: 2 })
    expect(await entryOf(bob)).toEqual({ unreadCount: 0, lastReadSeq: 3 })
    expect(await entryOf(cleo)).toEqual({ unreadCount: 3, lastReadSeq: 0 })
  })

  test('several times in one request answers each as it was at its own turn', async () => {
    const id = await ann.createGroup([bob])
    const fields = `{ ... on SendMessageSuccess { message { seq conversation { headSeq viewerEntry { lastReadSeq } } } } }`
    const query = `mutation ($a: SendMessageInput!, $b: SendMessageInput!) {
      a: sendMessage(input: $a) ${fields} b: sendMessage(input: $b) ${fields} }`
    const input = (text: string) => ({ conversationId: id, text, clientMessageId: newKey() })
    const { data } = await ask(ann, query, { a: input('One'), b: input('Two') })
    expect(data).toEqual({
      a: { message: { seq: 1, conversation: { headSeq: 1, viewerEntry: { lastReadSeq: 1 } } } },
      b: { message: { seq: 2, conversation: { headSeq: 2, viewerEntry: { lastReadSeq: 2 } } } },
    })
  })
})

describe('editing', () => {
  test('gives the message a new text and the next revision, in its place', async () => {
    const id = await ann.startDirect(bob)
    const { message } = await ann.send(id, 'Helo')
    const { ack, message: edited } = await ann.edit(message.id, 'Hello')
    expect(edited).toMatchObject({ id: message.id, seq: message.seq, text: 'Hello', revision: 2 })
    expect(Date.parse(edited.editedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(message.createdAt))
    expect(edited.createdAt).toBe(message.createdAt)
    expect(ack).toMatchObject({ outcome: 'ACCEPTED', cursor: { streamId: id } })
    expect((await ann.edit(message.id, 'Hello!')).message.revision).toBe(3)
  })

  test('with a key used before answers the first outcome', async () => {
    const id = await ann.startDirect(bob)
    const { message } = await ann.send(id, 'One')
    const opKey = newKey()
    const first = await ann.edit(message.id, 'Two', opKey)
    const again = await ann.edit(message.id, 'Two', opKey)
    expect(again.ack).toEqual({ ...first.ack, outcome: 'DUPLICATE' })
    expect(again.message).toEqual(first.message)
    expectRefusal(
      await editRaw(ann, { messageId: message.id, text: 'Three', opKey }),
      'OpKeyReusedError',
      'OP_KEY_REUSED',
    )
    expectRefusal(await removeRaw(ann, message.id, opKey), 'OpKeyReusedError', 'OP_KEY_REUSED')
    // A repetition that arrives late does not undo what was written since.
    await ann.edit(message.id, 'Four')
    expect((await ann.edit(message.id, 'Two', opKey)).message).toMatchObject({ text: 'Four', revision: 3 })
  })

  test('from a revision that is not the current one is refused, with the message as it is', async () => {
    const id = await ann.startDirect(bob)
    const { message } = await ann.send(id, 'One')
    await ann.edit(message.id, 'Two')
    const refused = await editRaw(ann, { messageId: message.id, text: 'Three', expectedRevision: 1 })
    expectRefusal(refused, 'RevisionConflictError', 'REVISION_CONFLICT')
    expect(refused).toMatchObject({ current: { id: message.id, text: 'Two', revision: 2 } })
    const ahead = await editRaw(ann, { messageId: message.id, text: 'Three', expectedRevision: 3 })
    expectRefusal(ahead, 'RevisionConflictError', 'REVISION_CONFLICT')
    expectType(await editRaw(ann, { messageId: message.id, text: 'Three', expectedRevision: 2 }), 'EditMessageSuccess')
  })

  test('is for the sender alone, whatever the role', async () => {
    const id = await ann.createGroup([bob])
    const { message } = await bob.send(id, 'Mine')
    expectRefusal(await editRaw(ann, { messageId: message.id, text: 'Yours' }), 'ForbiddenError', 'FORBIDDEN')
    expectRefusal(await editRaw(outsider, { messageId: message.id, text: 'Yours' }), 'NotFoundError', 'NOT_FOUND')
  })
})

describe('deleting', () => {
  test('leaves a tombstone in its place, and the text nowhere', async () => {
    const id = await ann.startDirect(bob)
    const word = `secret-${newKey()}`
    const { message } = await ann.send(id, `${word} one`)
    await ann.edit(message.id, `${word} two`)
    const reply = expectType(
      await sendRaw(bob, { conversationId: id, text: 'What?', replyToId: message.id }),
      'SendMessageSuccess',
    )
    const { ack, message: deleted } = await ann.remove(message.id)
    expect(ack.outcome).toBe('ACCEPTED')
    expect(deleted).toMatchObject({ id: message.id, seq: message.seq, text: null, revision: 2 })
    expect(deleted.deletedAt).not.toBeNull()
    const query = `query ($id: ID!) { node(id: $id) { ... on Message { text replyTo { text deletedBy { id } } } } }`
    expect((await ask(bob, query, { id: reply.message.id })).data).toEqual({
      node: { text: 'What?', replyTo: { text: null, deletedBy: { id: ann.id } } },
    })
    const replay = await bob.conversationEvents(id, 0)
    await replay.waitFor((event) => event.__typename === 'MessageDeleted')
    expect(JSON.stringify(replay.events)).not.toContain(word)
    replay.cut()
    const tables = await database.query<{ name: string }>(
      `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    )
    for (const { name } of tables) {
      const rows = await database.query(`SELECT t::text FROM ${name} AS t WHERE strpos(t::text, $1) > 0`, [word])
      expect(rows, name).toEqual([])
    }
  })

  test('counts down what is unread', async () => {
    const id = await ann.createGroup([bob])
    const { message } = await ann.send(id, 'One')
    await ann.send(id, 'Two')
    await ann.remove(message.id)
    const query = `query ($id: ID!) { conversation(id: $id) { headSeq viewerEntry { unreadCount } } }`
    expect((await ask(bob, query, { id })).data).toEqual({
      conversation: { headSeq: 2, viewerEntry: { unreadCount: 1 } },
    })
  })

  test('twice is an error, with the same key a duplicate, and a deleted message cannot be edited', async () => {
    const id = await ann.startDirect(bob)
    const sendKey = newKey()
    const { message } = await ann.send(id, 'Gone', sendKey)
    const opKey = newKey()
    const first = await ann.remove(message.id, opKey)
    const again = await ann.remove(message.id, opKey)
    expect(again.ack).toEqual({ ...first.ack, outcome: 'DUPLICATE' })
    expect(again.message).toEqual(first.message)
    expectRefusal(await removeRaw(ann, message.id), 'MessageDeletedError', 'MESSAGE_DELETED')
    const edit = await editRaw(ann, { messageId: message.id, text: 'Back' })
    expectRefusal(edit, 'MessageDeletedError', 'MESSAGE_DELETED')
    expect((await ann.send(id, 'Gone', sendKey)).message).toMatchObject({ text: null, seq: message.seq })
  })

  test('is for the sender and for the managers of a group', async () => {
    const id = await ann.createGroup([bob, cleo])
    const one = (await bob.send(id, 'One')).message.id
    const two = (await bob.send(id, 'Two')).message.id
    const anns = (await ann.send(id, 'Three')).message.id
    const live = await follow(cleo, id)
    expectRefusal(await removeRaw(cleo, one), 'ForbiddenError', 'FORBIDDEN')
    expectRefusal(await removeRaw(outsider, one), 'NotFoundError', 'NOT_FOUND')
    expectType(await removeRaw(ann, one), 'DeleteMessageSuccess')
    const query = `query ($id: ID!) { node(id: $id) { ... on Message { text sender { id } deletedBy { id } } } }`
    expect((await ask(bob, query, { id: one })).data).toEqual({
      node: { text: null, sender: { id: bob.id }, deletedBy: { id: ann.id } },
    })
    await database.query(`UPDATE members SET role = 'ADMIN' WHERE conversation_id = $1 AND user_id = $2`, [
      uuidOf(id),
      uuidOf(cleo.id),
    ])
    expectType(await removeRaw(cleo, two), 'DeleteMessageSuccess')
    expectType(await removeRaw(cleo, anns), 'DeleteMessageSuccess')
    expect((await live.waitForCount(3)).map((event) => event.__typename)).toEqual(Array(3).fill('MessageDeleted'))
    live.cut()
  })

  test('is for the sender alone in a direct conversation', async () => {
    const id = await ann.startDirect(bob)
    const { message } = await ann.send(id, 'Mine')
    expectRefusal(await removeRaw(bob, message.id), 'ForbiddenError', 'FORBIDDEN')
  })
})

describe('writeStatus', () => {
  const statusFor = async (person: Person, opKey: string) =>
    (await person.client.request(WriteStatusDocument, { opKey })).writeStatus

  test('tells what became of a write, to the one who made it', async () => {
    const id = await ann.createGroup([bob])
    const [sent, edited, made] = [newKey(), newKey(), newKey()]
    const { ack, message } = await ann.send(id, 'One', sent)
    const edit = await ann.edit(message.id, 'Two', edited)
    expect(await statusFor(ann, sent)).toMatchObject({
      state: 'ACCEPTED',
      cursor: ack.cursor,
      message: { text: 'Two' },
    })
    expect(await statusFor(ann, edited)).toMatchObject({ cursor: edit.ack.cursor, message: { id: message.id } })
    const query = `mutation ($input: CreateGroupInput!) { createGroup(input: $input) { __typename } }`
    await ask(ann, query, { input: { title: 'New', memberIds: [], opKey: made } })
    const ofGroup = await statusFor(ann, made)
    expect(ofGroup).toMatchObject({ state: 'ACCEPTED', message: null })
    const { data } = await ask(ann, '{ viewer { cursor { streamId } } }')
    expect(data).toEqual({ viewer: { cursor: { streamId: ofGroup.cursor?.streamId } } })
    const unknown = { state: 'UNKNOWN', cursor: null, message: null }
    expect(await statusFor(ann, newKey())).toMatchObject(unknown)
    expect(await statusFor(bob, sent)).toMatchObject(unknown)
  })

  test('shows somebody who is no longer in the conversation nothing of what is written there now', async () => {
    const id = await ann.createGroup([bob])
    const { message } = await ann.send(id, 'A question')
    const key = newKey()
    await sendRaw(bob, { conversationId: id, text: 'An answer', replyToId: message.id, key })
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: id, userId: bob.id } })
    await ann.edit(message.id, 'After Bob was gone')
    const query = `query ($opKey: String!) { writeStatus(opKey: $opKey) {
      state message { text replyTo { text } conversation { headSeq } } } }`
    const { data, text } = await ask<{ writeStatus: object }>(bob, query, { opKey: key })
    expect(data?.writeStatus).toEqual({ state: 'ACCEPTED', message: null })
    expect(text).not.toContain('After Bob was gone')
    const mutation = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
      __typename ... on SendMessageSuccess { ack { outcome } message { text replyTo { text } } } } }`
    const input = { conversationId: id, text: 'An answer', replyToId: message.id, clientMessageId: key }
    expect((await ask(bob, mutation, { input })).text).not.toContain('After Bob was gone')
  })

  test('needs a key that can be one', async () => {
    for (const opKey of ['', '1234567', 'k'.repeat(65), 'with a \0 in it']) {
      const query = 'query ($opKey: String!) { writeStatus(opKey: $opKey) { state } }'
      expectErrors(await ask(ann, query, { opKey }), 'VALIDATION_ERROR')
    }
  })
})

describe('the history', () => {
  const total = 130
  let id: string
  const page = async (args: { first?: number; after?: string | null; last?: number; before?: string | null }) => {
    const { conversation } = await bob.client.request(MessagesDocument, { id, ...args })
    const { edges, pageInfo } = conversation!.messages
    expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null)
    expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null)
    return { seqs: edges.map((edge) => edge.node.seq), cursors: edges.map((edge) => edge.cursor), ...pageInfo }
  }
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

  beforeAll(async () => {
    id = await ann.createGroup([bob])
    for (let seq = 1; seq <= total; seq++) await (seq % 3 ? ann : bob).send(id, `Message ${seq}`)
  })

  test('starts with the newest 50, oldest first', async () => {
    const newest = await page({})
    expect(newest.seqs).toEqual(range(81, 130))
    expect(newest).toMatchObject({ hasPreviousPage: true, hasNextPage: false })
  })

  test.each([1, 7, 50, 65, 100])('is walked backwards in pages of %i without a gap or a repeat', async (last) => {
    let seen: number[] = []
    let before: string | null = null
    for (;;) {
      const part = await page({ last, before })
      expect(part.hasNextPage).toBe(seen.length > 0)
      seen = [...part.seqs, ...seen]
      before = part.startCursor
      expect(part.hasPreviousPage).toBe(seen[0] !== 1)
      if (!part.hasPreviousPage) break
    }
    expect(seen).toEqual(range(1, total))
  })

  test.each([1, 7, 50, 65, 100])('is walked forwards in pages of %i without a gap or a repeat', async (first) => {
    const seen: number[] = []
    let after: string | null = null
    for (;;) {
      const part = await page({ first, after })
      expect(part.hasPreviousPage).toBe(seen.length > 0)
      seen.push(...part.seqs)
      after = part.endCursor
      expect(part.hasNextPage).toBe(seen.at(-1) !== total)
      if (!part.hasNextPage) break
    }
    expect(seen).toEqual(range(1, total))
  })

  test('goes on after a cursor with 50 when no number is given, and back before one', async () => {
    const { cursors } = await page({ first: 100 })
    expect((await page({ after: cursors[9] })).seqs).toEqual(range(11, 60))
    expect((await page({ before: cursors[79] })).seqs).toEqual(range(30, 79))
  })

  test('is cut between two cursors, from either end', async () => {
    const { cursors } = await page({ first: 100 })
    const between = { after: cursors[9], before: cursors[19] }
    expect((await page({ ...between, first: 3 })).seqs).toEqual([11, 12, 13])
    expect((await page({ ...between, last: 3 })).seqs).toEqual([17, 18, 19])
    expect((await page({ ...between, first: 100 })).seqs).toEqual(range(11, 19))
    expect((await page({ first: 5, before: cursors[2] })).seqs).toEqual([1, 2])
    expect((await page({ last: 5, after: (await page({ last: 3 })).startCursor })).seqs).toEqual([129, 130])
  })

  test('is empty beyond its ends', async () => {
    const end = (await page({ last: 1 })).endCursor
    const start = (await page({ first: 1 })).startCursor
    expect(await page({ first: 10, after: end })).toMatchObject({ seqs: [], hasNextPage: false, hasPreviousPage: true })
    expect(await page({ last: 10, before: start })).toMatchObject({
      seqs: [],
      hasNextPage: true,
      hasPreviousPage: false,
    })
    const empty = await ann.createGroup([bob])
    const { conversation } = await bob.client.request(MessagesDocument, { id: empty })
    const nothing = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null }
    expect(conversation?.messages).toMatchObject({ edges: [], pageInfo: nothing })
  })

  test('keeps a deleted message in its place', async () => {
    const group = await ann.createGroup([bob])
    for (const text of ['One', 'Two', 'Three']) await ann.send(group, text)
    const { conversation } = await ann.client.request(MessagesDocument, { id: group })
    await ann.remove(conversation?.messages.edges[1]?.node.id ?? '')
    const again = await bob.client.request(MessagesDocument, { id: group })
    expect(again.conversation?.messages.edges.map((edge) => edge.node.text)).toEqual(['One', null, 'Three'])
  })

  test('is not given for both ends at once', async () => {
    const query = `query ($id: ID!) { conversation(id: $id) { messages(first: 1, last: 1) { nodes { id } } } }`
    const [error] = expectErrors(await ask(bob, query, { id }), 'VALIDATION_ERROR')
    expect(error?.message).toMatch(/not both/)
  })
})

describe('status and receipts', () => {
  const receipts = async (person: Person, readReceiptsEnabled: boolean) => {
    await person.client.request(UpdateSettingsDocument, { input: { readReceiptsEnabled } })
  }
  const markDelivered = async (person: Person, conversationId: string, seq: number) => {
    const result = await person.client.request(MarkDeliveredDocument, { input: { conversationId, seq } })
    return expectType(result.markDelivered, 'MarkDeliveredSuccess').ack
  }
  const positions = async (person: Person, id: string) => {
    const { conversation } = await person.client.request(MembersDocument, { id })
    return Object.fromEntries(
      (conversation?.members.nodes ?? []).map((member) => [
        member.user.displayName,
        [member.lastReadSeq, member.lastDeliveredSeq],
      ]),
    )
  }

  test('go from SENT over DELIVERED to READ when all others have got so far', async () => {
    const id = await ann.createGroup([bob, cleo])
    const { message } = await ann.send(id, 'Hello')
    expect(await statusOf(ann, message.id)).toMatchObject({ status: 'SENT', readBy: { nodes: [] } })
    await markDelivered(bob, id, 1)
    expect(await statusOf(ann, message.id)).toMatchObject({ status: 'SENT' })
    await markDelivered(cleo, id, 1)
    expect(await statusOf(ann, message.id)).toMatchObject({ status: 'DELIVERED', readBy: { nodes: [] } })
    await cleo.markRead(id, 1)
    expect(await statusOf(ann, message.id)).toMatchObject({
      status: 'DELIVERED',
      readBy: { nodes: [{ user: { id: cleo.id } }] },
    })
    await bob.markRead(id, 1)
    const read = await statusOf(bob, message.id)
    expect(read).toMatchObject({
      status: 'READ',
      readBy: { nodes: [{ user: { id: cleo.id } }, { user: { id: bob.id } }] },
    })
    const { message: next } = await ann.send(id, 'Not read')
    expect(await statusOf(ann, next.id)).toMatchObject({ status: 'SENT', readBy: { nodes: [] } })
  })

  test('in a conversation without anybody else stay SENT', async () => {
    const id = await ann.createGroup([])
    const { message } = await ann.send(id, 'Note to myself')
    expect(await statusOf(ann, message.id)).toMatchObject({ status: 'SENT', readBy: { nodes: [] } })
  })

  test('count an answer as having read what stands above it', async () => {
    const id = await ann.startDirect(cleo)
    const { message } = await ann.send(id, 'Hello')
    await cleo.send(id, 'Hello Ann')
    expect(await statusOf(ann, message.id)).toMatchObject({
      status: 'READ',
      readBy: { nodes: [{ user: { id: cleo.id } }] },
    })
  })

  test('come in pages, earliest reader first', async () => {
    const readers = await Promise.all(Array.from({ length: 5 }, (_, index) => signUp(server.url, `Reader ${index}`)))
    const id = await ann.createGroup(readers)
    const { message } = await ann.send(id, 'Read me')
    for (const reader of readers) await reader.markRead(id, 1)
    const query = `query ($id: ID!, $after: String) { node(id: $id) { ... on Message {
      readBy(first: 2, after: $after) { nodes { user { id } } pageInfo { hasNextPage endCursor } } } } }`
    interface Page {
      node: { readBy: { nodes: { user: { id: string } }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } }
    }
    const page = async (after: string | null) =>
      (await ask<Page>(ann, query, { id: message.id, after })).data!.node.readBy
    const seen: string[] = []
    let after: string | null = null
    for (;;) {
      const { nodes, pageInfo }: Page['node']['readBy'] = await page(after)
      seen.push(...nodes.map((node) => node.user.id))
      after = pageInfo.endCursor
      if (!pageInfo.hasNextPage) break
    }
    expect(seen).toEqual(readers.map((reader) => reader.id))
  })

  test('of somebody who does not tell stop at DELIVERED for the others, and not for their own devices', async () => {
    const [one, two] = (await Promise.all(['One', 'Two'].map((name) => signUp(server.url, name)))) as [Person, Person]
    await receipts(two, false)
    const id = await one.startDirect(two)
    const seenByOne = await follow(one, id)
    const seenByTwo = await follow(two, id)
    const { message } = await one.send(id, 'Hello')
    await two.markRead(id, 1)
    expect(await statusOf(one, message.id)).toMatchObject({ status: 'DELIVERED', readBy: { nodes: [] } })
    expect(await positions(one, id)).toEqual({ One: [1, 1], Two: [0, 1] })
    expect(await positions(two, id)).toEqual({ One: [1, 1], Two: [1, 1] })
    const receiptOf = { user: { id: two.id }, lastDeliveredSeq: 1 }
    await seenByOne.waitForCount(2)
    await seenByTwo.waitForCount(2)
    expect(seenByOne.events[1]).toMatchObject({ receipts: [{ ...receiptOf, lastReadSeq: 0 }] })
    expect(seenByTwo.events[1]).toMatchObject({ receipts: [{ ...receiptOf, lastReadSeq: 1 }] })
    // Switched on again, what was read in secret stays so until a device reports it.
    await receipts(two, true)
    expect(await statusOf(one, message.id)).toMatchObject({ status: 'DELIVERED', readBy: { nodes: [] } })
    expect(await positions(one, id)).toEqual({ One: [1, 1], Two: [0, 1] })
    expect((await two.markRead(id, 1)).ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 1 })
    expect(await statusOf(one, message.id)).toMatchObject({
      status: 'READ',
      readBy: { nodes: [{ user: { id: two.id } }] },
    })
    expect(await positions(one, id)).toEqual({ One: [1, 1], Two: [1, 1] })
    // Switched off, it counts for the past as well.
    await receipts(two, false)
    const cursors = [{ streamId: id, eventSeq: 0 }]
    const { resync } = await one.client.request(ResyncDocument, { cursors })
    const advances = resync.streams[0]!.events.filter(({ __typename }) => __typename === 'ReceiptAdvanced')
    expect(advances).toMatchObject(Array(2).fill({ receipts: [{ ...receiptOf, lastReadSeq: 0 }] }))
    for (const reader of [seenByOne, seenByTwo]) reader.cut()
  })

  test('of one who does not tell keep a group’s message from being READ', async () => {
    const quiet = await signUp(server.url, 'Quiet')
    await receipts(quiet, false)
    const id = await ann.createGroup([bob, quiet])
    const { message } = await ann.send(id, 'Hello')
    await bob.markRead(id, 1)
    await quiet.markRead(id, 1)
    expect(await statusOf(ann, message.id)).toMatchObject({
      status: 'DELIVERED',
      readBy: { nodes: [{ user: { id: bob.id } }] },
    })
  })

  test('go forward only, and past the newest message count as it', async () => {
    const id = await ann.createGroup([bob])
    for (const text of ['One', 'Two', 'Three']) await ann.send(id, text)
    const mark = async (seq: number) => (await bob.markRead(id, seq)).ack
    const at = (lastReadSeq: number, unreadCount: number) => ({
      lastReadSeq,
      lastDeliveredSeq: lastReadSeq,
      unreadCount,
    })
    expect(await mark(2)).toMatchObject({ outcome: 'ADVANCED', ...at(2, 1) })
    expect(await mark(1)).toMatchObject({ outcome: 'UNCHANGED', ...at(2, 1) })
    expect(await mark(2)).toMatchObject({ outcome: 'UNCHANGED', ...at(2, 1) })
    expect(await mark(0)).toMatchObject({ outcome: 'UNCHANGED', ...at(2, 1) })
    expect(await mark(2_147_483_647)).toMatchObject({ outcome: 'ADVANCED', ...at(3, 0) })
    expect(await mark(2_147_483_647)).toMatchObject({ outcome: 'UNCHANGED', ...at(3, 0) })
    await ann.send(id, 'Four')
    expect((await bob.markRead(id, 3)).entry).toMatchObject({ unreadCount: 1, lastReadSeq: 3 })
  })

  test('of delivery go their own way, and are never behind the read ones', async () => {
    const id = await ann.createGroup([bob])
    for (const text of ['One', 'Two', 'Three']) await ann.send(id, text)
    const live = await follow(ann, id)
    expect(await markDelivered(bob, id, 2)).toMatchObject({
      outcome: 'ADVANCED',
      lastReadSeq: 0,
      lastDeliveredSeq: 2,
      unreadCount: 3,
    })
    expect(await markDelivered(bob, id, 1)).toMatchObject({ outcome: 'UNCHANGED', lastDeliveredSeq: 2 })
    expect((await bob.markRead(id, 3)).ack).toMatchObject({ lastReadSeq: 3, lastDeliveredSeq: 3 })
    expect(await markDelivered(bob, id, 99)).toMatchObject({ outcome: 'UNCHANGED', lastDeliveredSeq: 3 })
    expect(await live.waitForCount(2)).toMatchObject([
      { receipts: [{ user: { id: bob.id }, lastReadSeq: 0, lastDeliveredSeq: 2 }] },
      { receipts: [{ user: { id: bob.id }, lastReadSeq: 3, lastDeliveredSeq: 3 }] },
    ])
    expect(live.events).toHaveLength(2)
    live.cut()
  })

  test('do not show that somebody has marked the conversation unread, and their other devices are told', async () => {
    const id = await ann.createGroup([bob])
    const sent = await ann.send(id, 'One')
    for (const text of ['Two', 'Three']) await ann.send(id, text)
    await bob.send(id, 'Mine')
    await bob.markRead(id, 4)
    const others = await follow(ann, id)
    const phone = await followInbox(bob)
    const update = await bob.client.request(UpdateInboxEntryDocument, {
      input: { conversationId: id, unreadFromSeq: 2 },
    })
    const { entry } = expectType(update.updateInboxEntry, 'UpdateInboxEntrySuccess')
    expect(entry).toMatchObject({ unreadCount: 2, lastReadSeq: 1 })
    expect(await phone.waitForCount(1)).toMatchObject([
      { __typename: 'InboxEntryChanged', conversationId: id, entry: { unreadCount: 2, lastReadSeq: 1 } },
    ])
    expect(await statusOf(ann, sent.message.id)).toMatchObject({ status: 'READ' })
    expect(await positions(ann, id)).toMatchObject({ Bob: [4, 4] })
    // Read again: still nothing to be seen for others, and news for the other devices.
    expect((await bob.markRead(id, 3)).ack).toMatchObject({ outcome: 'ADVANCED', lastReadSeq: 3, unreadCount: 0 })
    await phone.waitForCount(2)
    expect(phone.events[1]).toMatchObject({ entry: { unreadCount: 0, lastReadSeq: 3 } })
    // Unread from further than one has read is nothing new.
    const later = await bob.client.request(UpdateInboxEntryDocument, {
      input: { conversationId: id, unreadFromSeq: 2_147_483_647 },
    })
    expect(expectType(later.updateInboxEntry, 'UpdateInboxEntrySuccess').entry.lastReadSeq).toBe(3)
    await ann.send(id, 'Five')
    expect(await others.waitForCount(1)).toMatchObject([{ __typename: 'MessageSent', message: { text: 'Five' } }])
    others.cut()
    phone.cut()
  })
})
