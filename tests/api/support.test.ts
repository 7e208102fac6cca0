import { beforeAll, expect, test } from 'vitest'
import { ask, askSocket, expectErrors, expectSubstance, type Answer } from '../testkit/api.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'
import { makeStaff, setRole } from '../testkit/support.ts'

let database: TestDatabase
let server: ServerProcess
let staff: Person
let other: Person

beforeAll(async () => {
  ;({ server, database } = await sharedServer())
  ;[staff, other] = await Promise.all([signUp(server.url, 'Staff'), signUp(server.url, 'Other staff')])
  await makeStaff(database, staff, other)
})

type Result = Record<string, { __typename: string; code?: string; reason?: string; conversation?: Shown } & object>
interface Shown {
  id: string
  kind: string
  title: string | null
  editPolicy: string
  supportStatus: string | null
  assignee: { id: string } | null
  headSeq: number
  memberCount: number
  readByAllSeq: number
  viewerEntry: { unreadCount: number } | null
  unansweredSince: string | null
  firstAnsweredAt: string | null
  resolvedAt: string | null
}

const shown = `id kind title editPolicy supportStatus assignee { id } headSeq memberCount readByAllSeq viewerEntry { unreadCount }
  unansweredSince firstAnsweredAt resolvedAt`

const outcome = (fields: string) => `{ __typename ... on Error { code reason } ${fields} }`
const changed = (name: string) => `... on ${name}Success { conversation { ${shown} } }`

async function mutate(who: Person, name: string, type: string, input: object, fields = changed(type)) {
  const answer = await ask<Result>(
    who,
    `mutation ($input: ${type}Input!) { ${name}(input: $input) ${outcome(fields)} }`,
    { input },
  )
  const result = answer.data?.[name]
  if (!result) throw new Error(answer.text)
  if (result.reason !== undefined) expectSubstance(result.reason)
  return result
}

const open = (who: Person, input: object = {}) =>
  mutate(who, 'openSupport', 'OpenSupport', { opKey: newKey(), ...input })
const assign = (who: Person, conversationId: string, userId?: string | null) =>
  mutate(who, 'assignSupport', 'AssignSupport', { conversationId, userId })
const setStatus = (who: Person, conversationId: string, status: string, upToSeq?: number) =>
  mutate(who, 'setSupportStatus', 'SetSupportStatus', { conversationId, status, upToSeq })
const markRead = (who: Person, conversationId: string, seq: number) =>
  mutate(
    who,
    'markRead',
    'MarkRead',
    { conversationId, seq },
    '... on MarkReadSuccess { entry { unreadCount lastReadSeq } }',
  )

async function opened(who: Person, title: string | null = 'Help') {
  const { conversation } = await open(who, { title })
  if (!conversation) throw new Error('not opened')
  return conversation.id
}

const read = async (who: Person, id: string) =>
  (await ask<{ conversation: Shown | null }>(who, `query ($id: ID!) { conversation(id: $id) { ${shown} } }`, { id }))
    .data?.conversation ?? null

const unanswered = async (who: Person) =>
  (await ask<{ viewer: { unansweredCount: number } }>(who, '{ viewer { unansweredCount } }')).data?.viewer
    .unansweredCount

/** The uuid inside a global id. */
const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''

interface Queue {
  supportQueue: {
    nodes: Shown[]
    edges: { cursor: string }[]
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
    resume: string
  }
}
const queue = (who: Person, variables: object = {}): Promise<Answer<Queue>> =>
  ask<Queue>(
    who,
    `query ($first: Int, $after: String, $status: SupportStatus) { supportQueue(first: $first, after: $after, status: $status) {
      nodes { ${shown} } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } resume } }`,
    variables,
  )

async function queued(who: Person, variables: object = {}) {
  const nodes: Shown[] = []
  for (let after: string | null = null; ;) {
    const { data, text } = await queue(who, { first: 100, after, ...variables })
    if (!data) throw new Error(text)
    nodes.push(...data.supportQueue.nodes)
    if (!data.supportQueue.pageInfo.hasNextPage) return nodes
    after = data.supportQueue.pageInfo.endCursor
  }
}

