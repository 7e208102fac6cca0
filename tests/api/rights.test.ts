import { parse } from 'graphql'
import { beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { change } from '../testkit/change.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { Reader } from '../testkit/reader.ts'
import { sharedServer } from '../testkit/shared.ts'

let url: string
let owner: Person
let admin: Person
let member: Person
let second: Person
let outsider: Person
beforeAll(async () => {
  url = (await sharedServer()).server.url
  ;[owner, admin, member, second, outsider] = (await Promise.all(
    ['Olga', 'Adam', 'Mia', 'Sam', 'Otto'].map((name) => signUp(url, name)),
  )) as [Person, Person, Person, Person, Person]
})

const nobody = Buffer.from('User:00000000-0000-7000-8000-000000000000').toString('base64url')

interface State {
  conversation: {
    title: string
    memberPermissions: string[]
    members: { nodes: { role: string; user: { displayName: string } }[] }
  } | null
}

async function stateFor(person: Person, id: string) {
  const query = `query ($id: ID!) { conversation(id: $id) { title memberPermissions
    members { nodes { role user { displayName } } } } }`
  const { data } = await ask<State>(person, query, { id })
  return data!.conversation!
}

const rolesIn = async (person: Person, id: string) =>
  Object.fromEntries((await stateFor(person, id)).members.nodes.map(({ role, user }) => [user.displayName, role]))

/** A group in which Adam is an admin, Mia and Sam are plain members. */
async function group(): Promise<string> {
  const conversationId = await owner.createGroup([admin, member, second])
  await setRole(owner, conversationId, admin, 'ADMIN')
  return conversationId
}

const setRole = (person: Person, conversationId: string, target: { id: string }, role: string) =>
  change(person, 'setMemberRole', { conversationId, userId: target.id, role })
const transfer = (person: Person, conversationId: string, target: { id: string }) =>
  change(person, 'transferOwnership', { conversationId, userId: target.id })
const permit = (person: Person, conversationId: string, memberPermissions: string[]) =>
  change(person, 'setMemberPermissions', { conversationId, memberPermissions })

describe('a role', () => {
  test('is given and taken by the owner alone, and never to themselves', async () => {
    const id = await group()
    expect(await rolesIn(member, id)).toEqual({ Olga: 'OWNER', Adam: 'ADMIN', Mia: 'MEMBER', Sam: 'MEMBER' })
    for (const [who, target] of [
      [admin, member],
      [admin, owner],
      [admin, admin],
      [member, second],
      [member, member],
      [owner, owner],
    ] as const) {
      for (const role of ['ADMIN', 'MEMBER']) {
        expect(await setRole(who, id, target, role)).toMatchObject({ __typename: 'ForbiddenError', code: 'FORBIDDEN' })
      }
    }
    expect(await setRole(owner, id, admin, 'MEMBER')).toEqual({ __typename: 'SetMemberRoleSuccess' })
    expect(await setRole(owner, id, admin, 'MEMBER')).toEqual({ __typename: 'SetMemberRoleSuccess' })
    expect(await rolesIn(member, id)).toEqual({ Olga: 'OWNER', Adam: 'MEMBER', Mia: 'MEMBER', Sam: 'MEMBER' })
  })

  test('of an owner is handed over, not given', async () => {
    const id = await group()
    expect(await setRole(owner, id, admin, 'OWNER')).toMatchObject({
      __typename: 'ValidationError',
      reason: expect.stringContaining('transferOwnership') as string,
    })
    for (const who of [admin, member]) {
      for (const target of [who, second])
        expect(await transfer(who, id, target)).toMatchObject({ __typename: 'ForbiddenError' })
    }
    expect(await transfer(owner, id, member)).toEqual({ __typename: 'TransferOwnershipSuccess' })
    expect(await rolesIn(member, id)).toEqual({ Olga: 'ADMIN', Adam: 'ADMIN', Mia: 'OWNER', Sam: 'MEMBER' })
    // The answer was lost, and the client asks again.
    expect(await transfer(owner, id, member)).toEqual({ __typename: 'TransferOwnershipSuccess' })
    expect(await transfer(owner, id, second)).toMatchObject({ __typename: 'ForbiddenError' })
  })

  test('is nothing in a direct conversation, and of nobody who is not in the group', async () => {
    const direct = await owner.startDirect(member)
    expect(await setRole(owner, direct, member, 'ADMIN')).toMatchObject({ __typename: 'ForbiddenError' })
    expect(await transfer(owner, direct, member)).toMatchObject({ __typename: 'ForbiddenError' })
    const id = await group()
    for (const target of [outsider, { id: nobody }, { id }]) {
      expect(await setRole(owner, id, target, 'ADMIN')).toMatchObject({ __typename: 'NotFoundError' })
      expect(await transfer(owner, id, target)).toMatchObject({ __typename: 'NotFoundError' })
    }
    expect(await setRole(outsider, id, member, 'ADMIN')).toMatchObject({ __typename: 'NotFoundError' })
    expect(await transfer(outsider, id, member)).toMatchObject({ __typename: 'NotFoundError' })
    expect(await permit(outsider, id, ['ADD'])).toMatchObject({ __typename: 'NotFoundError' })
  })

  test('that changed is in the ConversationUpdated', async () => {
    const id = await group()
    const query = `subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { __typename cursor { eventSeq }
      ... on ConversationUpdated { changedMembers { role user { id } } } } }`
    await transfer(owner, id, member)
    await permit(member, id, ['RENAME'])
    await change(member, 'leaveConversation', { conversationId: id })
    const { events } = await readAll(admin, query, { id }, 5)
    expect(
      events.map(({ changedMembers }) => changedMembers?.map(({ user, role }) => [user.id, role]) ?? null),
    ).toEqual([
      [[admin.id, 'ADMIN']],
      // As they are now: Mia has left since.
      [[owner.id, 'OWNER']],
      [],
      null,
      [[owner.id, 'OWNER']],
    ])
  })
})

/** Reads a subscription until it has given so many events. */
async function readAll(person: Person, query: string, variables: object, count: number) {
  interface Event {
    __typename: string
    changedMembers?: { role: string; user: { id: string } }[]
  }
  const reader = await Reader.open<{ conversationEvents: Event }, object, Event>(
    person,
    parse(query),
    variables,
    (data) => data.conversationEvents,
  )
  const events = [...(await reader.waitForCount(count))]
  reader.cut()
  return { events }
}

describe('what plain members may do', () => {
  const tries: [right: string, change: (id: string) => Promise<{ __typename: string }>][] = [
    ['ADD', (id) => change(member, 'addMembers', { conversationId: id, userIds: [outsider.id] })],
    ['RENAME', (id) => change(member, 'renameConversation', { conversationId: id, title: 'By a member' })],
    ['REMOVE', (id) => change(member, 'removeMember', { conversationId: id, userId: second.id })],
    [
      'DELETE_OTHERS',
      async (id) => {
        const { message } = await owner.send(id, 'To be deleted')
        return change(member, 'deleteMessage', { messageId: message.id, opKey: newKey() })
      },
    ],
    [
      'PIN',
      async (id) => {
        const { message } = await owner.send(id, 'To be pinned')
        return change(member, 'pinMessage', { messageId: message.id, pinned: true, opKey: newKey() })
      },
    ],
    [
      'MENTION_EVERYONE',
      (id) =>
        change(member, 'sendMessage', {
          conversationId: id,
          clientMessageId: newKey(),
          text: 'All',
          mentionEveryone: true,
        }),
    ],
  ]

  test.each(tries)('is by default not to %s; the owner permits it, and takes it back', async (right, attempt) => {
    const id = await group()
    expect((await stateFor(member, id)).memberPermissions).toEqual([])
    const refused = await attempt(id)
    expect(refused.__typename).toMatch(/^(Forbidden|Validation)Error$/)
    for (const who of [admin, member]) expect(await permit(who, id, [right])).toMatchObject({ code: 'FORBIDDEN' })
    expect(await permit(owner, id, [right, right])).toEqual({ __typename: 'SetMemberPermissionsSuccess' })
    expect((await stateFor(member, id)).memberPermissions).toEqual([right])
    expect((await attempt(id)).__typename).toMatch(/Success$/)
    expect(await permit(owner, id, [])).toEqual({ __typename: 'SetMemberPermissionsSuccess' })
    expect((await attempt(id)).__typename).toMatch(/Error$/)
  })

  test('reaches neither the owner nor an admin', async () => {
    const id = await group()
    await permit(owner, id, ['ADD', 'REMOVE', 'RENAME', 'PIN', 'DELETE_OTHERS', 'MENTION_EVERYONE'])
    for (const target of [owner, admin]) {
      expect(await change(member, 'removeMember', { conversationId: id, userId: target.id })).toMatchObject({
        code: 'FORBIDDEN',
      })
    }
    expect(await setRole(member, id, second, 'ADMIN')).toMatchObject({ code: 'FORBIDDEN' })
    expect(await permit(member, id, [])).toMatchObject({ code: 'FORBIDDEN' })
  })
})
