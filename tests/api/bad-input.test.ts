import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql'
import { SignJWT, decodeJwt } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask, askSocket, expectErrors, expectSubstance, send, type Answer } from '../testkit/api.ts'
import { effort } from '../testkit/effort.ts'
import { callsOf, randomFrom } from '../testkit/hostile.ts'
import { newKey, Person, signUp } from '../testkit/person.ts'
import { testSecret, type ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

const secret = testSecret

let server: ServerProcess
let ann: Person
let bob: Person
let outsider: Person
/** A group of Ann and Bob, with one message of Ann's. */
let group: string
let message: string
beforeAll(async () => {
  ;({ server } = await sharedServer())
  ;[ann, bob, outsider] = (await Promise.all(['Ann', 'Bob', 'Otto'].map((name) => signUp(server.url, name)))) as [
    Person,
    Person,
    Person,
  ]
  group = await ann.createGroup([bob])
  message = (await ann.send(group, 'Hello')).message.id
})

const encode = (text: string) => Buffer.from(text).toString('base64url')
const cursorOf = (...parts: unknown[]) => encode(JSON.stringify(parts))
const someUuid = '00000000-0000-7000-8000-000000000000'
const describeValue = (value: unknown) => {
  const text = JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 30)}… (${text.length})` : text
}

/** Asks by HTTP and by WebSocket; both must be refused in the same way. */
async function refusedBoth(query: string, variables: Record<string, unknown>, code: string, path?: string[]) {
  const byHttp = expectErrors(await ask(ann, query, variables), code)
  const bySocket = expectErrors(await askSocket(ann, query, variables), code)
  expect(bySocket.map((error) => error.message)).toEqual(byHttp.map((error) => error.message))
  if (path) expect(byHttp[0]?.extensions.fields).toMatchObject([{ path }])
}

/** Asks for a mutation that must answer this member of its union, by HTTP and by WebSocket. */
async function answersBoth(query: string, variables: Record<string, unknown>, expected: Record<string, unknown>) {
  for (const answer of [await ask(ann, query, variables), await askSocket(ann, query, variables)]) {
    expect(answer.errors).toBeUndefined()
    const [result] = Object.values(answer.data ?? {}) as { reason?: string }[]
    expect(result).toMatchObject(expected)
    expectSubstance(result?.reason ?? '')
  }
}

const refusal = '{ __typename ... on Error { code reason } ... on ValidationError { fields { path reason } } }'
const plainRefusal = '{ __typename ... on Error { code reason } }'
const sendMessage = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) ${refusal} }`
const editMessage = `mutation ($input: EditMessageInput!) { editMessage(input: $input) ${refusal} }`
const deleteMessage = `mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) ${refusal} }`
const createGroup = `mutation ($input: CreateGroupInput!) { createGroup(input: $input) ${refusal} }`
const addMembers = `mutation ($id: ID!, $ids: [ID!]!) { addMembers(input: { conversationId: $id, userIds: $ids }) ${refusal} }`
const markRead = `mutation ($input: MarkReadInput!) { markRead(input: $input) ${refusal} }`
const markDelivered = `mutation ($input: MarkDeliveredInput!) { markDelivered(input: $input) ${refusal} }`
const updateEntry = `mutation ($input: UpdateInboxEntryInput!) { updateInboxEntry(input: $input) ${refusal} }`
const inboxEvents = `subscription ($after: [StreamCursorInput!]) { inboxEvents(after: $after) { __typename } }`
const resync = `query ($cursors: [StreamCursorInput!]!) { resync(cursors: $cursors) { streams { streamId } } }`

describe('a text', () => {
  const badTexts = ['', '   ', ' \t\r\n\u00a0\u2003', 'x'.repeat(4001), '😀'.repeat(4001), 'a\0b', '\ud800', 'a\udfffb']
  const cases = badTexts.map((text) => [describeValue(text), text] as const)

  test.each(cases)('of %s is no message', async (_name, text) => {
    const expected = { __typename: 'ValidationError', code: 'VALIDATION_ERROR', fields: [{ path: ['input', 'text'] }] }
    await answersBoth(sendMessage, { input: { conversationId: group, clientMessageId: newKey(), text } }, expected)
    await answersBoth(editMessage, { input: { messageId: message, opKey: newKey(), text } }, expected)
  })

  test('of 4,000 characters is a message, also when each is an emoji', async () => {
    for (const text of ['x'.repeat(4000), '😀'.repeat(4000)]) {
      expect((await ann.send(group, text)).message.text).toBe(text)
    }
  })

  test('that is missing is no message', async () => {
    for (const text of [undefined, null]) {
      const input = { conversationId: group, clientMessageId: newKey(), text }
      await answersBoth(sendMessage, { input }, { code: 'VALIDATION_ERROR', fields: [{ path: ['input', 'text'] }] })
    }
    await refusedBoth(editMessage, { input: { messageId: message, opKey: newKey() } }, 'VALIDATION_ERROR')
  })
})