test('is opened once for a key, and is in the inbox of its user and in the queue', async () => {
  const user = await signUp(server.url, 'User')
  const opKey = newKey()
  const results = await Promise.all(Array.from({ length: 5 }, () => open(user, { title: '  My order  ', opKey })))
  expect(new Set(results.map(({ conversation }) => conversation?.id)).size).toBe(1)
  const [{ conversation } = {}] = results
  expect(conversation).toMatchObject({
    kind: 'SUPPORT',
    title: 'My order',
    editPolicy: 'UNTIL_READ',
    supportStatus: 'OPEN',
    assignee: null,
    memberCount: 1,
  })
  expect(await open(user, { title: 'Another title', opKey })).toMatchObject({ code: 'OP_KEY_REUSED' })
  expect(await open(user, { title: 'x'.repeat(121) })).toMatchObject({ code: 'VALIDATION_ERROR' })
  expect(await open(user, { opKey: 'short' })).toMatchObject({ code: 'VALIDATION_ERROR' })
  expect((await open(user)).conversation?.title).toBeNull()
  const inbox = await ask<{ inbox: { nodes: { conversation: { id: string } }[] } }>(
    user,
    '{ inbox { nodes { conversation { id } } } }',
  )
  expect(inbox.data?.inbox.nodes).toHaveLength(2)
  expect((await queued(staff)).map(({ id }) => id)).toContain(conversation?.id)
  const asStaff = await ask(
    staff,
    'mutation ($input: OpenSupportInput!) { openSupport(input: $input) { __typename } }',
    {
      input: { opKey: newKey() },
    },
  )
  expectErrors(asStaff, 'FORBIDDEN')
})

test('is answered by staff who are no members, who come to be members with it', async () => {
  const user = await signUp(server.url, 'User')
  const id = await opened(user)
  await user.send(id, 'Hello?')
  expect(await read(staff, id)).toMatchObject({ headSeq: 1, viewerEntry: null, memberCount: 1, firstAnsweredAt: null })
  const key = newKey()
  const answers = await Promise.all(Array.from({ length: 4 }, () => staff.send(id, 'Hi!', key)))
  expect(answers.map(({ message }) => message.seq)).toEqual([2, 2, 2, 2])
  expect(answers.filter(({ ack }) => ack.outcome === 'ACCEPTED')).toHaveLength(1)
  const now = await read(staff, id)
  expect(now).toMatchObject({ headSeq: 2, viewerEntry: { unreadCount: 0 }, memberCount: 2, unansweredSince: null })
  expect(now?.firstAnsweredAt).toMatch(/^2/)
  const forUser = await read(user, id)
  expect(forUser).toMatchObject({
    firstAnsweredAt: null,
    assignee: null,
    readByAllSeq: 2,
    viewerEntry: { unreadCount: 1 },
  })
  const reader = await user.conversationEvents(id, 0)
  const events = await reader.waitForCount(4)
  expect(events.map(({ __typename }) => __typename)).toEqual([
    'MemberJoined',
    'MessageSent',
    'MemberJoined',
    'MessageSent',
  ])
  // What is refused leaves no member behind.
  const refused = await mutate(
    other,
    'sendMessage',
    'SendMessage',
    {
      conversationId: id,
      clientMessageId: newKey(),
      text: 'x',
      replyToId: Buffer.from(`Message:${Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''}/99`).toString(
        'base64url',
      ),
    },
    '',
  )
  expect(refused).toMatchObject({ code: 'NOT_FOUND' })
  expect((await read(other, id))?.memberCount).toBe(2)
})

