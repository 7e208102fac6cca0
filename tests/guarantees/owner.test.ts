import { beforeAll, expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { change } from '../testkit/change.ts'
import type { Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { sharedPair } from '../testkit/shared.ts'

/* A group has one owner, whatever happens at once in whichever process. */

let pair: Pair
let people: Person[]
beforeAll(async () => {
  pair = await sharedPair()
  people = await Promise.all([0, 1, 0, 1].map((place) => signUp(pair.urls[place]!)))
})

interface Members {
  conversation: { members: { nodes: { role: string; user: { id: string } }[] } } | null
}

async function rolesIn(person: Person, id: string): Promise<Map<string, string>> {
  const query = 'query ($id: ID!) { conversation(id: $id) { members { nodes { role user { id } } } } }'
  const { data } = await ask<Members>(person, query, { id })
  return new Map(data!.conversation!.members.nodes.map(({ role, user }) => [user.id, role]))
}

const ownersAmong = (roles: Map<string, string>) => [...roles].filter(([, role]) => role === 'OWNER').map(([id]) => id)

/** The same person at the other process. */
const elsewhere = (person: Person) => person.at(pair.urls.find((url) => url !== person.url)!)

const transfer = (person: Person, conversationId: string, target: Person) =>
  change(person, 'transferOwnership', { conversationId, userId: target.id })

test('of two transfers at once one succeeds, and there is one owner', async () => {
  const [first, second, third] = people as [Person, Person, Person]
  for (let round = 0; round < 10; round++) {
    const id = await first.createGroup([second, third])
    const outcomes = await Promise.all([transfer(first, id, second), transfer(elsewhere(first), id, third)])
    expect(outcomes.map(({ __typename }) => __typename).sort()).toEqual(['ForbiddenError', 'TransferOwnershipSuccess'])
    const heir = outcomes[0].__typename === 'TransferOwnershipSuccess' ? second : third
    expect(ownersAmong(await rolesIn(first, id))).toEqual([heir.id])
  }
})

test('a transfer to somebody who leaves at that moment, or by an owner who does, leaves one owner', async () => {
  const [first, second, third] = people as [Person, Person, Person]
  for (let round = 0; round < 10; round++) {
    const id = await first.createGroup([second, third])
    const leaving = round % 2 === 0 ? second : first
    const [transferred, left] = await Promise.all([
      transfer(first, id, second),
      change(elsewhere(leaving), 'leaveConversation', { conversationId: id }),
    ])
    expect(left).toEqual({ __typename: 'LeaveConversationSuccess' })
    expect(['TransferOwnershipSuccess', 'NotFoundError']).toContain(transferred.__typename)
    const roles = await rolesIn(third, id)
    expect(roles.has(leaving.id)).toBe(false)
    expect(ownersAmong(roles)).toHaveLength(1)
  }
})

test('a group goes to the admin who has been in it longest, then to the member, and from the last one to nobody', async () => {
  const [first, second, third, fourth] = people as [Person, Person, Person, Person]
  const id = await first.createGroup([])
  for (const person of [second, third, fourth]) {
    await change(first, 'addMembers', { conversationId: id, userIds: [person.id] })
  }
  await change(first, 'setMemberRole', { conversationId: id, userId: third.id, role: 'ADMIN' })
  await change(first, 'setMemberRole', { conversationId: id, userId: fourth.id, role: 'ADMIN' })
  for (const [leaving, heir] of [
    [first, third],
    [third, fourth],
    [fourth, second],
  ] as const) {
    expect(await change(leaving, 'leaveConversation', { conversationId: id })).toEqual({
      __typename: 'LeaveConversationSuccess',
    })
    expect(ownersAmong(await rolesIn(second, id))).toEqual([heir.id])
  }
  expect(await change(second, 'leaveConversation', { conversationId: id })).toEqual({
    __typename: 'LeaveConversationSuccess',
  })
  expect(await change(second, 'leaveConversation', { conversationId: id })).toMatchObject({ code: 'NOT_FOUND' })
})

test('a group of a person who is erased goes on with another owner', async () => {
  const [, second, third] = people as [Person, Person, Person]
  const erased = await signUp(pair.urls[0])
  const id = await erased.createGroup([second, third])
  await change(erased, 'setMemberRole', { conversationId: id, userId: third.id, role: 'ADMIN' })
  const boss = await signUp(pair.urls[1])
  await pair.database.query("UPDATE users SET role = 'ADMIN' WHERE handle = $1", [boss.handle])
  // The session knows the role from its next look on.
  await expect
    .poll(() => change(boss, 'eraseUser', { userId: erased.id }), { timeout: 20_000 })
    .toEqual({ __typename: 'EraseUserSuccess' })
  const roles = await rolesIn(second, id)
  expect(Object.fromEntries(roles)).toEqual({ [second.id]: 'MEMBER', [third.id]: 'OWNER' })
})
