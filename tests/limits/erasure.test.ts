import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MessageEventsDocument, SendMessageDocument } from '../../sdk/src/generated/graphql.ts'
import { closeCodes } from '../../src/transport/websocket/close-codes.ts'
import { ask } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import { Reader } from '../testkit/reader.ts'
import { startRedis, type RedisServer } from '../testkit/redis.ts'
import { redisKeysWith, rowsWith } from '../testkit/scan.ts'

const name = 'Xanthippe Quetzal'
const password = 'correct horse battery'

let redis: RedisServer
let pair: Pair
let admin: Person

beforeAll(async () => {
  redis = await startRedis()
  pair = await startPair({ redisUrl: redis.url, env: { HOUSEKEEPING_INTERVAL_MS: '100' } })
  admin = await signUp(pair.urls[0], 'The operator')
  await runAdmin('set-role', admin.handle, 'ADMIN')
})
afterAll(() => redis.stop())

const runAdmin = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../dist/admin.js'), ...args], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: pair.database.url,
      JWT_SECRET: 'a secret that only tests know, 32 characters and more',
    },
  })

type Outcome = Record<string, { __typename: string } & Record<string, unknown>>

const errorFields = '__typename ... on Error { code reason }'

async function outcomeOf(who: Person, mutation: string, variables: object): Promise<string> {
  const { data, errors } = await ask<Outcome>(who, mutation, variables)
  return Object.values(data ?? {})[0]?.__typename ?? JSON.stringify(errors)
}

const eraseUser = (by: Person, userId: string) =>
  outcomeOf(by, `mutation ($userId: ID!) { eraseUser(input: { userId: $userId }) { ${errorFields} } }`, { userId })

const toggle = async (person: Person, conversation: string, seq: number, emoji: string) => {
  const messageId = Buffer.from(`Message:${keyOf(conversation)}/${seq}`).toString('base64url')
  const toggling = `mutation ($input: ToggleReactionInput!) { toggleReaction(input: $input) { ${errorFields} } }`
  const input = { messageId, emoji, on: true, opKey: newKey() }
  expect(await outcomeOf(person, toggling, { input })).toBe('ToggleReactionSuccess')
}

async function world() {
  const [dora, ann, bob] = await Promise.all([
    signUp(pair.urls[0], name),
    signUp(pair.urls[0], 'Ann'),
    signUp(pair.urls[1], 'Bob'),
  ])
  const own = await dora.createGroup([ann, bob], 'Her group')
  const other = await ann.createGroup([dora, bob], "Ann's group")
  const left = await ann.createGroup([dora], 'A group she left')
  const direct = await ann.startDirect(dora)
  const all = [own, other, left, direct]
  // Readers on both servers from the beginning, so that the memory of each process holds every text.
  await Promise.all(all.flatMap((id) => pair.urls.map((url) => ann.at(url).conversationEvents(id, 0))))
  let key = 0
  for (const id of all) {
    const mentioning = { conversationId: id, text: 'Kept 1', clientMessageId: newKey(), mentionIds: [dora.id, ann.id] }
    await ann.client.request(SendMessageDocument, { input: mentioning })
    // Keys are the client's to choose: these, too, are hers.
    const { message } = await dora.send(id, 'Doomed 2', `Doomed key ${++key}`)
    await ann.send(id, 'Kept 3')
    await dora.edit(message.id, 'Doomed 2, edited', `Doomed edit ${key}`)
    await dora.remove((await dora.send(id, 'Doomed 4')).message.id)
    await dora.send(id, 'Doomed 5')
    await ann.send(id, 'Kept 6')
    await toggle(dora, id, 3, '🦖')
    await toggle(dora, id, 3, '👍')
    await toggle(ann, id, 3, '👍')
    await toggle(ann, id, 5, '🦖')
  }
  const leaving = `mutation ($id: ID!) { leaveConversation(input: { conversationId: $id }) { ${errorFields} } }`
  expect(await outcomeOf(dora, leaving, { id: left })).toBe('LeaveConversationSuccess')
  return { dora, ann, bob, own, other, left, direct, all }
}

type World = Awaited<ReturnType<typeof world>>