describe('an operation key', () => {
  const badKeys = ['', '1234567', 'k'.repeat(65), 'with\0null', 'lone\ud800surrogate']
  test.each(badKeys.map((key) => [describeValue(key), key] as const))('of %s is refused', async (_name, key) => {
    const expected = (field: string) => ({ code: 'VALIDATION_ERROR', fields: [{ path: ['input', field] }] })
    const text = 'Hello'
    const sendInput = { conversationId: group, clientMessageId: key, text }
    await answersBoth(sendMessage, { input: sendInput }, expected('clientMessageId'))
    await answersBoth(editMessage, { input: { messageId: message, opKey: key, text } }, expected('opKey'))
    await answersBoth(createGroup, { input: { title: 'A', memberIds: [], opKey: key } }, expected('opKey'))
    await answersBoth(deleteMessage, { input: { messageId: message, opKey: key } }, expected('opKey'))
    const status = 'query ($key: String!) { writeStatus(opKey: $key) { state } }'
    await refusedBoth(status, { key }, 'VALIDATION_ERROR', ['opKey'])
  })

  test('of 8 and of 64 characters is fine', async () => {
    for (const length of [8, 64]) {
      const key = newKey().repeat(2).slice(0, length)
      expect((await ann.send(group, 'Hello', key)).ack.opKey).toBe(key)
    }
  })
})

