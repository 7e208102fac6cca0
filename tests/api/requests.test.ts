import { beforeAll, describe, expect, test } from 'vitest'
import {
  AddMembersDocument,
  type InboxFilter,
  StartDirectDocument,
  UpdateSettingsDocument,
  type UpdateSettingsInput,
} from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { followPresence, heartbeat, offline, presenceOf, seesSoon } from '../testkit/presence.ts'
import { sharedPair } from '../testkit/shared.ts'

/*
 * What strangers begin with somebody who wants to be asked first. Until that person accepts, it is in REQUESTS alone, counts nowhere,
 * and shows the stranger nothing: they see the same as with somebody who has not come online since.
 */
let urls: [string, string]
beforeAll(async () => {
  urls = (await sharedPair()).urls
})

const settings = (person: Person, input: UpdateSettingsInput) =>
  person.client.request(UpdateSettingsDocument, { input })
/** Ann wants to be asked by everybody; Eve is a stranger at the other process. */
async function two(): Promise<[Person, Person]> {
  const [ann, eve] = await Promise.all([signUp(urls[0], 'Ann'), signUp(urls[1], 'Eve')])
  await settings(ann, { directMessagesFrom: 'NOBODY', groupAdditionsFrom: 'NOBODY', requestsEnabled: true })
  return [ann, eve]
}

interface Entry {
  id: string
  requestedAt: string | null
  requestedBy: { id: string } | null
  unreadCount: number
  hidden: boolean
  conversation: Record<string, unknown> & { id: string }
}
const entryFields = `id requestedAt requestedBy { id } unreadCount hidden conversation { id title memberCount headSeq
  lastMessage { text } members { nodes { user { id } } } messages { nodes { text } } }`

async function inbox(person: Person, filter: string, more: object = {}) {
  const query = `query ($filter: InboxFilter!, $first: Int, $after: String) { inbox(filter: $filter, first: $first, after: $after) {
    nodes { ${entryFields} } pageInfo { hasNextPage endCursor } } viewer { unreadConversationCount } }`
  interface Page {
    inbox: { nodes: Entry[]; pageInfo: { hasNextPage: boolean; endCursor: string } }
    viewer: { unreadConversationCount: number }
  }
  const { data, errors } = await ask<Page>(person, query, { filter, ...more })
  expect(errors).toBeUndefined()
  return data!
}
const idsIn = async (person: Person, filter: string) =>
  (await inbox(person, filter)).inbox.nodes.map(({ conversation }) => conversation.id)

const filters: InboxFilter[] = ['ACTIVE', 'ALL', 'ARCHIVED', 'MENTIONED', 'REQUESTS', 'UNREAD']
const everywhere = `{ ${filters.map((name) => `${name}: inbox(filter: ${name}) { nodes { conversation { id } } }`).join(' ')} }`

/** The filters that have the conversation. */
async function where(person: Person, id: string): Promise<string[]> {
  type Pages = Record<string, { nodes: { conversation: { id: string } }[] }>
  const { data, errors } = await ask<Pages>(person, everywhere)
  expect(errors).toBeUndefined()
  return filters.filter((name) => data![name]!.nodes.some(({ conversation }) => conversation.id === id))
}

