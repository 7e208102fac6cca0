import { beforeAll, describe, expect, test } from 'vitest'
import {
  AddMembersDocument,
  ConversationDocument,
  CreateGroupDocument,
  DeleteMessageDocument,
  EditMessageDocument,
  LeaveConversationDocument,
  MembersDocument,
  RemoveMemberDocument,
  RenameConversationDocument,
  SearchUsersDocument,
  SendMessageDocument,
  StartDirectDocument,
  type CreateGroupInput,
  type MembersQuery,
} from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors, expectSubstance, follow, followInbox } from '../testkit/api.ts'
import type { TestDatabase } from '../testkit/database.ts'
import { connect, expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

type MembersPage = NonNullable<MembersQuery['conversation']>['members']
type EditPolicy = NonNullable<CreateGroupInput['editPolicy']>

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

/** The uuid inside a global id: for SQL only. */
const uuidOf = (id: string) => Buffer.from(id, 'base64url').toString().split(':')[1] ?? ''
const nothing = Buffer.from('Conversation:00000000-0000-7000-8000-000000000000').toString('base64url')
const nobody = Buffer.from('User:00000000-0000-7000-8000-000000000000').toString('base64url')

const startDirect = async (person: Person, userId: string) =>
  (await person.client.request(StartDirectDocument, { input: { userId } })).startDirect
const createGroup = async (person: Person, input: Partial<CreateGroupInput>) => {
  const full = { title: 'A group', memberIds: [], opKey: newKey(), ...input }
  return (await person.client.request(CreateGroupDocument, { input: full })).createGroup
}
const rename = async (person: Person, conversationId: string, title: string) =>
  (await person.client.request(RenameConversationDocument, { input: { conversationId, title } })).renameConversation
const add = async (person: Person, conversationId: string, ...people: (Person | string)[]) => {
  const userIds = people.map((one) => (typeof one === 'string' ? one : one.id))
  return (await person.client.request(AddMembersDocument, { input: { conversationId, userIds } })).addMembers
}
const remove = async (person: Person, conversationId: string, target: Person | string) => {
  const userId = typeof target === 'string' ? target : target.id
  return (await person.client.request(RemoveMemberDocument, { input: { conversationId, userId } })).removeMember
}
const leave = async (person: Person, conversationId: string) =>
  (await person.client.request(LeaveConversationDocument, { input: { conversationId } })).leaveConversation
const read = async (person: Person, id: string) =>
  (await person.client.request(ConversationDocument, { id })).conversation

const rolesIn = async (person: Person, id: string) => {
  const { conversation } = await person.client.request(MembersDocument, { id })
  return Object.fromEntries((conversation?.members.nodes ?? []).map(({ user, role }) => [user.displayName, role]))
}

const makeAdmin = (conversationId: string, person: Person) =>
  database.query(`UPDATE members SET role = 'ADMIN' WHERE conversation_id = $1 AND user_id = $2`, [
    uuidOf(conversationId),
    uuidOf(person.id),
  ])

interface Refusal {
  __typename?: string
  code?: string
  reason?: string
}

function expectRefusal(result: Refusal, typename: string, code: string): void {
  expect(result).toMatchObject({ __typename: typename, code })
  expectSubstance(result.reason ?? '')
}
const expectForbidden = (result: Refusal) => {
  expectRefusal(result, 'ForbiddenError', 'FORBIDDEN')
}
const expectNotFound = (result: Refusal) => {
  expectRefusal(result, 'NotFoundError', 'NOT_FOUND')
}

describe('a direct conversation', () => {
  test('is one for each pair, whoever starts it and however often, also at once', async () => {
    const [one, two] = await Promise.all([signUp(server.url, 'One'), signUp(server.url, 'Two')])
    const ids = await Promise.all([
      one.startDirect(two),
      two.startDirect(one),
      one.startDirect(two),
      two.startDirect(one),
    ])
    expect(new Set([...ids, await one.startDirect(two), await two.startDirect(one)]).size).toBe(1)
    const seenByOne = await read(one, ids[0])
    expect(seenByOne).toMatchObject({
      kind: 'DIRECT',
      title: null,
      editPolicy: 'ANYTIME',
      headSeq: 0,
      memberCount: 2,
      cursor: { streamId: ids[0], eventSeq: 0 },
      peer: { id: two.id },
      viewerEntry: { unreadCount: 0, lastReadSeq: 0, mutedUntil: null, archived: false, pinned: false },
    })
    expect(await read(two, ids[0])).toMatchObject({ peer: { id: one.id } })
    expect(await rolesIn(one, ids[0])).toEqual({ One: 'MEMBER', Two: 'MEMBER' })
  })

  test('needs another person who exists', async () => {
    const alone = await startDirect(ann, ann.id)
    expectRefusal(alone, 'ValidationError', 'VALIDATION_ERROR')
    for (const id of [nobody, nothing, '', 'nonsense', await ann.startDirect(bob)]) {
      expectNotFound(await startDirect(ann, id))
    }
  })

  test('can be left, renamed and extended by neither of the two', async () => {
    const id = await ann.startDirect(bob)
    for (const person of [ann, bob]) {
      expectForbidden(await leave(person, id))
      expectForbidden(await rename(person, id, 'A title'))
      expectForbidden(await add(person, id, cleo))
      expectForbidden(await remove(person, id, ann))
    }
    expect(await read(ann, id)).toMatchObject({ memberCount: 2, title: null })
  })
})

describe('a group', () => {
  test('begins with its maker as owner and the people named as members', async () => {
    const { conversation } = expectType(
      await createGroup(ann, { title: '  The three of us ', memberIds: [bob.id, cleo.id, bob.id, ann.id] }),
      'CreateGroupSuccess',
    )
    expect(conversation).toMatchObject({ kind: 'GROUP', title: 'The three of us', memberCount: 3, peer: null })
    expect(await rolesIn(bob, conversation.id)).toEqual({ Ann: 'OWNER', Bob: 'MEMBER', Cleo: 'MEMBER' })
  })

  test('can begin with nobody else in it', async () => {
    const { conversation } = expectType(await createGroup(ann, { memberIds: [] }), 'CreateGroupSuccess')
    expect(conversation.memberCount).toBe(1)
  })

  test('is not made when somebody named does not exist', async () => {
    for (const id of [nobody, nothing, 'nonsense', '']) {
      expectNotFound(await createGroup(ann, { memberIds: [bob.id, id] }))
    }
  })

  test('is made once for each key, and a key for something else is refused', async () => {
    const input = { title: 'Once', memberIds: [bob.id, cleo.id], opKey: newKey() }
    const results = await Promise.all([1, 2, 3].map(() => createGroup(ann, input)))
    const ids = results.map((result) => expectType(result, 'CreateGroupSuccess').conversation.id)
    // The same people in another order are the same request.
    const again = await createGroup(ann, { ...input, memberIds: [cleo.id, bob.id] })
    expect(new Set([...ids, expectType(again, 'CreateGroupSuccess').conversation.id]).size).toBe(1)
    for (const other of [{ title: 'Twice' }, { memberIds: [bob.id] }, { editPolicy: 'NEVER' as const }]) {
      expectRefusal(await createGroup(ann, { ...input, ...other }), 'OpKeyReusedError', 'OP_KEY_REUSED')
    }
    const message = { conversationId: ids[0] ?? '', text: 'Hello', clientMessageId: input.opKey }
    const { sendMessage } = await ann.client.request(SendMessageDocument, { input: message })
    expectRefusal(sendMessage, 'OpKeyReusedError', 'OP_KEY_REUSED')
    // Keys are everybody's own.
    const theirs = expectType(await createGroup(bob, { ...input, memberIds: [] }), 'CreateGroupSuccess')
    expect(ids).not.toContain(theirs.conversation.id)
  })

  test.each([
    ['an empty title', { title: '' }, 'title'],
    ['a title of spaces', { title: ' \t\n ' }, 'title'],
    ['a title of 121 characters', { title: 'x'.repeat(121) }, 'title'],
    ['a title with a NUL', { title: 'a\0' }, 'title'],
    ['a title with a lone surrogate', { title: '\udc00' }, 'title'],
    ['a key of seven characters', { opKey: '1234567' }, 'opKey'],
    ['a key of 65 characters', { opKey: 'k'.repeat(65) }, 'opKey'],
    ['1,001 members', { memberIds: Array.from({ length: 1001 }, () => 'x') }, 'memberIds'],
  ])('is refused with %s', async (_name, wrong, field) => {
    const query = `mutation ($input: CreateGroupInput!) { createGroup(input: $input) {
      __typename ... on ValidationError { code reason fields { path } } } }`
    const input = { title: 'A group', memberIds: [], opKey: newKey(), ...wrong }
    const { data } = await ask(ann, query, { input })
    expect(data).toMatchObject({ createGroup: { code: 'VALIDATION_ERROR', fields: [{ path: ['input', field] }] } })
  })

  test('is renamed by its owner and admins, not by members, and does not exist for others', async () => {
    const id = await ann.createGroup([bob, cleo])
    await makeAdmin(id, bob)
    const live = await follow(cleo, id)
    expect(expectType(await rename(ann, id, 'By Ann'), 'RenameConversationSuccess').conversation.title).toBe('By Ann')
    expectType(await rename(bob, id, ' By Bob '), 'RenameConversationSuccess')
    expectForbidden(await rename(cleo, id, 'By Cleo'))
    expectNotFound(await rename(outsider, id, 'By Otto'))
    expectNotFound(await rename(ann, nothing, 'Nothing'))
    for (const title of ['', '  ', 'x'.repeat(121), 'a\0']) {
      expectRefusal(await rename(ann, id, title), 'ValidationError', 'VALIDATION_ERROR')
    }
    // The same title again changes nothing, and so tells nothing.
    expectType(await rename(ann, id, 'By Bob'), 'RenameConversationSuccess')
    expectType(await rename(ann, id, 'The end'), 'RenameConversationSuccess')
    const events = await live.waitForCount(3)
    expect(events.map((event) => event.__typename)).toEqual(Array.from({ length: 3 }, () => 'ConversationUpdated'))
    expect(events.at(-1)).toMatchObject({ conversation: { title: 'The end' }, cursor: { eventSeq: 3 } })
    live.cut()
  })

  test('takes new members from its owner and admins; who is in it already stays as they are', async () => {
    const id = await ann.createGroup([bob])
    const live = await follow(bob, id)
    expectForbidden(await add(bob, id, cleo))
    expectNotFound(await add(outsider, id, cleo))
    expectNotFound(await add(ann, id, cleo, nobody))
    expectNotFound(await add(ann, id, 'nonsense'))
    expect(await read(ann, id)).toMatchObject({ memberCount: 2 })
    expectRefusal(await add(ann, id), 'ValidationError', 'VALIDATION_ERROR')
    expect(expectType(await add(ann, id, cleo, cleo, bob), 'AddMembersSuccess').conversation.memberCount).toBe(3)
    await makeAdmin(id, bob)
    expectType(await add(bob, id, outsider, ann), 'AddMembersSuccess')
    expect(await rolesIn(cleo, id)).toEqual({ Ann: 'OWNER', Bob: 'ADMIN', Cleo: 'MEMBER', Otto: 'MEMBER' })
    expect(await live.waitForCount(2)).toMatchObject([
      { __typename: 'MemberJoined', user: { id: cleo.id }, by: { id: ann.id } },
      { __typename: 'MemberJoined', user: { id: outsider.id }, by: { id: bob.id } },
    ])
    live.cut()
  })

  test('loses members to its owner, plain members to its admins, nobody to a member', async () => {
    const id = await ann.createGroup([bob, cleo, outsider])
    await makeAdmin(id, bob)
    await makeAdmin(id, cleo)
    expectForbidden(await remove(bob, id, ann))
    expectForbidden(await remove(bob, id, cleo))
    expectForbidden(await remove(outsider, id, bob))
    expectNotFound(await remove(ann, id, nobody))
    expectNotFound(await remove(ann, id, 'nonsense'))
    expect(expectType(await remove(bob, id, outsider), 'RemoveMemberSuccess').conversation.memberCount).toBe(3)
    expectNotFound(await remove(bob, id, outsider))
    expectNotFound(await remove(outsider, id, bob))
    expectType(await remove(ann, id, cleo), 'RemoveMemberSuccess')
    expect(await rolesIn(ann, id)).toEqual({ Ann: 'OWNER', Bob: 'ADMIN' })
    expect(await read(ann, id)).toMatchObject({ memberCount: 2 })
  })

  test('is left by anybody, once, and is gone for them then', async () => {
    const id = await ann.createGroup([bob, cleo])
    const live = await follow(ann, id)
    const own = await followInbox(bob)
    expect(expectType(await leave(bob, id), 'LeaveConversationSuccess').conversationId).toBe(id)
    expectNotFound(await leave(bob, id))
    expectNotFound(await leave(outsider, id))
    expect(await read(bob, id)).toBeNull()
    expect(await live.waitForCount(1)).toMatchObject([{ __typename: 'MemberLeft', user: { id: bob.id }, by: null }])
    const change = await own.waitFor((event) => event.__typename === 'InboxEntryChanged')
    expect(change).toMatchObject({ conversationId: id, entry: null })
    live.cut()
    own.cut()
  })

  test('goes from an owner who leaves to the admin, else to the member who has been there longest', async () => {
    const id = await ann.createGroup([])
    for (const person of [cleo, bob, outsider]) await add(ann, id, person)
    await makeAdmin(id, outsider)
    const live = await follow(bob, id)
    expectType(await leave(ann, id), 'LeaveConversationSuccess')
    expect(await rolesIn(bob, id)).toEqual({ Cleo: 'MEMBER', Bob: 'MEMBER', Otto: 'OWNER' })
    expect((await live.waitForCount(2)).map((event) => event.__typename)).toEqual(['MemberLeft', 'ConversationUpdated'])
    live.cut()
    expectType(await leave(outsider, id), 'LeaveConversationSuccess')
    expect(await rolesIn(bob, id)).toEqual({ Cleo: 'OWNER', Bob: 'MEMBER' })
    expectType(await leave(cleo, id), 'LeaveConversationSuccess')
    expectType(await leave(bob, id), 'LeaveConversationSuccess')
    expectNotFound(await add(bob, id, ann))
  })

  test('has nothing unread for somebody who comes back, as a plain member, and no news from the time between', async () => {
    const id = await ann.createGroup([bob])
    await makeAdmin(id, bob)
    await ann.send(id, 'before')
    expect((await read(bob, id))?.viewerEntry?.unreadCount).toBe(1)
    await remove(ann, id, bob)
    await ann.send(id, 'while Bob is away')
    expectType(await add(ann, id, bob), 'AddMembersSuccess')
    expect((await read(bob, id))?.viewerEntry).toMatchObject({ unreadCount: 0, lastReadSeq: 2, archived: false })
    expect(await rolesIn(bob, id)).toEqual({ Ann: 'OWNER', Bob: 'MEMBER' })
    const live = await follow(bob, id)
    await ann.send(id, 'after')
    expect(await live.waitForCount(1)).toMatchObject([{ __typename: 'MessageSent', message: { text: 'after' } }])
    expect((await read(bob, id))?.viewerEntry?.unreadCount).toBe(1)
    live.cut()
  })
})

test('members come in pages, in the order they joined, each once', async () => {
  const people = await Promise.all(Array.from({ length: 7 }, (_, index) => signUp(server.url, `Member ${index}`)))
  const id = await ann.createGroup([])
  for (const person of people) await add(ann, id, person)
  const seen: string[] = []
  const sizes: number[] = []
  let after: string | null = null
  for (;;) {
    const { conversation }: MembersQuery = await ann.client.request(MembersDocument, { id, first: 3, after })
    const { nodes, pageInfo }: MembersPage = conversation!.members
    seen.push(...nodes.map((member) => member.user.id))
    sizes.push(nodes.length)
    after = pageInfo.endCursor
    if (!pageInfo.hasNextPage) break
  }
  expect(sizes).toEqual([3, 3, 2])
  expect(seen).toEqual([ann.id, ...people.map((person) => person.id)])
  const whole = await ann.client.request(MembersDocument, { id, first: 8 })
  expect(whole.conversation?.members.pageInfo.hasNextPage).toBe(false)
})

describe('the edit policy', () => {
  const edit = async (person: Person, messageId: string) =>
    (await person.client.request(EditMessageDocument, { input: { messageId, text: 'changed', opKey: newKey() } }))
      .editMessage
  const erase = async (person: Person, messageId: string) =>
    (await person.client.request(DeleteMessageDocument, { input: { messageId, opKey: newKey() } })).deleteMessage
  const groupWith = async (editPolicy?: EditPolicy) => {
    const result = await createGroup(ann, { memberIds: [bob.id, cleo.id], ...(editPolicy && { editPolicy }) })
    const { conversation } = expectType(result, 'CreateGroupSuccess')
    expect(conversation.editPolicy).toBe(editPolicy ?? 'ANYTIME')
    return conversation.id
  }
  const lockedBy = async (messageId: string, policy: EditPolicy) => {
    for (const result of [await edit(bob, messageId), await erase(bob, messageId)]) {
      expectRefusal(result, 'MessageLockedError', 'MESSAGE_LOCKED')
    }
    const { data } = await ask(
      bob,
      `mutation ($input: EditMessageInput!) { editMessage(input: $input) { ... on MessageLockedError { policy } } }`,
      { input: { messageId, text: 'changed', opKey: newKey() } },
    )
    expect(data).toEqual({ editMessage: { policy } })
    // A manager of the group may still take the message away.
    expectForbidden(await edit(ann, messageId))
    expectType(await erase(ann, messageId), 'DeleteMessageSuccess')
  }
  const age = (conversationId: string, seq: number, interval: string) =>
    database.query('UPDATE messages SET created_at = now() - $3::interval WHERE conversation_id = $1 AND seq = $2', [
      uuidOf(conversationId),
      seq,
      interval,
    ])

  test('ANYTIME, which is the default, allows it after any time and though all have read it', async () => {
    const id = await groupWith()
    const { message } = await bob.send(id, 'Hello')
    await Promise.all([ann.markRead(id, 1), cleo.markRead(id, 1)])
    await age(id, 1, '10 years')
    expectType(await edit(bob, message.id), 'EditMessageSuccess')
    expectType(await erase(bob, message.id), 'DeleteMessageSuccess')
  })

  test('UNTIL_READ allows it until the first other person has read it', async () => {
    const id = await groupWith('UNTIL_READ')
    const { message } = await bob.send(id, 'Hello')
    await age(id, 1, '1 day')
    await bob.markRead(id, 1)
    expectType(await edit(bob, message.id), 'EditMessageSuccess')
    await cleo.markRead(id, 1)
    await lockedBy(message.id, 'UNTIL_READ')
    const { message: next } = await bob.send(id, 'Not read yet')
    expectType(await erase(bob, next.id), 'DeleteMessageSuccess')
  })

  test('WITHIN_15_MINUTES allows it for so long', async () => {
    const id = await groupWith('WITHIN_15_MINUTES')
    const { message } = await bob.send(id, 'Hello')
    await cleo.markRead(id, 1)
    await age(id, 1, '14 minutes 50 seconds')
    expectType(await edit(bob, message.id), 'EditMessageSuccess')
    await age(id, 1, '15 minutes')
    await lockedBy(message.id, 'WITHIN_15_MINUTES')
  })

  test('NEVER allows it at no time', async () => {
    const id = await groupWith('NEVER')
    const { message } = await bob.send(id, 'Hello')
    await lockedBy(message.id, 'NEVER')
  })
})

describe('searching people', () => {
  const search = async (query: string, first?: number, after?: string | null) =>
    (await ann.client.request(SearchUsersDocument, { query, first, after })).searchUsers
  const handles = async (query: string) => (await search(query)).nodes.map((user) => user.handle)
  const register = async (handle: string, displayName: string) => {
    const query = `mutation ($input: RegisterInput!) { register(input: $input) { __typename } }`
    const input = { handle, displayName, password: 'correct horse battery' }
    expect((await ask(server.url, query, { input })).data).toEqual({ register: { __typename: 'RegisterSuccess' } })
  }

  test('finds them by any part of the handle or of the name, in any case, with and without accents, sorted by handle', async () => {
    await register('zoe.b', 'Person one')
    await register('zoe.a', 'Person two')
    await register('other.zoe', 'ZOË and Zoe')
    await register('alias', 'Zoe.named so')
    expect(await handles('zoe')).toEqual(['alias', 'other.zoe', 'zoe.a', 'zoe.b'])
    expect(await handles('  ZOE. ')).toEqual(['alias', 'zoe.a', 'zoe.b'])
    for (const [part, ...whose] of [
      ['oë.n', 'alias'],
      ['her.z', 'other.zoe'],
      ['Ë AND', 'other.zoe'],
      ['@zoe.a', 'zoe.a'],
      ['.a', 'zoe.a'],
    ]) {
      expect(await handles(part!), part).toEqual(whose)
    }
    expect(await handles('zoenamed')).toEqual([])
    expect(await handles('zoë')).toEqual(['alias', 'other.zoe', 'zoe.a', 'zoe.b'])
    expect(await handles('zoë A')).toEqual(['other.zoe'])
    expect(await handles('zoe.a')).toEqual(['zoe.a'])
    expect(await handles('nobody at all')).toEqual([])
  })

  test('shows first those with whom the viewer shares most conversations, in pages too', async () => {
    const people = await Promise.all(['d', 'c', 'b', 'a'].map((name) => signUp(server.url, `Quokka ${name}`)))
    const [none, one, two, gone] = people as [Person, Person, Person, Person]
    const first = await ann.createGroup([one, two, gone])
    await ann.startDirect(two)
    await none.createGroup([gone])
    const remove = `mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { __typename } }`
    await ask(ann, remove, { input: { conversationId: first, userId: gone.id } })
    const rest = [none.handle, gone.handle].sort()
    expect(await handles('uokk')).toEqual([two.handle, one.handle, ...rest])
    const seen: string[] = []
    for (let after: string | null = null; seen.length < 4;) {
      const page = await search('quokka', 1, after)
      seen.push(...page.nodes.map(({ handle }) => handle))
      after = page.pageInfo.endCursor ?? null
      expect(page.pageInfo.hasNextPage).toBe(seen.length < 4)
    }
    expect(seen).toEqual([two.handle, one.handle, ...rest])
  })

  test('takes the signs of patterns for what they are', async () => {
    await register('wild_card', 'Wild')
    await register('wildxcard', 'Wild too')
    await register('percent', '100% sure')
    await register('backslash', 'back\\slash')
    expect(await handles('wild_c')).toEqual(['wild_card'])
    expect(await handles('wild%')).toEqual([])
    expect(await handles('%')).toEqual(['percent'])
    expect(await handles('d_c')).toEqual(['wild_card'])
    expect(await handles('100%')).toEqual(['percent'])
    expect(await handles('100_')).toEqual([])
    expect(await handles('back\\s')).toEqual(['backslash'])
    expect(await handles('\\')).toEqual(['backslash'])
    expect(await handles("'; drop table users; --")).toEqual([])
  })

  test('answers in pages', async () => {
    for (let index = 0; index < 5; index++) await register(`paged.${index}`, 'Paged')
    const one = await search('paged.', 2)
    expect(one.nodes.map((user) => user.handle)).toEqual(['paged.0', 'paged.1'])
    expect(one.pageInfo.hasNextPage).toBe(true)
    const two = await search('paged.', 2, one.pageInfo.endCursor)
    expect(two.nodes.map((user) => user.handle)).toEqual(['paged.2', 'paged.3'])
    const three = await search('paged.', 2, two.pageInfo.endCursor)
    expect(three.nodes.map((user) => user.handle)).toEqual(['paged.4'])
    expect(three.pageInfo.hasNextPage).toBe(false)
  })

  test('needs a person who asks, and 1 to 64 characters, of which one is more than a mark', async () => {
    const query = 'query ($query: String!) { searchUsers(query: $query) { nodes { id } } }'
    expectErrors(await ask(server.url, query, { query: 'zoe' }), 'UNAUTHENTICATED')
    for (const text of ['', '   ', 'x'.repeat(65), 'a\0', '\ud800', '\u200b', '\ufe0f \u0301']) {
      const [error] = expectErrors(await ask(ann, query, { query: text }), 'VALIDATION_ERROR')
      expect(error?.extensions.fields).toMatchObject([{ path: ['query'] }])
    }
  })
})

describe('node and nodes', () => {
  const nodes = async (person: Person, ids: string[]) => {
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id
      ... on Conversation { title } ... on Message { text } ... on User { handle } } }`
    return (await ask<{ nodes: unknown[] }>(person, query, { ids })).data?.nodes
  }

  test('give people to anybody, conversations and messages to members, and null for all else, in order', async () => {
    const group = await ann.createGroup([bob], 'Ours')
    const { message } = await ann.send(group, 'Hello')
    const ids = [message.id, nothing, group, nobody, cleo.id, '', 'nonsense', message.id]
    const person = { __typename: 'User', id: cleo.id, handle: cleo.handle }
    const text = { __typename: 'Message', id: message.id, text: 'Hello' }
    const conversation = { __typename: 'Conversation', id: group, title: 'Ours' }
    expect(await nodes(bob, ids)).toEqual([text, null, conversation, null, person, null, null, text])
    expect(await nodes(cleo, ids)).toEqual([null, null, null, null, person, null, null, null])
    const query = `query ($id: ID!) { node(id: $id) { __typename id } }`
    expect((await ask(bob, query, { id: message.id })).data).toEqual({
      node: { __typename: 'Message', id: message.id },
    })
    expect((await ask(cleo, query, { id: message.id })).data).toEqual({ node: null })
    await remove(ann, group, bob)
    expect(await nodes(bob, [group, message.id])).toEqual([null, null])
  })

  test('take 100 ids at the most, and ids without a person who asks not at all', async () => {
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`
    expect(
      await nodes(
        ann,
        Array.from({ length: 100 }, () => bob.id),
      ),
    ).toHaveLength(100)
    const [error] = expectErrors(
      await ask(ann, query, { ids: Array.from({ length: 101 }, () => bob.id) }),
      'VALIDATION_ERROR',
    )
    expect(error?.extensions.fields).toMatchObject([{ path: ['ids'] }])
    expectErrors(await ask(server.url, query, { ids: [bob.id] }), 'UNAUTHENTICATED')
    expectErrors(await ask(server.url, query, { ids: [] }), 'UNAUTHENTICATED')
  })
})