test('is assigned and resolved by staff alone', async () => {
  const [user, stranger] = await Promise.all([signUp(server.url, 'User'), signUp(server.url, 'Stranger')])
  const id = await opened(user)
  expect((await assign(staff, id, other.id)).conversation?.assignee).toEqual({ id: other.id })
  expect((await read(user, id))?.assignee).toBeNull()
  expect((await assign(staff, id)).conversation?.assignee).toBeNull()
  expect(await assign(staff, id, user.id)).toMatchObject({ code: 'VALIDATION_ERROR' })
  expect(
    await assign(staff, id, Buffer.from('User:00000000-0000-7000-8000-000000000000').toString('base64url')),
  ).toMatchObject({ code: 'NOT_FOUND' })
  expect(await assign(staff, id, id)).toMatchObject({ code: 'NOT_FOUND' })
  expect(await assign(user, id, staff.id)).toMatchObject({ code: 'FORBIDDEN' })
  expect(await assign(stranger, id, staff.id)).toMatchObject({ code: 'NOT_FOUND' })
  expect(await setStatus(user, id, 'RESOLVED')).toMatchObject({ code: 'FORBIDDEN' })
  expect(await setStatus(stranger, id, 'RESOLVED')).toMatchObject({ code: 'NOT_FOUND' })
  expect((await setStatus(staff, id, 'RESOLVED')).conversation).toMatchObject({ supportStatus: 'RESOLVED' })
  expect((await read(staff, id))?.resolvedAt).toMatch(/^2/)
  expect((await queued(staff, { status: 'OPEN' })).map((one) => one.id)).not.toContain(id)
  expect((await queued(staff, { status: 'RESOLVED' })).map((one) => one.id)).toContain(id)
  const reader = await user.conversationEvents(id)
  // A message of the staff leaves it resolved, one of the user opens it.
  await staff.send(id, 'All done')
  expect((await read(user, id))?.supportStatus).toBe('RESOLVED')
  await user.send(id, 'No!')
  expect(await read(user, id)).toMatchObject({ supportStatus: 'OPEN' })
  expect(await read(staff, id)).toMatchObject({ resolvedAt: null })
  expect((await reader.waitForCount(4)).map(({ __typename }) => __typename)).toEqual([
    'MemberJoined',
    'MessageSent',
    'MessageSent',
    'ConversationUpdated',
  ])
})

test('is resolved as of what was seen: what its user wrote since keeps it open, however often that is repeated', async () => {
  const user = await signUp(server.url, 'User')
  const id = await opened(user)
  await user.send(id, 'One')
  await staff.send(id, 'An answer')
  // A message of the staff is nothing that opens it.
  await other.send(id, 'Another answer')
  expect((await setStatus(staff, id, 'RESOLVED', 1)).conversation).toMatchObject({ supportStatus: 'RESOLVED' })
  await user.send(id, 'Not at all')
  for (const seen of [1, 3, 0]) {
    expect(await setStatus(staff, id, 'RESOLVED', seen)).toMatchObject({
      __typename: 'SetSupportStatusSuccess',
      conversation: { supportStatus: 'OPEN', resolvedAt: null },
    })
  }
  expect(await setStatus(staff, id, 'RESOLVED', -1)).toMatchObject({ code: 'VALIDATION_ERROR' })
  expect((await setStatus(staff, id, 'RESOLVED', 4)).conversation).toMatchObject({ supportStatus: 'RESOLVED' })
  // Opening it again is no matter of what was seen.
  expect((await setStatus(staff, id, 'OPEN', 0)).conversation).toMatchObject({ supportStatus: 'OPEN' })
  expect((await setStatus(staff, id, 'RESOLVED')).conversation).toMatchObject({ supportStatus: 'RESOLVED' })
})

test('counts as read when anybody of the staff has read it: counts, receipts and the edit policy', async () => {
  const user = await signUp(server.url, 'User')
  const before = (await unanswered(staff)) ?? 0
  const id = await opened(user)
  expect(await unanswered(staff)).toBe(before)
  const { message } = await user.send(id, 'One')
  await user.send(id, 'Two')
  expect(await unanswered(staff)).toBe(before + 1)
  expect(await unanswered(other)).toBe(before + 1)
  expect(await unanswered(user)).toBe(0)
  await user.edit(message.id, 'One, better')
  expect(await markRead(other, id, 1)).toMatchObject({ entry: { unreadCount: 1, lastReadSeq: 1 } })
  expect(await unanswered(staff)).toBe(before + 1)
  expect((await read(user, id))?.readByAllSeq).toBe(1)
  const locked = await mutate(
    user,
    'editMessage',
    'EditMessage',
    { messageId: message.id, text: 'x', opKey: newKey() },
    '',
  )
  expect(locked).toMatchObject({ code: 'MESSAGE_LOCKED' })
  await markRead(other, id, 2)
  expect(await unanswered(staff)).toBe(before)
  expect((await read(other, id))?.viewerEntry).toBeNull()
  const status = await ask<{ node: { status: string } }>(
    user,
    'query ($id: ID!) { node(id: $id) { ... on Message { status } } }',
    {
      id: message.id,
    },
  )
  expect(status.data?.node.status).toBe('READ')
  // The staff's own, until the user has read it.
  const answer = await staff.send(id, 'Answer')
  expect(await unanswered(user)).toBe(1)
  await other.send(id, 'Me too')
  await other.markRead(id, 4)
  await staff.edit(answer.message.id, 'Better answer')
  await user.markRead(id, 3)
  expect(await unanswered(user)).toBe(1)
  const late = await mutate(
    staff,
    'editMessage',
    'EditMessage',
    { messageId: answer.message.id, text: 'x', opKey: newKey() },
    '',
  )
  expect(late).toMatchObject({ code: 'MESSAGE_LOCKED' })
  await user.markRead(id, 4)
  expect(await unanswered(user)).toBe(0)
  expect((await read(staff, id))?.readByAllSeq).toBe(4)
  // A deleted message waits for nobody.
  const { message: deleted } = await user.send(id, 'Oh')
  expect(await unanswered(staff)).toBe(before + 1)
  await user.remove(deleted.id)
  expect(await unanswered(staff)).toBe(before)
  expect((await read(staff, id))?.unansweredSince).toBeNull()
})