describe('an id', () => {
  const badIds = [
    '',
    'nonsense',
    '!!!',
    '\0',
    '\ud800',
    'x'.repeat(100_000),
    encode('Conversation'),
    encode('Conversation:'),
    encode('Conversation:1'),
    encode(`Conversation:${someUuid}`),
    encode(`Conversation:${someUuid}:1`),
    encode(`Conversation:${someUuid.toUpperCase()}`),
    encode(`User:${someUuid}`),
    encode(`Message:${someUuid}`),
    encode(`Message:${someUuid}/0`),
    encode(`Message:${someUuid}/1`),
    encode(`Message:${someUuid}/-1`),
    encode(`Message:${someUuid}/1e3`),
    encode(`Message:${someUuid}/2147483648`),
    encode(`Message:${someUuid}/99999999999999999999`),
    encode(`PersonalStream:${someUuid}`),
    encode("Conversation:'; drop table users; --"),
  ]
  const mutations = {
    startDirect: `startDirect(input: { userId: $id })`,
    createGroup: `createGroup(input: { title: "A", memberIds: [$id], opKey: "${newKey()}" })`,
    renameConversation: 'renameConversation(input: { conversationId: $id, title: "A" })',
    addMembers: 'addMembers(input: { conversationId: $id, userIds: [$id] })',
    'addMembers to a group': 'addMembers(input: { conversationId: $group, userIds: [$id] })',
    removeMember: 'removeMember(input: { conversationId: $id, userId: $id })',
    'removeMember of a group': 'removeMember(input: { conversationId: $group, userId: $id })',
    leaveConversation: 'leaveConversation(input: { conversationId: $id })',
    sendMessage: `sendMessage(input: { conversationId: $id, clientMessageId: "${newKey()}", text: "A" })`,
    'sendMessage as a reply': `sendMessage(input: { conversationId: $group, replyToId: $id, clientMessageId: "${newKey()}", text: "A" })`,
    editMessage: `editMessage(input: { messageId: $id, opKey: "${newKey()}", text: "A" })`,
    deleteMessage: `deleteMessage(input: { messageId: $id, opKey: "${newKey()}" })`,
    markRead: 'markRead(input: { conversationId: $id, seq: 1 })',
    markDelivered: 'markDelivered(input: { conversationId: $id, seq: 1 })',
    updateInboxEntry: 'updateInboxEntry(input: { conversationId: $id, pinned: true })',
  }

  test.each(Object.entries(mutations))('that names nothing is NotFoundError for %s', async (_name, field) => {
    const group_ = field.includes('$group') ? ', $group: ID!' : ''
    const query = `mutation ($id: ID!${group_}) { it: ${field} ${plainRefusal} }`
    for (const id of badIds) {
      const { data, errors } = await ask<{ it: { reason: string } }>(ann, query, { id, ...(group_ && { group }) })
      expect(errors, describeValue(id)).toBeUndefined()
      expect(data?.it, describeValue(id)).toMatchObject({ __typename: 'NotFoundError', code: 'NOT_FOUND' })
      expectSubstance(data?.it.reason ?? '')
    }
  })

  test('that names nothing is null for conversation, node and nodes', async () => {
    const query = 'query ($id: ID!) { conversation(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }'
    for (const id of badIds) {
      const { data } = await ask(ann, query, { id })
      expect(data, describeValue(id)).toEqual({ conversation: null, node: null, nodes: [null] })
    }
  })

  test('that names nothing ends a subscription with NOT_FOUND', async () => {
    for (const id of badIds) {
      for (const field of ['conversationEvents', 'messageEvents', 'receiptEvents']) {
        const query = `subscription ($id: ID!) { ${field}(conversationId: $id) { __typename } }`
        expectErrors(await askSocket(ann, query, { id }), 'NOT_FOUND')
      }
      const cursor = { streamId: id, eventSeq: 0 }
      expectErrors(await askSocket(ann, inboxEvents, { after: [cursor] }), 'NOT_FOUND')
      expectErrors(await ask(ann, resync, { cursors: [cursor] }), 'NOT_FOUND')
    }
  })

  test('of another type than the one asked for names nothing', async () => {
    const query = `query ($id: ID!) { conversation(id: $id) { id } }`
    for (const id of [ann.id, message]) expect((await ask(ann, query, { id })).data).toEqual({ conversation: null })
    const it = `mutation ($id: ID!) { startDirect(input: { userId: $id }) ${plainRefusal} }`
    for (const id of [group, message]) await answersBoth(it, { id }, { __typename: 'NotFoundError' })
  })

  test('must be a text', async () => {
    const query = 'query ($id: ID!) { node(id: $id) { id } }'
    for (const id of [null, true, {}, [], ['a', 'b'], 1.5]) await refusedBoth(query, { id }, 'VALIDATION_ERROR')
    expect((await ask(ann, query, { id: 42 })).data).toEqual({ node: null })
  })
})