test('a conversation that is not the viewer’s is answered exactly like one that does not exist', async () => {
  const group = await ann.createGroup([bob])
  const { message } = await ann.send(group, 'Secret')
  const nowhere = Buffer.from('Message:00000000-0000-7000-8000-000000000000/1').toString('base64url')
  const asOutsider = connect(server.url, () => outsider.session.accessToken)
  expect(await asOutsider.request(ConversationDocument, { id: group })).toEqual({ conversation: null })
  const writes = (conversationId: string, messageId: string) => [
    ['renameConversation(input: { conversationId: $c, title: "X" })', conversationId],
    ['addMembers(input: { conversationId: $c, userIds: [$c] })', conversationId],
    ['leaveConversation(input: { conversationId: $c })', conversationId],
    ['markRead(input: { conversationId: $c, seq: 1 })', conversationId],
    ['markDelivered(input: { conversationId: $c, seq: 1 })', conversationId],
    ['updateInboxEntry(input: { conversationId: $c, pinned: true })', conversationId],
    ['sendMessage(input: { conversationId: $c, clientMessageId: "12345678", text: "Hi" })', conversationId],
    ['editMessage(input: { messageId: $c, text: "Hi", opKey: "12345678" })', messageId],
    ['deleteMessage(input: { messageId: $c, opKey: "12345678" })', messageId],
  ]
  const answersFor = (targets: (string | undefined)[][]) =>
    Promise.all(
      targets.map(async ([field, id]) => {
        const query = `mutation ($c: ID!) { it: ${field} { __typename ... on Error { code reason } } }`
        return (await ask(outsider, query, { c: id })).data
      }),
    )
  const foreign = await answersFor(writes(group, message.id))
  expect(foreign).toEqual(await answersFor(writes(nothing, nowhere)))
  for (const answer of foreign) expect(answer).toMatchObject({ it: { __typename: 'NotFoundError' } })
})