type Answer = { __typename: string; code?: string; entry?: Entry; conversationId?: string }
async function answer(person: Person, name: 'acceptRequest' | 'declineRequest', conversationId: string) {
  const success = name === 'acceptRequest' ? `entry { ${entryFields} }` : 'conversationId'
  const type = name === 'acceptRequest' ? 'AcceptRequestInput' : 'DeclineRequestInput'
  const done = name === 'acceptRequest' ? 'AcceptRequestSuccess' : 'DeclineRequestSuccess'
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on Error { code } ... on ${done} { ${success} } } }`
  const { data, errors } = await ask<Record<string, Answer>>(person, query, { input: { conversationId } })
  expect(errors).toBeUndefined()
  return data![name]!
}

const status = async (person: Person, conversationId: string) => {
  const query = `query ($id: ID!) { conversation(id: $id) { deliveredToAllSeq readByAllSeq
    messages(last: 1) { nodes { status readBy { nodes { user { id } } } } } members { nodes { user { id } lastReadSeq lastDeliveredSeq } } } }`
  return (await ask<{ conversation: object }>(person, query, { id: conversationId })).data!.conversation
}

describe('a first message of a stranger', () => {
  test('is a request: counted nowhere, without a notification, and nothing of the person is shown to the stranger', async () => {
    const [ann, eve] = await two()
    const anns = await ann.inboxEvents()
    const id = await eve.startDirect(ann)
    const { message } = await eve.send(id, 'Do you know me?')
    await anns.waitFor((event) => event.__typename === 'MessageSent')
    const told = `query ($id: ID!) { resync(cursors: [{ streamId: $id, eventSeq: 0 }]) { streams { events { ... on MessageSent { notify } } } } }`
    expect(JSON.stringify((await ask(ann, told, { id })).data)).toContain('"events":[{"notify":false}]')
    expect(await where(ann, id)).toEqual(['REQUESTS'])
    expect(await where(eve, id)).toEqual(['ACTIVE', 'ALL'])
    const { inbox: page, viewer } = await inbox(ann, 'REQUESTS')
    expect(viewer.unreadConversationCount).toBe(0)
    expect(page.nodes).toMatchObject([
      { requestedBy: { id: eve.id }, hidden: true, conversation: { lastMessage: { text: 'Do you know me?' } } },
    ])
    expect(page.nodes[0]!.requestedAt).not.toBeNull()
    // Everything that tells of a person who is there.
    const following = await followPresence(eve, [ann])
    const typing = await eve.typingEvents(id)
    const eves = await eve.conversationEvents(id)
    await heartbeat(ann, 'ONLINE')
    await heartbeat(eve, 'ONLINE')
    await seesSoon(ann, eve, { status: 'ONLINE' })
    await ann.setTyping(id, true)
    await ann.markRead(id, message.seq)
    await ask(ann, 'mutation ($i: MarkDeliveredInput!) { markDelivered(input: $i) { __typename } }', {
      i: { conversationId: id, seq: 1 },
    })
    await ask(ann, 'mutation { markAllRead { changedCount } }')
    expect(await presenceOf(eve, ann)).toEqual(offline)
    expect(await status(eve, id)).toMatchObject({
      ...{ deliveredToAllSeq: 0, readByAllSeq: 0 },
      messages: { nodes: [{ status: 'SENT', readBy: { nodes: [] } }] },
      members: {
        nodes: expect.arrayContaining([{ user: { id: ann.id }, lastReadSeq: 0, lastDeliveredSeq: 0 }]) as unknown,
      },
    })
    // Neither archived nor pinned by hand, nor by another message, does it leave its place.
    const update = 'mutation ($i: UpdateInboxEntryInput!) { updateInboxEntry(input: $i) { __typename } }'
    await ask(ann, update, { i: { conversationId: id, archived: false } })
    await eve.send(id, 'Hello?')
    expect(await where(ann, id)).toEqual(['REQUESTS'])
    const before = eves.events.map(({ __typename }) => __typename)
    expect(before.filter((name) => name === 'ReceiptAdvanced')).toEqual([])
    expect(typing.events).toEqual([])
    expect(following.events.map(({ presence }) => presence.status)).not.toContain('ONLINE')
  })

  test('that is accepted comes into the inbox live, and all is as between any two', async () => {
    const [ann, eve] = await two()
    const id = await eve.startDirect(ann)
    await eve.send(id, 'Hello')
    const [other, following] = await Promise.all([ann.at(urls[1]).inboxEvents(), followPresence(eve, [ann])])
    await heartbeat(ann, 'ONLINE')
    await heartbeat(eve, 'ONLINE')
    const accepted = await answer(ann, 'acceptRequest', id)
    expect(accepted).toMatchObject({ entry: { requestedAt: null, requestedBy: null, hidden: false, unreadCount: 1 } })
    await other.waitFor((event) => event.__typename === 'InboxEntryChanged')
    expect(await where(ann, id)).toEqual(['ACTIVE', 'ALL', 'UNREAD'])
    expect((await inbox(ann, 'ALL')).viewer.unreadConversationCount).toBe(1)
    await following.waitFor(({ presence }) => presence.status === 'ONLINE')
    await ann.markRead(id, 1)
    await expect.poll(() => status(eve, id), { timeout: 20_000 }).toMatchObject({ readByAllSeq: 1 })
    // Again, and after the fact.
    expect(await answer(ann, 'acceptRequest', id)).toMatchObject({ entry: { hidden: false } })
    expect(await answer(ann, 'declineRequest', id)).toMatchObject({ code: 'NOT_FOUND' })
    for (const person of [eve, await signUp(urls[0])]) {
      expect(await answer(person, 'declineRequest', id)).toMatchObject({ code: 'NOT_FOUND' })
    }
  })

  test('that is declined is in no inbox, and the stranger sees no difference', async () => {
    const [ann, eve] = await two()
    const id = await eve.startDirect(ann)
    await eve.send(id, 'Hello')
    const before = await status(eve, id)
    const [eves, other] = await Promise.all([eve.inboxEvents(), ann.at(urls[1]).inboxEvents()])
    expect(await answer(ann, 'declineRequest', id)).toMatchObject({ conversationId: id })
    await other.waitFor((event) => event.__typename === 'InboxEntryChanged')
    expect(await answer(ann, 'declineRequest', id)).toMatchObject({ conversationId: id })
    expect(await where(ann, id)).toEqual([])
    expect(await status(eve, id)).toEqual(before)
    await eve.send(id, 'Hello?')
    await eves.waitFor((event) => event.__typename === 'MessageSent')
    expect(eves.events.map(({ __typename }) => __typename)).toEqual(['MessageSent'])
    expect(await where(ann, id)).toEqual([])
    expect(await eve.startDirect(ann)).toBe(id)
    expect(await where(ann, id)).toEqual([])
    // Who writes there wants it after all.
    await ann.send(id, 'Oh, it is you')
    expect(await where(ann, id)).toEqual(['ACTIVE', 'ALL'])
  })

  test('is taken up by an answer, and by beginning a conversation with them', async () => {
    const [ann, eve] = await two()
    const carl = await signUp(urls[0], 'Carl')
    const [first, second] = [await eve.startDirect(ann), await carl.startDirect(ann)]
    expect((await idsIn(ann, 'REQUESTS')).sort()).toEqual([first, second].sort())
    const page = await inbox(ann, 'REQUESTS', { first: 1 })
    expect(page.inbox.pageInfo.hasNextPage).toBe(true)
    const next = await inbox(ann, 'REQUESTS', { first: 1, after: page.inbox.pageInfo.endCursor })
    expect(next.inbox.nodes.map(({ conversation }) => conversation.id)).toEqual([first])
    await ann.send(first, 'Hello')
    expect(await ann.startDirect(carl)).toBe(second)
    for (const id of [first, second]) expect(await where(ann, id)).toEqual(['ACTIVE', 'ALL'])
    expect(await idsIn(ann, 'REQUESTS')).toEqual([])
  })

  test('is refused where requests are off, and none where the stranger is blocked', async () => {
    const [ann, eve] = await two()
    await settings(ann, { requestsEnabled: false })
    const starting = async (person: Person) =>
      (await person.client.request(StartDirectDocument, { input: { userId: ann.id } })).startDirect
    expect(await starting(eve)).toMatchObject({ code: 'FORBIDDEN' })
    await settings(ann, { directMessagesFrom: 'CONTACTS', requestsEnabled: true })
    const mate = await signUp(urls[1])
    await ann.createGroup([mate])
    expect(await where(ann, await mate.startDirect(ann))).toEqual(['ACTIVE', 'ALL'])
    const id = await eve.startDirect(ann)
    expect(await where(ann, id)).toEqual(['REQUESTS'])
    const block = 'mutation ($id: ID!) { blockUser(input: { userId: $id, blocked: true }) { __typename } }'
    await ask(ann, block, { id: eve.id })
    expect(await where(ann, id)).toEqual([])
  })
})

describe('an invitation to a group', () => {
  const add = async (person: Person, conversationId: string, userIds: string[]) =>
    (await person.client.request(AddMembersDocument, { input: { conversationId, userIds } })).addMembers
  const members = async (person: Person, id: string) => {
    const query = 'query ($id: ID!) { conversation(id: $id) { memberCount members { nodes { user { id } } } } }'
    const { data } = await ask<{
      conversation: { memberCount: number; members: { nodes: { user: { id: string } }[] } }
    }>(person, query, { id })
    const { memberCount, members: page } = data!.conversation
    expect(page.nodes).toHaveLength(memberCount)
    return page.nodes.map(({ user }) => user.id).sort()
  }

  test('makes nobody a member, shows the name of the group and nothing in it, and is accepted', async () => {
    const [ann, eve] = await two()
    const mate = await signUp(urls[0])
    const anns = await ann.inboxEvents()
    const id = await eve.createGroup([ann, mate], 'Night watch')
    await eve.send(id, 'Secret')
    expect(await members(eve, id)).toEqual([eve.id, mate.id].sort())
    const event = await anns.waitFor((one) => one.__typename === 'InboxEntryChanged')
    expect(event).toMatchObject({ conversationId: id, entry: null })
    const { inbox: page } = await inbox(ann, 'REQUESTS')
    const nothing = { headSeq: 0, lastMessage: null, members: { nodes: [] }, messages: { nodes: [] } }
    const shown = {
      requestedBy: { id: eve.id },
      unreadCount: 0,
      conversation: { id, title: 'Night watch', memberCount: 2, ...nothing },
    }
    expect(page.nodes).toMatchObject([shown])
    // By every way there is.
    const node = await ask(ann, `query ($id: ID!) { node(id: $id) { ... on InboxEntry { ${entryFields} } } }`, {
      id: page.nodes[0]!.id,
    })
    expect(node.data).toMatchObject({ node: shown })
    expect((await ask(ann, 'query ($id: ID!) { conversation(id: $id) { id } }', { id })).data).toEqual({
      conversation: null,
    })
    const inside = `lastActivityAt editPolicy cursor { eventSeq } viewerEntry { id } readByAllSeq deliveredToAllSeq peer { id }
      pinnedMessages { text }`
    const everything = await ask(ann, `{ inbox(filter: REQUESTS) { nodes { conversation { ${inside} } } } }`)
    expect(everything.errors).toBeUndefined()
    expect(JSON.stringify(everything)).not.toContain('Secret')
    expect(await where(ann, id)).toEqual(['REQUESTS'])
    expect(await answer(ann, 'acceptRequest', id)).toMatchObject({ entry: { requestedAt: null, hidden: false } })
    expect(await where(ann, id)).toEqual(['ACTIVE', 'ALL'])
    expect(await members(eve, id)).toEqual([ann.id, eve.id, mate.id].sort())
    await eve.send(id, 'Welcome')
    await anns.waitFor((one) => one.__typename === 'MessageSent')
  })

  test('that is declined is asked no more, and told to nobody', async () => {
    const [ann, eve] = await two()
    const id = await eve.createGroup([], 'Night watch')
    const eves = await eve.conversationEvents(id)
    expect(await add(eve, id, [ann.id])).toMatchObject({ __typename: 'AddMembersSuccess' })
    expect(await answer(ann, 'declineRequest', id)).toMatchObject({ conversationId: id })
    expect(await where(ann, id)).toEqual([])
    expect(await add(eve, id, [ann.id])).toMatchObject({ __typename: 'AddMembersSuccess' })
    expect(await where(ann, id)).toEqual([])
    await eve.send(id, 'Anybody?')
    await eves.waitFor((event) => event.__typename === 'MessageSent')
    expect(eves.events).toHaveLength(1)
  })

  test('is over when who invited has left, when the group bans the person, and when they are added anyway', async () => {
    const [ann, eve] = await two()
    const mate = await signUp(urls[0])
    const group = async () => {
      const id = await eve.createGroup([mate, ann], 'Night watch')
      expect(await where(ann, id)).toEqual(['REQUESTS'])
      return id
    }
    const left = await group()
    await ask(eve, 'mutation ($id: ID!) { leaveConversation(input: { conversationId: $id }) { __typename } }', {
      id: left,
    })
    const banned = await group()
    const ban = 'mutation ($i: BanMemberInput!) { banMember(input: $i) { __typename } }'
    await ask(eve, ban, { i: { conversationId: banned, userId: ann.id, banned: true } })
    for (const id of [left, banned]) {
      expect(await where(ann, id)).toEqual([])
      expect(await answer(ann, 'acceptRequest', id)).toMatchObject({ code: 'NOT_FOUND' })
    }
    const added = await group()
    await settings(ann, { groupAdditionsFrom: 'EVERYONE' })
    await add(eve, added, [ann.id])
    expect(await where(ann, added)).toEqual(['ACTIVE', 'ALL'])
  })
})