describe('lists of ids and cursors', () => {
  test('of more than a request may name are refused', async () => {
    const ids = Array.from({ length: 1001 }, () => bob.id)
    const validation = (...path: string[]) => ({ code: 'VALIDATION_ERROR', fields: [{ path }] })
    await answersBoth(
      createGroup,
      { input: { title: 'A', memberIds: ids, opKey: newKey() } },
      validation('input', 'memberIds'),
    )
    await answersBoth(addMembers, { id: group, ids }, validation('input', 'userIds'))
    await answersBoth(addMembers, { id: group, ids: [] }, validation('input', 'userIds'))
    await refusedBoth('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }, 'VALIDATION_ERROR', ['ids'])
    const cursors = ids.map(() => ({ streamId: group, eventSeq: 0 }))
    await refusedBoth(resync, { cursors }, 'VALIDATION_ERROR', ['cursors'])
    expectErrors(await askSocket(ann, inboxEvents, { after: cursors }), 'VALIDATION_ERROR')
  })
})

describe('pages', () => {
  const connections: [string, string, string[]][] = [
    ['inbox', 'inbox(ARGS) { nodes { unreadCount } }', ['first', 'last']],
    ['messages', `conversation(id: $id) { messages(ARGS) { nodes { id } } }`, ['first', 'last']],
    ['members', `conversation(id: $id) { members(ARGS) { nodes { role } } }`, ['first']],
    ['readBy', `node(id: $message) { ... on Message { readBy(ARGS) { nodes { readAt } } } }`, ['first']],
    ['searchUsers', `searchUsers(query: "p", ARGS) { nodes { id } }`, ['first']],
  ]
  const queryFor = (field: string, args: string, variable = '') => {
    const used = [field.includes('$id') && '$id: ID!', field.includes('$message') && '$message: ID!', variable]
    const names = used.filter(Boolean).join(', ')
    return `query ${names && `(${names})`} { ${field.replace('ARGS', args)} }`
  }
  const idsFor = (field: string) => ({
    ...(field.includes('$id') && { id: group }),
    ...(field.includes('$message') && { message }),
  })

  test.each(connections)('of %s are from 0 to 100', async (_name, field, sizes) => {
    for (const size of sizes) {
      for (const value of [-1, 101, 1000, 2_147_483_647, -2_147_483_648]) {
        const query = queryFor(field, `${size}: $size`, '$size: Int')
        await refusedBoth(query, { ...idsFor(field), size: value }, 'VALIDATION_ERROR', [size])
      }
      for (const value of [2_147_483_648, 1e100, 1.5, '1', true, [1, 2]]) {
        const query = queryFor(field, `${size}: $size`, '$size: Int')
        await refusedBoth(query, { ...idsFor(field), size: value }, 'VALIDATION_ERROR')
      }
      for (const value of [0, 1, 100, null]) {
        const query = queryFor(field, `${size}: $size`, '$size: Int')
        expect((await ask(ann, query, { ...idsFor(field), size: value })).errors).toBeUndefined()
      }
    }
  })

  const strangeCursors = [
    '',
    'nonsense',
    '%%%',
    '\0',
    'x'.repeat(100_000),
    encode('null'),
    encode('{}'),
    encode('[]'),
    cursorOf('other', 1),
    ...['inbox', 'messages', 'members', 'reads', 'users'].flatMap((kind) => [
      cursorOf(kind),
      cursorOf(kind, null),
      cursorOf(kind, {}),
      cursorOf(kind, -1),
      cursorOf(kind, 0),
      cursorOf(kind, 1.5),
      cursorOf(kind, 1e300),
      cursorOf(kind, 2_147_483_648),
      cursorOf(kind, ''),
      cursorOf(kind, '\0'),
      cursorOf(kind, '\ud800'),
      cursorOf(kind, 'Not A Handle'),
      ...[-1, -62_135_596_800_001, 8.7e15, 9_007_199_254_740_991, -9_007_199_254_740_991].flatMap((at) => [
        cursorOf(kind, at, someUuid),
        cursorOf(kind, true, at, someUuid),
      ]),
      cursorOf(kind, true, 1, 'no uuid'),
      cursorOf(kind, 'Yes', 1, someUuid),
    ]),
  ]
  test.each(connections)('of %s begin after cursors of that list only', async (name, field, sizes) => {
    const kinds: Record<string, string> = {
      inbox: 'inbox',
      messages: 'messages',
      members: 'members',
      readBy: 'reads',
      searchUsers: 'users',
    }
    const genuine = {
      inbox: cursorOf('inbox', false, 1_700_000_000_000, someUuid, 0),
      messages: cursorOf('messages', 1),
      members: cursorOf('members', 1_700_000_000_000, someUuid),
      reads: cursorOf('reads', 1_700_000_000_000, someUuid),
      users: cursorOf('users', 0, 'some.handle'),
    }
    const foreign = Object.entries(genuine).flatMap(([kind, cursor]) => (kind === kinds[name] ? [] : [cursor]))
    for (const argument of sizes.includes('last') ? ['after', 'before'] : ['after']) {
      const query = queryFor(field, `${argument}: $cursor`, '$cursor: String')
      for (const cursor of [...strangeCursors, ...foreign]) {
        const answer = await ask(ann, query, { ...idsFor(field), cursor })
        const [error] = expectErrors(answer, 'VALIDATION_ERROR')
        expect(error?.extensions.fields, describeValue(cursor)).toMatchObject([{ path: [argument] }])
      }
      await refusedBoth(query, { ...idsFor(field), cursor: 'nonsense' }, 'VALIDATION_ERROR', [argument])
      const own = genuine[kinds[name] as keyof typeof genuine]
      expect((await ask(ann, query, { ...idsFor(field), cursor: own })).errors).toBeUndefined()
    }
  })
})

describe('a number', () => {
  test('that is no seq is refused', async () => {
    for (const seq of [-1, -2_147_483_648]) {
      const input = { conversationId: group, seq }
      for (const query of [markRead, markDelivered])
        await answersBoth(query, { input }, { code: 'VALIDATION_ERROR', fields: [{ path: ['input', 'seq'] }] })
    }
    for (const unreadFromSeq of [0, -1]) {
      const input = { conversationId: group, unreadFromSeq }
      const fields = [{ path: ['input', 'unreadFromSeq'] }]
      await answersBoth(updateEntry, { input }, { code: 'VALIDATION_ERROR', fields })
    }
    for (const expectedRevision of [0, -1]) {
      const input = { messageId: message, opKey: newKey(), text: 'A', expectedRevision }
      const fields = [{ path: ['input', 'expectedRevision'] }]
      await answersBoth(editMessage, { input }, { code: 'VALIDATION_ERROR', fields })
    }
    for (const eventSeq of [-1, -2_147_483_648]) {
      await refusedBoth(resync, { cursors: [{ streamId: group, eventSeq }] }, 'VALIDATION_ERROR', ['cursors'])
      const cursors = { after: [{ streamId: group, eventSeq }] }
      expectErrors(await askSocket(ann, inboxEvents, cursors), 'VALIDATION_ERROR')
    }
  })

  test.each([2_147_483_648, -2_147_483_649, 1e100, 1.5, '1', true, null, {}])('%j is no Int', async (seq) => {
    await refusedBoth(markRead, { input: { conversationId: group, seq } }, 'VALIDATION_ERROR')
  })

  test('that is no Int is refused in the text of an operation as well', async () => {
    for (const seq of ['2147483648', '-2147483649', '1e3', '1.5', '"1"', 'ONE']) {
      const query = `mutation { markRead(input: { conversationId: "${group}", seq: ${seq} }) { __typename } }`
      await refusedBoth(query, {}, 'VALIDATION_ERROR')
    }
  })
})

test.each([
  '',
  'tomorrow',
  'infinity',
  '2026-13-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-01-01T25:00:00Z',
  '2026-01-01',
  '10000-01-01T00:00:00Z',
  '\0',
  true,
  {},
  [1],
])('%j is no moment', async (mutedUntil) => {
  await refusedBoth(updateEntry, { input: { conversationId: group, mutedUntil } }, 'VALIDATION_ERROR')
})

test('moments at the ends of the calendar are stored as they are', async () => {
  const query = `mutation ($input: UpdateInboxEntryInput!) { updateInboxEntry(input: $input) {
    ... on UpdateInboxEntrySuccess { entry { mutedUntil } } } }`
  for (const mutedUntil of ['0001-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z']) {
    const answer = await ask(ann, query, { input: { conversationId: group, mutedUntil } })
    expect(answer.data, answer.text).toEqual({ updateInboxEntry: { entry: { mutedUntil } } })
  }
})

describe('a token', () => {
  test('that is wrong, expired or malformed is refused by HTTP with words, and by WebSocket with a code', async () => {
    const claims = decodeJwt(ann.session.accessToken)
    const sign = (key: string, exp: number) =>
      new SignJWT({ ...claims, exp }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(key))
    const nowSeconds = Math.floor(Date.now() / 1000)
    const tokens = [
      await sign(secret, nowSeconds - 1),
      await sign('another secret that is long enough, too', nowSeconds + 60),
      `${encode('{"alg":"none"}')}.${encode(JSON.stringify(claims))}.`,
      'nonsense',
      'a.b.c',
      '..',
      'x'.repeat(5000),
    ]
    for (const accessToken of tokens) {
      const thief = new Person({ ...ann.session, accessToken }, server.url)
      const [error] = expectErrors(await ask(thief, '{ viewer { user { id } } }'), 'UNAUTHENTICATED')
      expect(error?.message).toMatch(/log in|refreshSession|bearer/i)
      await expect(askSocket(thief, '{ __typename }')).rejects.toMatchObject({ code: 4403 })
    }
  })
})

describe('a request', () => {
  const json = { 'content-type': 'application/json', accept: 'application/json' }
  const post = (body: string, headers: Record<string, string> = json) =>
    send(server.url, { method: 'POST', headers, body })

  test.each([
    ['malformed JSON', '{"query": "{ __typename }"'],
    ['no JSON at all', 'query { viewer }'],
    ['an empty body', ''],
    ['a list', '[{"query": "{ __typename }"}]'],
    ['a text', '"{ __typename }"'],
    ['a number', '42'],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['a query that is no text', '{"query": 42}'],
    ['a query that is null', '{"query": null}'],
    ['variables that are a text', '{"query": "{ __typename }", "variables": "x"}'],
    ['variables that are a list', '{"query": "{ __typename }", "variables": [1]}'],
    ['extensions that are a text', '{"query": "{ __typename }", "extensions": "x"}'],
    ['an operation name that is a number', '{"query": "{ __typename }", "operationName": 42}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe]).toString('latin1')],
  ])('with %s is refused', async (_name, body) => {
    const answer = await post(body)
    expectErrors(answer, 'VALIDATION_ERROR')
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.headers.get('content-type')).toMatch(/json/)
  })

  test.each([
    ['an empty document', '', undefined],
    ['a syntax error', 'query {', undefined],
    ['an unknown field', '{ nothing }', undefined],
    ['an unknown argument', '{ inbox(size: 3) { nodes { unreadCount } } }', undefined],
    ['a field without its selection', '{ viewer }', undefined],
    ['an unknown fragment', '{ ...Nothing }', undefined],
    ['no operation', 'fragment F on Query { __typename }', undefined],
    ['an unknown operation name', 'query A { __typename }', 'B'],
    ['no operation name where it needs one', 'query A { __typename } query B { __typename }', undefined],
    ['a type definition', 'type Query { a: Int }', undefined],
    ['a NUL in the document', '{ \0 }', undefined],
    [
      'two subscriptions in one',
      'subscription { inboxEvents { __typename } other: inboxEvents { __typename } }',
      undefined,
    ],
  ])('with %s is refused, also by WebSocket', async (_name, query, operationName) => {
    expectErrors(await ask(ann, query, {}, { operationName }), 'VALIDATION_ERROR')
    expectErrors(await askSocket(ann, query, {}, operationName), 'VALIDATION_ERROR')
  })

  test('whose variables are missing, null, unknown in type or wrong is refused, also by WebSocket', async () => {
    const query = 'query ($id: ID!) { node(id: $id) { id } }'
    for (const variables of [{}, { id: null }, { other: 'x' }, { id: { a: 1 } }]) {
      await refusedBoth(query, variables, 'VALIDATION_ERROR')
    }
    await refusedBoth('query ($id: Strange!) { node(id: $id) { id } }', { id: '1' }, 'VALIDATION_ERROR')
    await refusedBoth('query ($id: Int!) { node(id: $id) { id } }', { id: 1 }, 'VALIDATION_ERROR')
    await refusedBoth(sendMessage, { input: { text: 'A', strange: true } }, 'VALIDATION_ERROR')
    await refusedBoth('{ inbox(filter: STRANGE) { nodes { unreadCount } } }', {}, 'VALIDATION_ERROR')
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    '',
  ])('of content type %j is refused', async (contentType) => {
    const body = '{"query": "mutation { logout }"}'
    const answer = await send(server.url, {
      method: 'POST',
      headers: { accept: 'application/json', ...(contentType && { 'content-type': contentType }) },
      body: contentType ? body : new TextEncoder().encode(body),
    })
    expectErrors(answer, 'VALIDATION_ERROR')
    expect(answer.status).toBe(415)
  })

  test('by GET may read, and write nothing', async () => {
    const get = (query: string, more = '') =>
      send(`${server.url}?query=${encodeURIComponent(query)}${more}`, {
        headers: { accept: 'application/json', authorization: `Bearer ${ann.session.accessToken}` },
      })
    expect((await get('{ viewer { user { id } } }')).data).toEqual({ viewer: { user: { id: ann.id } } })
    const refused = await get('mutation { logout }')
    expectErrors(refused, 'VALIDATION_ERROR')
    expect(refused.status).toBe(405)
    expect((await get('{ viewer { user { id } } }')).errors).toBeUndefined()
    expectErrors(await get('{ __typename }', '&variables=nonsense'), 'VALIDATION_ERROR')
    expectErrors(await get('{ __typename }', '&extensions=%5B'), 'VALIDATION_ERROR')
    expectErrors(await get('{'), 'VALIDATION_ERROR')
    expectErrors(await get(''), 'VALIDATION_ERROR')
  })

  test('of over 1 MB is refused, announced or in chunks, and the next one is answered', async () => {
    const body = JSON.stringify({ query: '{ __typename }', variables: { x: 'x'.repeat(1_048_577) } })
    const chunks = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < body.length; at += 65_536) {
          controller.enqueue(new TextEncoder().encode(body.slice(at, at + 65_536)))
        }
        controller.close()
      },
    })
    const chunked = { method: 'POST', headers: json, body: chunks, duplex: 'half' } as RequestInit
    for (const init of [{ method: 'POST', headers: json, body }, chunked]) {
      const answer = await send(server.url, init)
      const [error] = expectErrors(answer, 'VALIDATION_ERROR')
      expect(error?.message).toMatch(/1 MB/)
      expect(answer.status).toBe(413)
      expect((await ask(ann, '{ __typename }')).data).toEqual({ __typename: 'Query' })
    }
    const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws')
    const code = await new Promise((resolve) => {
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { x: body } })))
      socket.on('close', resolve)
    })
    expect(code).toBe(1009)
  })

  test('that asks for too much is QUERY_TOO_COMPLEX', async () => {
    const deep = `{ inbox { nodes { ${'conversation { viewerEntry { '.repeat(10)} unreadCount ${'} }'.repeat(10)} } } }`
    const wide = `{ ${Array.from({ length: 60 }, (_, index) => `a${index}: viewer { user { id } }`).join(' ')} }`
    const long = `{ ${'__typename '.repeat(3000)} }`
    for (const query of [deep, wide, long]) {
      expectErrors(await ask(ann, query), 'QUERY_TOO_COMPLEX')
      expectErrors(await askSocket(ann, query), 'QUERY_TOO_COMPLEX')
    }
  })

  test('by WebSocket that is no message of the protocol closes the socket with a code', async () => {
    const closeCodeFor = (...messages: string[]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(server.wsUrl, 'graphql-transport-ws')
        socket.on('open', () => {
          for (const text of messages) socket.send(text)
        })
        socket.on('close', resolve)
      })
    const init = '{"type":"connection_init"}'
    expect(await closeCodeFor('nonsense')).toBe(4400)
    expect(await closeCodeFor('{}')).toBe(4400)
    expect(await closeCodeFor('null')).toBe(4400)
    expect(await closeCodeFor(init, '{"type":"subscribe","id":"1","payload":{}}')).toBe(4400)
    expect(await closeCodeFor(init, '{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":"x"}}')).toBe(
      4400,
    )
    expect(await closeCodeFor('{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}')).toBe(4401)
    expect(await closeCodeFor('{"type":"connection_init","payload":{"authorization":42}}')).toBe(4403)
  })
})