test('the queue is for staff alone, and its pages hold together', async () => {
  const user = await signUp(server.url, 'User')
  expectErrors(await queue(user), 'FORBIDDEN')
  for (let nth = 0; nth < 5; nth++) await user.send(await opened(user, String(nth)), 'Hello')
  expectErrors(await queue(staff, { first: 101 }), 'VALIDATION_ERROR')
  expectErrors(await queue(staff, { first: -1 }), 'VALIDATION_ERROR')
  expectErrors(await queue(staff, { after: 'nonsense' }), 'VALIDATION_ERROR')
  const all = await queued(staff)
  for (const status of ['OPEN', 'RESOLVED']) {
    const ofStatus = all.filter((one) => one.supportStatus === status).map(({ id }) => id)
    expect((await queued(staff, { status, first: 2 })).map(({ id }) => id)).toEqual(ofStatus)
  }
  // A cursor of one status is a place before or after all of the other one.
  const [firstOpen] = (await queue(staff, { first: 1, status: 'OPEN' })).data?.supportQueue.edges ?? []
  const resolved = await queue(staff, { first: 100, status: 'RESOLVED', after: firstOpen?.cursor })
  expect(resolved.data?.supportQueue.nodes).toHaveLength(all.filter((one) => one.supportStatus === 'RESOLVED').length)
  const paged: string[] = []
  for (let after: string | null = null; ;) {
    const page: Queue['supportQueue'] | undefined = (await queue(staff, { first: 2, after })).data?.supportQueue
    if (!page) throw new Error('no page')
    paged.push(...page.nodes.map(({ id }) => id))
    expect(page.pageInfo.hasPreviousPage).toBe(after !== null)
    after = page.pageInfo.endCursor
    if (!page.pageInfo.hasNextPage) break
  }
  expect(paged).toEqual(all.map(({ id }) => id))
  expect((await queue(staff, { first: 0 })).data?.supportQueue.nodes).toEqual([])
})