const wordsOf = ({ dora }: World) => ['Doomed', 'Xanthippe', 'Quetzal', dora.handle]

/** What must hold whichever way the person was erased. */
async function expectErased(of: World): Promise<void> {
  const { dora, ann, bob, own, other, left, direct, all } = of
  expect(await rowsWith(pair.database, wordsOf(of))).toEqual([])
  expect(await redisKeysWith(redis.url, wordsOf(of))).toEqual([])
  const hashes = 'SELECT count(*)::int AS count FROM events WHERE actor_id = $1 AND request_hash IS NOT NULL'
  expect(await pair.database.query(hashes, [keyOf(dora.id)])).toEqual([{ count: 0 }])

  for (const id of all) {
    const messages = await pair.database.query<{ seq: number; text: string | null }>(
      'SELECT seq, text FROM messages WHERE conversation_id = $1 ORDER BY seq',
      [keyOf(id)],
    )
    expect(messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6])
    expect(messages.map(({ text }) => text)).toEqual(['Kept 1', null, 'Kept 3', null, null, 'Kept 6'])
    for (const url of pair.urls) {
      const replay = await ann.at(url).conversationEvents(id, 0)
      await replay.waitFor(({ __typename }) => __typename === 'UserErased')
      expect(JSON.stringify(replay.events)).toContain('Kept 6')
      expect(wordsOf(of).filter((word) => JSON.stringify(replay.events).includes(word))).toEqual([])
      replay.cut()
    }
  }

  // Of her reactions nothing is left, nor of those to her messages; the counts are of the others.
  expect(await pair.database.query('SELECT FROM reactions WHERE user_id = $1', [keyOf(dora.id)])).toEqual([])
  const kinds = 'SELECT message_seq AS seq, emoji, count FROM reaction_kinds WHERE conversation_id = $1 AND count > 0'
  for (const id of all) {
    expect(await pair.database.query(kinds, [keyOf(id)])).toEqual([{ seq: 3, emoji: '👍', count: 1 }])
  }
  const toggled = `SELECT FROM events WHERE actor_id = $1 AND type = 'REACTION_TOGGLED' AND data ? 'kind'`
  expect(await pair.database.query(toggled, [keyOf(dora.id)])).toEqual([])

  // Nobody is told that a message mentioned her.
  for (const query of [
    'SELECT FROM mentions WHERE user_id = $1',
    'SELECT FROM messages WHERE $1 = ANY (mention_ids)',
  ]) {
    expect(await pair.database.query(query, [keyOf(dora.id)])).toEqual([])
  }
  const first = 'query ($id: ID!) { conversation(id: $id) { messages(first: 1) { nodes { mentions { id } } } } }'
  expect((await ask(ann, first, { id: own })).data).toEqual({
    conversation: { messages: { nodes: [{ mentions: [{ id: ann.id }] }] } },
  })

  const groups = `query ($id: ID!) { conversation(id: $id) { memberCount headSeq viewerEntry { unreadCount }
    members { nodes { role user { id } } } } }`
  for (const id of [own, other]) {
    const { data } = await ask<{ conversation: { members: { nodes: { role: string; user: { id: string } }[] } } }>(
      bob,
      groups,
      { id },
    )
    // Unread for him are the three of Ann's.
    expect(data?.conversation).toMatchObject({ memberCount: 2, headSeq: 6, viewerEntry: { unreadCount: 3 } })
    const members = data!.conversation.members.nodes
    expect(members.map(({ user }) => user.id).sort()).toEqual([ann.id, bob.id].sort())
    expect(members.filter(({ role }) => role === 'OWNER')).toHaveLength(1)
    await bob.send(id, 'Kept 7')
  }
  await ann.send(left, 'Kept 7')

  const send = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${errorFields} } }`
  const input = { conversationId: direct, text: 'Hello?', clientMessageId: 'a key of hers' }
  expect(await outcomeOf(ann, send, { input })).toBe('ConversationClosedError')

  const login = `mutation ($input: LoginInput!) { login(input: $input) { ${errorFields} } }`
  expect(await outcomeOf(ann, login, { input: { handle: dora.handle, password } })).toBe('InvalidCredentialsError')
  for (const url of pair.urls) {
    const codeOf = async () => (await ask(dora.at(url), '{ viewer { user { id } } }')).errors?.[0]?.extensions.code
    await expect.poll(codeOf, { timeout: 10_000 }).toBe('UNAUTHENTICATED')
  }

  // Nobody finds the person, or brings them back.
  const search = 'query ($query: String!) { searchUsers(query: $query) { nodes { id } } }'
  for (const query of [dora.handle, name, 'erased']) {
    expect((await ask(ann, search, { query })).data).toEqual({ searchUsers: { nodes: [] } })
  }
  const newGroup = { title: 'Again', memberIds: [dora.id], opKey: `group with ${dora.id}`.slice(0, 60) }
  const attempts: [string, object][] = [
    [`($input: StartDirectInput!) { startDirect(input: $input) { ${errorFields} } }`, { input: { userId: dora.id } }],
    [`($input: CreateGroupInput!) { createGroup(input: $input) { ${errorFields} } }`, { input: newGroup }],
    [
      `($id: ID!, $ids: [ID!]!) { addMembers(input: { conversationId: $id, userIds: $ids }) { ${errorFields} } }`,
      { id: left, ids: [dora.id] },
    ],
  ]
  for (const [mutation, variables] of attempts) {
    const by = mutation.includes('startDirect') ? bob : ann
    expect(await outcomeOf(by, `mutation ${mutation}`, variables)).toBe('NotFoundError')
  }
}

test('an ADMIN erases a person: their texts, keys and profile are nowhere, and everybody is told', async () => {
  const of = await world()
  const { dora, ann, bob, own, direct } = of
  expect((await rowsWith(pair.database, wordsOf(of))).length).toBeGreaterThan(10)
  const sockets = await Promise.all(pair.urls.map((url) => RawSocket.connect(dora.at(url))))
  const readers = await Promise.all(
    pair.urls.flatMap((url) => [
      ann.at(url).conversationEvents(direct),
      bob.at(url).conversationEvents(own),
      bob.at(url).inboxEvents(),
      Reader.open(bob.at(url), MessageEventsDocument, { conversationId: own, after: 0 }, (data) => data.messageEvents),
    ]),
  )

  expect(await eraseUser(ann, dora.id)).toBe('ForbiddenError')
  expect(await eraseUser(admin, ann.id.slice(0, -4) + 'AAAA')).toBe('NotFoundError')
  expect((await rowsWith(pair.database, wordsOf(of))).length).toBeGreaterThan(10)
  expect(await eraseUser(admin, dora.id)).toBe('EraseUserSuccess')

  for (const reader of readers) {
    await reader.waitFor((event) => event.__typename === 'UserErased' && event.user.id === dora.id, 'UserErased')
  }
  for (const socket of sockets) expect(await socket.closed).toBe(closeCodes.SESSION_ENDED)
  await expectErased(of)

  const heads = () => pair.database.query('SELECT id, head_event_seq, member_count FROM conversations ORDER BY id')
  const before = await heads()
  expect(await eraseUser(admin, dora.id)).toBe('EraseUserSuccess')
  expect(await heads()).toEqual(before)
})

test('an operator erases a person on the command line, and running servers tell their readers and end the sockets', async () => {
  const of = await world()
  const { dora, ann, bob, own, direct } = of
  const sockets = await Promise.all(pair.urls.map((url) => RawSocket.connect(dora.at(url))))
  const readers = await Promise.all(
    pair.urls.flatMap((url) => [ann.at(url).conversationEvents(direct), bob.at(url).conversationEvents(own)]),
  )
  expect((await runAdmin('erase-user', dora.handle)).stdout).toBe(`${dora.handle} is erased.\n`)
  for (const reader of readers) await reader.waitFor(({ __typename }) => __typename === 'UserErased')
  for (const socket of sockets) expect(await socket.closed).toBe(closeCodes.SESSION_ENDED)
  await expectErased(of)
})

test('an erasure that was begun by a process that died is finished by the others', async () => {
  const of = await world()
  const readers = await Promise.all(pair.urls.map((url) => of.ann.at(url).conversationEvents(of.direct)))
  await pair.database.query('SELECT parley_begin_erasure($1)', [keyOf(of.dora.id)])
  for (const reader of readers) await reader.waitFor(({ __typename }) => __typename === 'UserErased')
  const finished = 'SELECT erasure_finished_at IS NOT NULL AS done FROM users WHERE id = $1'
  await expect.poll(() => pair.database.query(finished, [keyOf(of.dora.id)])).toEqual([{ done: true }])
  await expectErased(of)
})

test('a login that was under way when the person was erased opens no session', async () => {
  const dora = await signUp(pair.urls[0], name)
  // Its password was checked before the erasure was committed, and its session is made after that.
  const held = await holdRows(pair.database, 'SELECT parley_begin_erasure($1)', [keyOf(dora.id)])
  const login = `mutation ($input: LoginInput!) { login(input: $input) { ${errorFields} } }`
  const outcome = outcomeOf(dora, login, { input: { handle: dora.handle, password } })
  await held.waitForBlocked(1)
  await held.release()
  expect(await outcome).toBe('InvalidCredentialsError')
  const live = 'SELECT count(*)::int AS count FROM sessions WHERE user_id = $1'
  expect(await pair.database.query(live, [keyOf(dora.id)])).toEqual([{ count: 0 }])
})

test('groups that the person left, or was removed from, without ever writing there are told as well, once', async () => {
  const [dora, ann, bob] = await Promise.all([
    signUp(pair.urls[0], name),
    signUp(pair.urls[0], 'Ann'),
    signUp(pair.urls[1], 'Bob'),
  ])
  const [left, removedFrom] = await Promise.all([ann.createGroup([dora, bob]), ann.createGroup([dora, bob])])
  const groups = [left, removedFrom]
  for (const id of groups) await dora.markRead(id, (await ann.send(id, 'Read by her')).message.seq)
  const variables = { left, removedFrom, userId: dora.id }
  const leave = `mutation ($left: ID!) { leaveConversation(input: { conversationId: $left }) { ${errorFields} } }`
  expect(await outcomeOf(dora, leave, variables)).toBe('LeaveConversationSuccess')
  const remove = `mutation ($removedFrom: ID!, $userId: ID!) {
    removeMember(input: { conversationId: $removedFrom, userId: $userId }) { ${errorFields} } }`
  expect(await outcomeOf(ann, remove, variables)).toBe('RemoveMemberSuccess')
  const readers = await Promise.all(
    pair.urls.flatMap((url) => [
      ...groups.map((id) => bob.at(url).conversationEvents(id, 0)),
      bob.at(url).inboxEvents(),
    ]),
  )
  for (const reader of readers.filter((_, index) => index % 3 < 2)) {
    await reader.waitFor(({ __typename }) => __typename === 'MemberLeft')
  }

  expect(await eraseUser(admin, dora.id)).toBe('EraseUserSuccess')
  for (const reader of readers) {
    await reader.waitFor((event) => event.__typename === 'UserErased' && event.user.id === dora.id, 'UserErased')
  }
  for (const id of groups) {
    for (const url of pair.urls) {
      const replay = await bob.at(url).conversationEvents(id, 0)
      await replay.waitFor(({ __typename }) => __typename === 'UserErased')
      expect(JSON.stringify(replay.events)).not.toMatch(/Xanthippe|Quetzal/)
    }
  }

  const told = () =>
    pair.database.query(
      `SELECT stream_id, count(*)::int AS count FROM events
        WHERE type = 'USER_ERASED' AND stream_id = ANY ($1::uuid[]) GROUP BY 1 ORDER BY 1`,
      [groups.map(keyOf)],
    )
  const once = groups.map((id) => ({ stream_id: keyOf(id), count: 1 }))
  expect(await told()).toEqual(once.sort((a, b) => (a.stream_id < b.stream_id ? -1 : 1)))
  expect(await eraseUser(admin, dora.id)).toBe('EraseUserSuccess')
  expect(await told()).toEqual(once)
  // Who was a member stays known.
  const member = 'SELECT count(*)::int AS count FROM members WHERE user_id = $1'
  expect(await pair.database.query(member, [keyOf(dora.id)])).toEqual([{ count: 2 }])
})