describe('every query and mutation', () => {
  const open = ['register', 'login', 'acceptInvitation', 'refreshSession', 'server']
  const check = (what: string, answer: Answer) => {
    expect(answer.status, what).toBeLessThan(500)
    expect(answer.errors !== undefined || answer.data != null, `${what}: ${answer.text}`).toBe(true)
    if (answer.errors) expectErrors(answer)
  }

  test('answers hostile arguments with a code and words, to somebody logged in and to nobody', async () => {
    const { data } = await ask(server.url, getIntrospectionQuery())
    const schema = buildClientSchema(data as unknown as IntrospectionQuery)
    const ids = [group, message, ann.id, bob.id, await outsider.createGroup([])]
    const counts = { calls: 0, refused: 0 }
    for (const call of callsOf(schema, { ids, rounds: effort(24, 12), random: randomFrom(20_261_120) })) {
      // Whose session it is does not matter to anybody else when it ends.
      const person = call.field === 'logout' ? await signUp(server.url) : bob
      const what = `${call.field} ${JSON.stringify(call.variables).slice(0, 500)}`
      const answer = await ask(person, call.query, call.variables)
      check(what, answer)
      const asNobody = await ask(server.url, call.query, call.variables)
      check(what, asNobody)
      if (!open.includes(call.field)) {
        const codes = asNobody.errors?.map((error) => error.extensions.code) ?? []
        expect(['UNAUTHENTICATED', 'VALIDATION_ERROR'], `${what}: ${asNobody.text}`).toContain(codes[0])
      }
      counts.calls++
      if (answer.errors) counts.refused++
    }
    // Both happened: calls that got as far as the resolvers, and calls that did not.
    expect(counts.calls).toBeGreaterThan(500)
    expect(counts.calls - counts.refused).toBeGreaterThan(100)
    expect(counts.refused).toBeGreaterThan(100)
  }, 180_000)

  test('leaves no unexpected error in the log of the server', () => {
    expect(server.logs()).not.toMatch(/Unexpected error|could not be answered|unhandled/i)
  })
})