test('staff see support conversations, and nothing of others', async () => {
  const [user, friend] = await Promise.all([signUp(server.url, 'User'), signUp(server.url, 'Friend')])
  const support = await opened(user)
  const direct = await user.startDirect(friend)
  const group = await user.createGroup([friend])
  const sent = await Promise.all([support, direct, group].map((id) => user.send(id, 'A secret')))
  const memberId = (id: string) => `Member:${uuidOf(id)}/${uuidOf(user.id)}`
  const everything = (id: string, messageId: string) =>
    ask(
      staff,
      `query ($id: ID!, $messageId: ID!, $memberId: ID!) {
        conversation(id: $id) { id } node(id: $id) { id } nodes(ids: [$id, $messageId, $memberId]) { id }
        message: node(id: $messageId) { ... on Message { text conversation { title members { nodes { user { id } } } } readBy { nodes { user { id } } } } }
        member: node(id: $memberId) { id } }`,
      { id, messageId, memberId: Buffer.from(memberId(id)).toString('base64url') },
    )
  const seen = await everything(support, sent[0]?.message.id ?? '')
  expect(seen.errors).toBeUndefined()
  expect(Object.values(seen.data ?? {}).flat()).not.toContain(null)
  expect(seen.text).toContain('A secret')
  for (const [index, id] of [direct, group].entries()) {
    const messageId = sent[index + 1]?.message.id ?? ''
    const unseen = await everything(id, messageId)
    expect(unseen.data).toEqual({
      conversation: null,
      node: null,
      nodes: [null, null, null],
      message: null,
      member: null,
    })
    const writes: [string, string, object][] = [
      ['sendMessage', 'SendMessage', { conversationId: id, clientMessageId: newKey(), text: 'x' }],
      ['editMessage', 'EditMessage', { messageId, text: 'x', opKey: newKey() }],
      ['deleteMessage', 'DeleteMessage', { messageId, opKey: newKey() }],
      ['markRead', 'MarkRead', { conversationId: id, seq: 1 }],
      ['markDelivered', 'MarkDelivered', { conversationId: id, seq: 1 }],
      ['updateInboxEntry', 'UpdateInboxEntry', { conversationId: id, pinned: true }],
      ['renameConversation', 'RenameConversation', { conversationId: id, title: 'x' }],
      ['addMembers', 'AddMembers', { conversationId: id, userIds: [staff.id] }],
      ['removeMember', 'RemoveMember', { conversationId: id, userId: friend.id }],
      ['leaveConversation', 'LeaveConversation', { conversationId: id }],
      ['assignSupport', 'AssignSupport', { conversationId: id, userId: staff.id }],
      ['setSupportStatus', 'SetSupportStatus', { conversationId: id, status: 'RESOLVED' }],
    ]
    for (const [name, type, input] of writes) {
      expect(await mutate(staff, name, type, input, ''), name).toMatchObject({ code: 'NOT_FOUND' })
    }
    const { eventSeq } = sent[index + 1]?.ack.cursor ?? { eventSeq: 0 }
    const resync = await ask(
      staff,
      'query ($c: [StreamCursorInput!]) { resync(cursors: $c) { streams { streamId } } }',
      {
        c: [{ streamId: id, eventSeq }],
      },
    )
    expectErrors(resync, 'NOT_FOUND')
    for (const subscription of ['conversationEvents', 'messageEvents', 'receiptEvents', 'typingEvents']) {
      const event = subscription === 'typingEvents' ? 'typing' : '__typename'
      const refused = await askSocket(
        staff,
        `subscription ($id: ID!) { ${subscription}(conversationId: $id) { ${event} } }`,
        { id },
      )
      expect(refused.errors?.[0]?.extensions.code, subscription).toBe('NOT_FOUND')
    }
  }
  // What a member alone may do is not the staff's before they answer either.
  for (const [name, type, input] of [
    ['editMessage', 'EditMessage', { messageId: sent[0]?.message.id, text: 'x', opKey: newKey() }],
    ['deleteMessage', 'DeleteMessage', { messageId: sent[0]?.message.id, opKey: newKey() }],
    ['updateInboxEntry', 'UpdateInboxEntry', { conversationId: support, pinned: true }],
    ['addMembers', 'AddMembers', { conversationId: support, userIds: [staff.id] }],
    ['removeMember', 'RemoveMember', { conversationId: support, userId: user.id }],
  ] as const) {
    expect(await mutate(staff, name, type, input, ''), name).toMatchObject({ code: 'NOT_FOUND' })
  }
  // Nor is the user's own part of it more than a member's.
  for (const [name, type, input] of [
    ['addMembers', 'AddMembers', { conversationId: support, userIds: [friend.id] }],
    ['renameConversation', 'RenameConversation', { conversationId: support, title: 'x' }],
    ['leaveConversation', 'LeaveConversation', { conversationId: support }],
  ] as const) {
    expect(await mutate(user, name, type, input, ''), name).toMatchObject({ code: 'FORBIDDEN' })
  }
})

