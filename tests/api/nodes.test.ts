import { beforeAll, describe, expect, test } from 'vitest'
import { LeaveConversationDocument, RemoveMemberDocument } from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { sharedServer } from '../testkit/shared.ts'

let ann: Person
let bob: Person
let cleo: Person
let stranger: Person
beforeAll(async () => {
  const { url } = (await sharedServer()).server
  ;[ann, bob, cleo, stranger] = (await Promise.all(
    ['Ann', 'Bob', 'Cleo', 'Stranger'].map((name) => signUp(url, name)),
  )) as [Person, Person, Person, Person]
})

const selection = `... on Node { __typename id
  ... on Viewer { user { id } unreadConversationCount cursor { streamId eventSeq } }
  ... on InboxEntry { unreadCount lastReadSeq archived conversation { id } }
  ... on Member { role lastReadSeq lastDeliveredSeq joinedAt user { id } } }`

const nodeOf = async (person: Person, id: string) =>
  (await ask<{ node: { id: string } | null }>(person, `query ($id: ID!) { node(id: $id) { ${selection} } }`, { id }))
    .data!.node

interface Ids {
  viewer: { id: string }
  conversation: {
    viewerEntry: { id: string } | null
    members: { nodes: { id: string; user: { id: string } }[] }
  } | null
}

/** Ids of all that a cache keeps of one person and a conversation. */
async function idsOf(person: Person, conversationId: string) {
  const { data } = await ask<Ids>(
    person,
    `query ($id: ID!) { viewer { id } conversation(id: $id) { viewerEntry { id } members { nodes { id user { id } } } } }`,
    { id: conversationId },
  )
  const { viewer, conversation } = data!
  return {
    viewer: viewer.id,
    entry: conversation!.viewerEntry!.id,
    member: (user: Person) => conversation!.members.nodes.find((member) => member.user.id === user.id)!.id,
  }
}

const encode = (text: string) => Buffer.from(text).toString('base64url')

describe('the viewer, an entry of the inbox and a member', () => {
  test('are loaded again by their ids, and are what they were', async () => {
    const group = await bob.createGroup([ann])
    await bob.send(group, 'Hello')
    const query = `query ($id: ID!) { viewer { ${selection} } conversation(id: $id) {
      viewerEntry { ${selection} } members { nodes { ${selection} } } } }`
    const { data } = await ask<{
      viewer: { id: string }
      conversation: { viewerEntry: { id: string }; members: { nodes: { id: string }[] } }
    }>(ann, query, { id: group })
    const { viewer, conversation } = data!
    const things = [viewer, conversation.viewerEntry, ...conversation.members.nodes]
    expect(things.slice(0, 2)).toMatchObject([
      { __typename: 'Viewer', user: { id: ann.id }, unreadConversationCount: 1 },
      { __typename: 'InboxEntry', unreadCount: 1, conversation: { id: group } },
    ])
    // Two who joined at the same moment come in any order.
    expect(things.slice(2)).toHaveLength(2)
    for (const member of [
      { __typename: 'Member', role: 'OWNER', user: { id: bob.id }, lastReadSeq: 1 },
      { __typename: 'Member', role: 'MEMBER', user: { id: ann.id }, lastReadSeq: 0 },
    ]) {
      expect(things.slice(2)).toContainEqual(expect.objectContaining(member))
    }
    for (const thing of things) expect(await nodeOf(ann, thing.id)).toEqual(thing)
    const ids = things.map(({ id }) => id)
    const all = await ask(ann, `query ($ids: [ID!]!) { nodes(ids: $ids) { ${selection} } }`, { ids })
    expect(all.data).toEqual({ nodes: things })
    expect(new Set(ids).size).toBe(4)
  })

  test('have the same id wherever they are met', async () => {
    const group = await ann.createGroup([bob])
    const { entry, viewer } = await idsOf(ann, group)
    const { data } = await ask(
      ann,
      `mutation ($group: ID!) {
        markRead(input: { conversationId: $group, seq: 1 }) { ... on MarkReadSuccess { entry { id } } }
        updateInboxEntry(input: { conversationId: $group, pinned: true }) { ... on UpdateInboxEntrySuccess { entry { id } } }
        updateSettings(input: {}) { id }
      }`,
      { group },
    )
    expect(data).toEqual({
      markRead: { entry: { id: entry } },
      updateInboxEntry: { entry: { id: entry } },
      updateSettings: { id: viewer },
    })
    const inbox = await ask<{ inbox: { nodes: { id: string }[] } }>(ann, '{ inbox(first: 1) { nodes { id } } }')
    expect(inbox.data!.inbox.nodes[0]!.id).toBe(entry)
  })
})

describe('by its id', () => {
  test('an entry and a viewer are nobody’s but their own', async () => {
    const group = await ann.createGroup([bob])
    const anns = await idsOf(ann, group)
    const bobs = await idsOf(bob, group)
    expect(bobs.entry).not.toBe(anns.entry)
    expect(bobs.viewer).not.toBe(anns.viewer)
    for (const [person, ids] of [
      [ann, bobs],
      [bob, anns],
      [stranger, anns],
    ] as const) {
      expect(await nodeOf(person, ids.entry)).toBeNull()
      expect(await nodeOf(person, ids.viewer)).toBeNull()
    }
  })

  test('a member is to be seen by members alone, and is gone when they are', async () => {
    const group = await ann.createGroup([bob, cleo])
    const { member, entry } = await idsOf(cleo, group)
    expect(await nodeOf(ann, member(cleo))).toMatchObject({ user: { id: cleo.id } })
    for (const each of [ann, bob, cleo]) expect(await nodeOf(stranger, member(each))).toBeNull()

    await cleo.client.request(LeaveConversationDocument, { input: { conversationId: group } })
    expect(await nodeOf(ann, member(cleo))).toBeNull()
    expect(await nodeOf(cleo, member(cleo))).toBeNull()
    expect(await nodeOf(cleo, member(ann))).toBeNull()
    expect(await nodeOf(cleo, entry)).toBeNull()
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: group, userId: bob.id } })
    expect(await nodeOf(bob, member(ann))).toBeNull()
    expect(await nodeOf(ann, member(ann))).toMatchObject({ role: 'OWNER' })
  })

  test('what was never there is null, like what is somebody else’s', async () => {
    const [user, conversation] = ['00000000-0000-7000-8000-000000000000', '00000000-0000-7000-8000-000000000001']
    const own = Buffer.from(ann.id, 'base64url').toString().split(':')[1]!
    for (const text of [
      `Viewer:${user}`,
      `Viewer:${own}/${own}`,
      'Viewer:',
      `InboxEntry:${conversation}/${own}`,
      `InboxEntry:${conversation}/${user}`,
      `InboxEntry:${own}`,
      `InboxEntry:${conversation}/${own}/`,
      `Member:${conversation}/${own}`,
      `Member:${conversation}/x`,
      `Member:${conversation}`,
      `Member:${own}/${conversation}'--`,
    ]) {
      expect(await nodeOf(ann, encode(text)), text).toBeNull()
    }
  })
})