test('who is no longer staff sees and follows none but those that they are a member of', async () => {
  const [former, user] = await Promise.all([signUp(server.url, 'Former'), signUp(server.url, 'User')])
  const [unanswered, answered] = [await opened(user), await opened(user)]
  await makeStaff(database, former)
  await expect.poll(async () => (await read(former, unanswered))?.id).toBe(unanswered)
  await former.send(answered, 'Hello')
  const [reader, own] = [await former.conversationEvents(unanswered), await former.conversationEvents(answered)]
  await setRole(database, 'USER', former)
  expect(await reader.waitForEnd()).toBe('completed')
  expect(await read(former, unanswered)).toBeNull()
  expect(await read(former, answered)).toMatchObject({ id: answered, viewerEntry: { unreadCount: 0 }, assignee: null })
  expectErrors(await queue(former), 'FORBIDDEN')
  expect(await assign(former, answered, staff.id)).toMatchObject({ code: 'FORBIDDEN' })
  await user.send(answered, 'Still there?')
  await own.waitFor(({ __typename }) => __typename === 'MessageSent')
})

test('who opened it is erased: it is closed and resolved, and nothing that they wrote is left', async () => {
  const [user, admin] = await Promise.all([signUp(server.url, 'Gone soon'), signUp(server.url, 'Admin')])
  await setRole(database, 'ADMIN', admin)
  const id = await opened(user, 'My private title')
  await user.send(id, 'My private words')
  await staff.send(id, 'An answer')
  await user.send(id, 'More private words')
  await expect
    .poll(async () => mutate(admin, 'eraseUser', 'EraseUser', { userId: user.id }, ''))
    .toMatchObject({ __typename: 'EraseUserSuccess' })
  const now = await ask(staff, `query ($id: ID!) { conversation(id: $id) { ${shown} messages { nodes { text } } } }`, {
    id,
  })
  expect(now.data).toMatchObject({
    conversation: {
      title: null,
      supportStatus: 'RESOLVED',
      unansweredSince: null,
      messages: { nodes: [{ text: null }, { text: 'An answer' }, { text: null }] },
    },
  })
  const refused = await mutate(
    staff,
    'sendMessage',
    'SendMessage',
    { conversationId: id, clientMessageId: newKey(), text: 'x' },
    '',
  )
  expect(refused).toMatchObject({ code: 'CONVERSATION_CLOSED' })
})

test('the queue under random traffic is a plain sort', async () => {
  const askers = await Promise.all([0, 1, 2].map((nth) => signUp(server.url, `Asker ${String(nth)}`)))
  /** What the order is about, kept by the test. */
  const talks = new Map<
    string,
    { user: Person; status: string; unanswered: { id: string; at: string }[]; idleSince: string }
  >()
  for (const user of [...askers, ...askers]) {
    const id = await opened(user)
    const { data } = await ask<{ conversation: { createdAt: string } }>(
      user,
      'query ($id: ID!) { conversation(id: $id) { createdAt } }',
      { id },
    )
    talks.set(id, { user, status: 'OPEN', unanswered: [], idleSince: data?.conversation.createdAt ?? '' })
  }
  const ids = [...talks.keys()]
  const random = seeded(12)
  for (let step = 0; step < 80; step++) {
    const id = ids[Math.floor(random() * ids.length)] ?? ''
    const talk = talks.get(id)
    if (!talk) throw new Error('no such talk')
    const chance = random()
    if (chance < 0.5) {
      const { message } = await talk.user.send(id, String(step))
      talk.unanswered.push({ id: message.id, at: message.createdAt })
      talk.status = 'OPEN'
    } else if (chance < 0.7) {
      const { message } = await (chance < 0.6 ? staff : other).send(id, String(step))
      Object.assign(talk, { unanswered: [], idleSince: message.createdAt })
    } else if (chance < 0.85) {
      talk.status = chance < 0.78 ? 'RESOLVED' : 'OPEN'
      await setStatus(staff, id, talk.status)
    } else {
      const deleted = talk.unanswered.pop()
      if (deleted) await talk.user.remove(deleted.id)
    }
    if (step % 8 !== 7) continue
    const placeOf = (one: string) => {
      const { status = '', unanswered = [], idleSince = '' } = talks.get(one) ?? {}
      return [status, unanswered.length > 0 ? '0' : '1', unanswered[0]?.at ?? idleSince].join(' ')
    }
    const found = (await queued(staff, { first: 3 })).map((one) => one.id).filter((one) => talks.has(one))
    expect(found).toHaveLength(ids.length)
    expect(found.map(placeOf)).toEqual(ids.map(placeOf).sort())
  }
})

/** Numbers from 0 to 1, the same on every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => (state = (state * 16807) % 2147483647) / 2147483647
}
