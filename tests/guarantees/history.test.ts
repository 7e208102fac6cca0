import { parse } from 'graphql'
import { beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { change } from '../testkit/change.ts'
import type { Pair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { Reader } from '../testkit/reader.ts'
import { startServer } from '../testkit/server.ts'
import { sharedPair } from '../testkit/shared.ts'

/* What of the history a member may see: who joined a group that shows it since then only, who cleared it, who deleted it. */

let pair: Pair
let owner: Person
let friend: Person
let newcomer: Person
beforeAll(async () => {
  pair = await sharedPair()
  const [here, there] = pair.urls
  ;[owner, friend, newcomer] = await Promise.all([signUp(here), signUp(there), signUp(there)])
})

const elsewhere = (person: Person) => person.at(pair.urls.find((url) => url !== person.url)!)

const messageFields = `id seq text revision deletedAt editedAt replyTo { id seq text } readBy { nodes { user { id } } }
  reactions { emoji count }`

/** Everything that a client can read of a conversation and its messages, by all ways. `ids` are those that others know. */
async function everythingFor(person: Person, id: string, ids: string[], keys: string[] = []): Promise<string> {
  const read = async (query: string, variables: object) => {
    const { data, errors } = await ask(person, query, variables)
    expect(errors).toBeUndefined()
    return JSON.stringify(data)
  }
  const page = `conversation { headSeq lastMessage { ${messageFields} } messages(first: 100) { nodes { ${messageFields} }
    pageInfo { hasPreviousPage hasNextPage } } }`
  const found = [
    await read(`query ($id: ID!) { ${page.replace('conversation', 'conversation(id: $id)')} }`, { id }),
    await read(
      `query ($id: ID!, $before: String) { conversation(id: $id) { messages(last: 100, before: $before) {
      nodes { ${messageFields} } pageInfo { hasPreviousPage } } } }`,
      { id, before: cursorOf(3) },
    ),
    await read(
      `query ($id: ID!, $after: String) { conversation(id: $id) { messages(first: 100, after: $after) {
      nodes { ${messageFields} } pageInfo { hasPreviousPage } } } }`,
      { id, after: cursorOf(1) },
    ),
    await read(`query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Message { ${messageFields} } } }`, { ids }),
    await read(`{ inbox(filter: ALL, first: 1) { nodes { unreadCount ${page.replaceAll('100', '10')} } } }`, {}),
    await read(
      `query ($at: [StreamCursorInput!]) { resync(cursors: $at, limit: 20) { streams { events { __typename ${eventFields} } } } }`,
      { at: [{ streamId: id, eventSeq: 0 }] },
    ),
    await read(
      'query ($id: ID!) { searchMessages(query: "secret", conversationId: $id) { edges { node { id text } } } }',
      { id },
    ),
  ]
  for (const key of keys) {
    found.push(
      await read(`query ($key: String!) { writeStatus(opKey: $key) { message { ${messageFields} } } }`, { key }),
    )
  }
  return found.join('\n')
}

const cursorOf = (seq: number) => Buffer.from(JSON.stringify(['messages', seq])).toString('base64url')

const eventFields = `... on MessageSent { message { ${messageFields} } edge { node { text } } }
  ... on MessageEdited { message { ${messageFields} } } ... on MessageDeleted { message { ${messageFields} } }
  ... on ReactionToggled { message { ${messageFields} } }`

interface Event {
  __typename: string
  cursor: { eventSeq: number }
  message?: { seq: number; text: string | null; deletedAt: string | null; replyTo: { seq: number } | null }
}

const follow = (person: Person, conversationId: string, after: number | null) =>
  Reader.open<{ conversationEvents: Event }, object, Event>(
    person,
    parse(`subscription ($id: ID!, $after: Int) { conversationEvents(conversationId: $id, after: $after) {
      __typename cursor { eventSeq } ${eventFields} } }`),
    { id: conversationId, after },
    (data) => data.conversationEvents,
  )

/** Sends an answer. */
const reply = async (person: Person, conversationId: string, replyToId: string, text: string) => {
  const input = { conversationId, clientMessageId: newKey(), replyToId, text }
  return change(person, 'sendMessage', input)
}

describe('somebody who joined a group that shows its messages since then', () => {
  test('never gets an older text, by any way, nor learns which of the older messages have one', async () => {
    const id = await owner.createGroup([friend])
    const sent = await owner.send(id, 'The secret one')
    const old = sent.message.id
    const { message: gone } = await owner.send(id, 'The secret that was deleted')
    await owner.remove(gone.id)
    const { message: other } = await owner.send(id, 'The secret to be edited')
    await change(friend, 'toggleReaction', { messageId: old, emoji: '👍', on: true, opKey: newKey() })
    await change(owner, 'setHistoryVisibility', { conversationId: id, historyVisibility: 'SINCE_JOINED' })
    await change(owner, 'addMembers', { conversationId: id, userIds: [newcomer.id] })
    const live = await follow(newcomer, id, null)
    const replay = await follow(newcomer, id, 0)

    // What others do with the older messages since.
    expect(await reply(owner, id, old, 'A new answer')).toEqual({ __typename: 'SendMessageSuccess' })
    await owner.edit(other.id, 'The secret, edited')
    await change(friend, 'toggleReaction', { messageId: old, emoji: '🎉', on: true, opKey: newKey() })
    await owner.remove(other.id)
    await owner.send(id, 'A new one')
    const isLast = ({ message }: Event) => message?.text === 'A new one'
    await Promise.all([live.waitFor(isLast), replay.waitFor(isLast)])

    // Every event keeps its place, and those of older messages look alike.
    const seqs = replay.events.map(({ cursor }) => cursor.eventSeq)
    expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    const ofOlder = [...replay.events, ...live.events].filter(({ message }) => message && message.seq <= 3)
    expect(ofOlder.length).toBeGreaterThan(8)
    for (const { message } of ofOlder) {
      expect(message).toMatchObject({ text: null, revision: 1, editedAt: null, replyTo: null, reactions: [] })
      expect(message!.deletedAt).not.toBeNull()
    }
    expect(JSON.stringify([live.events, replay.events])).not.toMatch(/secret/i)
    expect(JSON.stringify(replay.events)).toContain('A new answer')
    live.cut()
    replay.cut()

    for (const person of [newcomer, elsewhere(newcomer)]) {
      const everything = await everythingFor(person, id, [old, gone.id, other.id])
      expect(everything).toContain('A new answer')
      expect(everything).not.toMatch(/secret|👍|🎉/i)
      // Nothing before it, and the answer is to nothing that is shown.
      const { data } = await ask(
        person,
        `query ($id: ID!, $ids: [ID!]!) { nodes(ids: $ids) { id }
        conversation(id: $id) { messages(last: 2) { nodes { seq replyTo { id } } pageInfo { hasPreviousPage } } } }`,
        {
          id,
          ids: [old, gone.id, other.id],
        },
      )
      expect(data).toEqual({
        nodes: [null, null, null],
        conversation: {
          messages: {
            nodes: [
              { seq: 4, replyTo: null },
              { seq: 5, replyTo: null },
            ],
            pageInfo: { hasPreviousPage: false },
          },
        },
      })
    }
    // And does nothing with what they cannot see.
    const opKey = newKey
    for (const messageId of [old, gone.id, other.id, Buffer.from(`${plain(old)}9`).toString('base64url')]) {
      for (const refused of [
        await change(newcomer, 'deleteMessage', { messageId, opKey: opKey() }),
        await change(newcomer, 'editMessage', { messageId, text: 'Mine', opKey: opKey() }),
        await change(newcomer, 'toggleReaction', { messageId, emoji: '👍', on: true, opKey: opKey() }),
        await reply(newcomer, id, messageId, 'To what?'),
      ]) {
        expect(refused).toMatchObject({ __typename: 'NotFoundError' })
      }
    }
    // Who was there before sees what they saw.
    expect(await everythingFor(friend, id, [old])).toContain('The secret one')
  })

  test('who comes again comes under the visibility of that time', async () => {
    const id = await owner.createGroup([friend])
    await owner.send(id, 'First')
    await change(owner, 'setHistoryVisibility', { conversationId: id, historyVisibility: 'SINCE_JOINED' })
    const texts = async () => {
      const { data } = await ask<{ conversation: { messages: { nodes: { text: string }[] } } }>(
        newcomer,
        'query ($id: ID!) { conversation(id: $id) { messages { nodes { text } } } }',
        { id },
      )
      return data?.conversation.messages.nodes.map(({ text }) => text)
    }
    const join = () => change(owner, 'addMembers', { conversationId: id, userIds: [newcomer.id] })
    const leave = () => change(newcomer, 'leaveConversation', { conversationId: id })
    await join()
    await owner.send(id, 'Second')
    expect(await texts()).toEqual(['Second'])
    await leave()
    await owner.send(id, 'Third')
    await join()
    expect(await texts()).toEqual([])
    await leave()
    await change(owner, 'setHistoryVisibility', { conversationId: id, historyVisibility: 'ALL' })
    await join()
    expect(await texts()).toEqual(['First', 'Second', 'Third'])
  })

  test('visibility is the owner’s to say', async () => {
    const id = await owner.createGroup([friend])
    const say = (person: Person, conversationId: string) =>
      change(person, 'setHistoryVisibility', { conversationId, historyVisibility: 'SINCE_JOINED' })
    expect(await say(friend, id)).toMatchObject({ code: 'FORBIDDEN' })
    expect(await say(newcomer, id)).toMatchObject({ code: 'NOT_FOUND' })
    expect(await say(owner, await owner.startDirect(friend))).toMatchObject({ code: 'FORBIDDEN' })
    expect(await say(owner, id)).toEqual({ __typename: 'SetHistoryVisibilitySuccess' })
    const { data } = await ask(friend, 'query ($id: ID!) { conversation(id: $id) { historyVisibility } }', { id })
    expect(data).toEqual({ conversation: { historyVisibility: 'SINCE_JOINED' } })
  })
})

const uuidOf = (id: string) => plain(id).split(':')[1]!
const plain = (id: string) => Buffer.from(id, 'base64url').toString()

interface Inbox {
  viewer: { unreadConversationCount: number }
  all: { nodes: { conversation: { id: string }; unreadCount: number; archived: boolean }[] }
  active: Inbox['all']
  archived: Inbox['all']
  unread: Inbox['all']
}

const inboxOf = async (person: Person, id: string) => {
  const nodes = '{ nodes { conversation { id } unreadCount archived } }'
  const { data } = await ask<Inbox>(
    person,
    `{ viewer { unreadConversationCount }
    all: inbox(first: 100, filter: ALL) ${nodes} active: inbox(first: 100) ${nodes}
    archived: inbox(first: 100, filter: ARCHIVED) ${nodes} unread: inbox(first: 100, filter: UNREAD) ${nodes} }`,
  )
  const { viewer, ...filters } = data!
  const found = Object.entries(filters).flatMap(([filter, { nodes: entries }]) =>
    entries.some(({ conversation }) => conversation.id === id) ? [filter] : [],
  )
  return { found, count: viewer.unreadConversationCount }
}

describe('a conversation that is hidden', () => {
  test('is in no inbox and no count until the next message comes, also when it is muted', async () => {
    const [ann, bob] = (await Promise.all(pair.urls.map((url) => signUp(url)))) as [Person, Person]
    for (const id of [await ann.startDirect(bob), await bob.createGroup([ann])]) {
      await bob.send(id, 'Unread')
      expect(await inboxOf(ann, id)).toEqual({ found: ['all', 'active', 'unread'], count: 1 })
      const stream = await elsewhere(ann).inboxEvents()
      const mutedUntil = new Date(Date.now() + 3_600_000).toISOString()
      await change(ann, 'updateInboxEntry', { conversationId: id, mutedUntil })
      expect(await change(ann, 'hideConversation', { conversationId: id })).toEqual({
        __typename: 'HideConversationSuccess',
      })
      expect(await change(ann, 'hideConversation', { conversationId: id })).toEqual({
        __typename: 'HideConversationSuccess',
      })
      expect(await inboxOf(elsewhere(ann), id)).toEqual({ found: [], count: 0 })
      await bob.send(id, 'Back')
      await stream.waitFor((event) => JSON.stringify(event).includes('Back'))
      expect(await inboxOf(ann, id)).toMatchObject({ found: ['all', 'active', 'unread'] })
      // The message and the entry are events of two streams: either may come first.
      await expect
        .poll(() => stream.events.filter(({ __typename }) => __typename === 'InboxEntryChanged').at(-1))
        .toMatchObject({ entry: { hidden: false, archived: false } })
      stream.cut()
      // The whole history is still there.
      expect(await everythingFor(ann, id, [])).toContain('Unread')
      await change(ann, 'hideConversation', { conversationId: id })
      await ann.send(id, 'From another device')
      expect((await inboxOf(ann, id)).found).toContain('active')
      await change(ann, 'hideConversation', { conversationId: id })
      await change(ann, 'updateInboxEntry', { conversationId: id, archived: true })
      expect((await inboxOf(ann, id)).found).toEqual(['all', 'archived'])
      await change(ann, 'updateInboxEntry', { conversationId: id, archived: false, mutedUntil: null })
      await ann.markRead(id, 100)
    }
  })

  test('and cleared shows nothing up to there again, on any device, also to who was reading', async () => {
    const [ann, bob] = (await Promise.all(pair.urls.map((url) => signUp(url)))) as [Person, Person]
    for (const id of [await ann.startDirect(bob), await bob.createGroup([ann])]) {
      const key = newKey()
      const { message: own } = await ann.send(id, 'My secret', key)
      const { message: theirs } = await bob.send(id, 'Their secret')
      await bob.send(id, 'Another secret')
      const reading = await follow(elsewhere(ann), id, 3)
      const before = await ann.inboxEvents()
      expect(await change(ann, 'hideConversation', { conversationId: id, clearHistory: true })).toEqual({
        __typename: 'HideConversationSuccess',
      })
      const told = await before.waitFor(({ __typename }) => __typename === 'InboxEntryChanged')
      expect(told).toMatchObject({ entry: { historyFromSeq: 3, unreadCount: 0, hidden: true } })
      before.cut()
      // An edit of a withheld message, to a subscription that is older than the clearing.
      await bob.edit(theirs.id, 'Their secret, edited')
      const { message: next } = await bob.send(id, 'After it')
      await reading.waitFor(({ message }) => message?.text === 'After it')
      expect(JSON.stringify(reading.events)).not.toMatch(/secret/)
      expect(reading.events.map(({ cursor }) => cursor.eventSeq)).toEqual([4, 5])
      reading.cut()
      const replay = await follow(ann, id, 0)
      await replay.waitForCount(5)
      expect(JSON.stringify(replay.events)).not.toMatch(/secret/)
      replay.cut()
      for (const device of [ann, elsewhere(ann)]) {
        const everything = await everythingFor(device, id, [own.id, theirs.id], [key])
        expect(everything).toContain('After it')
        expect(everything).not.toMatch(/secret/)
      }
      // The same send again is answered without its text.
      const again = await ask(
        ann,
        `mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
        ... on SendMessageSuccess { ack { outcome } message { seq text } } } }`,
        {
          input: { conversationId: id, clientMessageId: key, text: 'My secret' },
        },
      )
      expect(again.data).toEqual({ sendMessage: { ack: { outcome: 'DUPLICATE' }, message: { seq: 1, text: null } } })
      expect(await change(ann, 'editMessage', { messageId: own.id, text: 'New', opKey: newKey() })).toMatchObject({
        code: 'NOT_FOUND',
      })
      await change(ann, 'updateInboxEntry', { conversationId: id, unreadFromSeq: 1 })
      const { data } = await ask<{ conversation: { viewerEntry: object } }>(
        ann,
        'query ($id: ID!) { conversation(id: $id) { viewerEntry { unreadCount lastReadSeq historyFromSeq } } }',
        { id },
      )
      expect(data?.conversation.viewerEntry).toEqual({ unreadCount: 1, lastReadSeq: 3, historyFromSeq: 3 })
      // Bob has everything.
      expect(await everythingFor(bob, id, [own.id, next.id])).toMatch(/My secret/)
    }
  })

  test('and cleared up to what was seen keeps what came later, however often and late it is repeated', async () => {
    const [ann, bob] = (await Promise.all(pair.urls.map((url) => signUp(url)))) as [Person, Person]
    for (const id of [await ann.startDirect(bob), await bob.createGroup([ann])]) {
      const hide = async (input: object) =>
        expect(await change(elsewhere(ann), 'hideConversation', { conversationId: id, ...input })).toEqual({
          __typename: 'HideConversationSuccess',
        })
      const entry = async () => {
        const fields = 'headSeq viewerEntry { historyFromSeq unreadCount lastReadSeq hidden pinned }'
        const { data } = await ask<{ conversation: { headSeq: number; viewerEntry: object } }>(
          ann,
          `query ($id: ID!) { conversation(id: $id) { ${fields} messages { nodes { text } } } }`,
          { id },
        )
        return data?.conversation
      }
      const inInbox = { found: ['all', 'active', 'unread'], count: 1 }
      await bob.send(id, 'A secret')
      await bob.send(id, 'Another secret')
      await bob.send(id, 'Not seen yet')
      await hide({ clearHistory: true, upToSeq: 2 })
      const after = { historyFromSeq: 2, unreadCount: 1, lastReadSeq: 2, hidden: false, pinned: false }
      const notSeen = { nodes: [{ text: 'Not seen yet' }] }
      expect(await entry()).toEqual({ headSeq: 3, viewerEntry: after, messages: notSeen })
      expect(await inboxOf(ann, id)).toEqual(inInbox)
      await ann.markRead(id, 3)
      await hide({ clearHistory: true, upToSeq: 3 })
      expect(await inboxOf(ann, id)).toEqual({ found: [], count: 0 })
      expect(await entry()).toMatchObject({ viewerEntry: { historyFromSeq: 3, hidden: true }, messages: { nodes: [] } })
      // It comes back, and is pinned; then repetitions of both arrive, and one that says less.
      await bob.send(id, 'New')
      await change(ann, 'updateInboxEntry', { conversationId: id, pinned: true })
      const before = await entry()
      const stream = await ann.inboxEvents()
      for (const upToSeq of [2, 3, 0]) await hide({ clearHistory: true, upToSeq })
      await hide({ upToSeq: 3 })
      expect(await entry()).toEqual(before)
      expect(before).toMatchObject({
        viewerEntry: { historyFromSeq: 3, unreadCount: 1, pinned: true },
        messages: { nodes: [{ text: 'New' }] },
      })
      expect(await inboxOf(ann, id)).toEqual(inInbox)
      await bob.send(id, 'The last one')
      await stream.waitFor((event) => JSON.stringify(event).includes('The last one'))
      expect(stream.events.filter(({ __typename }) => __typename === 'InboxEntryChanged')).toEqual([])
      stream.cut()
      // More than there is means everything, as for markRead.
      await hide({ clearHistory: true, upToSeq: 2_000_000_000 })
      expect(await entry()).toMatchObject({ viewerEntry: { historyFromSeq: 5, unreadCount: 0, hidden: true } })
      expect(await change(ann, 'hideConversation', { conversationId: id, upToSeq: -1 })).toMatchObject({
        code: 'VALIDATION_ERROR',
      })
    }
    // Who joined where older messages are withheld keeps that, whatever they clear.
    const group = await bob.createGroup([])
    for (const text of ['A secret', 'A secret again']) await bob.send(group, text)
    await change(bob, 'setHistoryVisibility', { conversationId: group, historyVisibility: 'SINCE_JOINED' })
    await change(bob, 'addMembers', { conversationId: group, userIds: [ann.id] })
    await bob.send(group, 'Seen by her')
    await change(ann, 'hideConversation', { conversationId: group, clearHistory: true, upToSeq: 1 })
    expect(await everythingFor(ann, group, [])).toContain('Seen by her')
    expect(await everythingFor(ann, group, [])).not.toMatch(/secret/)
  })

  test('and cleared stays cleared for who leaves and comes back', async () => {
    const [ann, bob] = (await Promise.all(pair.urls.map((url) => signUp(url)))) as [Person, Person]
    const id = await bob.createGroup([ann])
    await bob.send(id, 'A secret')
    await change(ann, 'hideConversation', { conversationId: id, clearHistory: true })
    await change(ann, 'leaveConversation', { conversationId: id })
    expect(await change(ann, 'hideConversation', { conversationId: id })).toMatchObject({ code: 'NOT_FOUND' })
    await change(bob, 'addMembers', { conversationId: id, userIds: [ann.id] })
    expect((await inboxOf(ann, id)).found).toContain('active')
    expect(await everythingFor(ann, id, [])).not.toMatch(/secret/)
  })
})

describe('a group that its owner deletes', () => {
  test('is closed for all, its texts are gone everywhere, and it can be left and hidden', async () => {
    const id = await owner.createGroup([friend, newcomer], 'To be deleted')
    await change(owner, 'setMemberRole', { conversationId: id, userId: friend.id, role: 'ADMIN' })
    const { message: first } = await owner.send(id, 'A secret of hers')
    const { message: second } = await friend.send(id, 'A secret of his')
    await friend.edit(second.id, 'A secret of his, edited')
    const live = await follow(newcomer, id, null)
    const opKey = newKey()
    for (const person of [friend, newcomer]) {
      expect(await change(person, 'deleteConversation', { conversationId: id, opKey: newKey() })).toMatchObject({
        code: 'FORBIDDEN',
      })
    }
    const remove = () => change(owner, 'deleteConversation', { conversationId: id, opKey })
    expect(
      await Promise.all([remove(), change(elsewhere(owner), 'deleteConversation', { conversationId: id, opKey })]),
    ).toEqual([{ __typename: 'DeleteConversationSuccess' }, { __typename: 'DeleteConversationSuccess' }])
    await live.waitFor(({ __typename }) => __typename === 'ConversationUpdated')
    live.cut()
    for (const person of [owner, friend, newcomer].flatMap((one) => [one, elsewhere(one)])) {
      const everything = await everythingFor(person, id, [first.id, second.id])
      expect(everything).not.toMatch(/secret/)
      const replay = await follow(person, id, 0)
      await replay.waitFor(({ __typename }) => __typename === 'ConversationUpdated')
      expect(JSON.stringify(replay.events)).not.toMatch(/secret/)
      replay.cut()
      const { data } = await ask<{ conversation: { closedAt: string; deletedAt: string } }>(
        person,
        `query ($id: ID!) { conversation(id: $id) { title closedAt deletedAt viewerEntry { unreadCount }
          messages(first: 5) { nodes { text deletedAt deletedBy { id } revisions { text } reactions { count } } } } }`,
        { id },
      )
      const { closedAt, deletedAt } = data!.conversation
      expect(closedAt).toBe(deletedAt)
      const tombstone = { text: null, deletedAt, deletedBy: { id: owner.id }, revisions: [], reactions: [] }
      expect(data?.conversation).toMatchObject({
        title: 'To be deleted',
        viewerEntry: { unreadCount: 0 },
        messages: { nodes: [tombstone, tombstone] },
      })
    }

    const messageId = first.id
    const refusals = {
      sendMessage: [{ conversationId: id, clientMessageId: newKey(), text: 'Late' }, 'CONVERSATION_CLOSED'],
      editMessage: [{ messageId, text: 'Late', opKey: newKey() }, 'MESSAGE_DELETED'],
      deleteMessage: [{ messageId, opKey: newKey() }, 'MESSAGE_DELETED'],
      toggleReaction: [{ messageId, emoji: '👍', on: true, opKey: newKey() }, 'MESSAGE_DELETED'],
      renameConversation: [{ conversationId: id, title: 'Late' }, 'FORBIDDEN'],
      addMembers: [{ conversationId: id, userIds: [friend.id] }, 'FORBIDDEN'],
      removeMember: [{ conversationId: id, userId: newcomer.id }, 'FORBIDDEN'],
      setMemberRole: [{ conversationId: id, userId: friend.id, role: 'MEMBER' }, 'FORBIDDEN'],
      transferOwnership: [{ conversationId: id, userId: friend.id }, 'FORBIDDEN'],
      setMemberPermissions: [{ conversationId: id, memberPermissions: ['ADD'] }, 'FORBIDDEN'],
      setHistoryVisibility: [{ conversationId: id, historyVisibility: 'ALL' }, 'FORBIDDEN'],
      deleteConversation: [{ conversationId: id, opKey: newKey() }, 'FORBIDDEN'],
    } as const
    for (const [mutation, [input, code]] of Object.entries(refusals)) {
      expect({ mutation, ...(await change(owner, mutation, input)) }).toMatchObject({ mutation, code })
    }
    expect(await remove()).toEqual({ __typename: 'DeleteConversationSuccess' })
    const reused = await change(owner, 'deleteConversation', { conversationId: await owner.createGroup([]), opKey })
    expect(reused).toMatchObject({ code: 'OP_KEY_REUSED' })

    expect(await change(friend, 'hideConversation', { conversationId: id })).toEqual({
      __typename: 'HideConversationSuccess',
    })
    expect((await inboxOf(friend, id)).found).toEqual([])
    for (const person of [newcomer, owner]) {
      expect(await change(person, 'leaveConversation', { conversationId: id })).toEqual({
        __typename: 'LeaveConversationSuccess',
      })
    }
    expect(await remove()).toEqual({ __typename: 'DeleteConversationSuccess' })
    const left = await ask(
      owner,
      `mutation ($input: DeleteConversationInput!) { deleteConversation(input: $input) {
      ... on DeleteConversationSuccess { conversation { id title memberCount } } } }`,
      { input: { conversationId: id, opKey } },
    )
    expect(left.data).toEqual({ deleteConversation: { conversation: { id, title: null, memberCount: 0 } } })
  })

  test('takes no message that comes at the same moment without deleting it too', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await owner.createGroup([friend])
      const sends = Array.from({ length: 10 }, (_, index) =>
        change(index % 2 === 0 ? friend : owner, 'sendMessage', {
          conversationId: id,
          clientMessageId: newKey(),
          text: 'A secret',
        }),
      )
      await change(elsewhere(owner), 'deleteConversation', { conversationId: id, opKey: newKey() })
      for (const sent of await Promise.all(sends))
        expect(['SendMessageSuccess', 'ConversationClosedError']).toContain(sent.__typename)
      expect(await everythingFor(friend, id, [])).not.toMatch(/secret/)
    }
  })

  test('of many messages is finished by whoever comes next', async () => {
    const { database } = pair
    const ids = await Promise.all([owner.createGroup([friend]), owner.createGroup([friend])])
    for (const id of ids) {
      await database.query(
        `INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at)
         SELECT $1, n, $2, 'A secret', gen_random_uuid()::text, now() FROM generate_series(1, 12000) AS n`,
        [uuidOf(id), uuidOf(owner.id)],
      )
      await database.query(`UPDATE conversations SET head_seq = 12000, inbox_due_at = NULL WHERE id = $1`, [uuidOf(id)])
    }
    const left = async (id: string) => {
      const [row] = await database.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM messages WHERE conversation_id = $1 AND text IS NOT NULL',
        [uuidOf(id)],
      )
      return row!.count
    }
    const [asked, interrupted] = ids
    await change(owner, 'deleteConversation', { conversationId: asked, opKey: newKey() })
    // What a process leaves that ends right after its commit.
    await database.query(`SELECT parley_delete_conversation($1, $2, $3, '\\x00', 1000)`, [
      uuidOf(owner.id),
      uuidOf(interrupted),
      newKey(),
    ])
    expect(await left(interrupted)).toBe(11_000)
    const server = await startServer({ databaseUrl: database.url, env: { HOUSEKEEPING_INTERVAL_MS: '100' } })
    for (const id of ids) await expect.poll(() => left(id), { timeout: 30_000 }).toBe(0)
    await server.stop()
  })

  test('of many messages shows none of their texts from its commit on, while they are still being removed', async () => {
    const { database } = pair
    const id = await owner.createGroup([friend])
    const { message: first } = await owner.send(id, 'A first secret')
    await change(owner, 'editMessage', { messageId: first.id, text: 'A secret again', opKey: newKey() })
    await change(friend, 'toggleReaction', { messageId: first.id, emoji: '👍', on: true, opKey: newKey() })
    await change(owner, 'pinMessage', { messageId: first.id, pinned: true, opKey: newKey() })
    const key = newKey()
    const answer = { conversationId: id, clientMessageId: key, text: 'A secret answer', replyToId: first.id }
    await change(friend, 'sendMessage', { ...answer, mentionIds: [owner.id] })
    await change(owner, 'updateInboxEntry', { conversationId: id, unreadFromSeq: 1 })
    await database.query(
      `INSERT INTO messages (conversation_id, seq, sender_id, text, client_message_id, created_at)
       SELECT $1, n, $2, 'Another secret', gen_random_uuid()::text, now() FROM generate_series(3, 1200) AS n`,
      [uuidOf(id), uuidOf(friend.id)],
    )
    await database.query('UPDATE conversations SET head_seq = 1200, inbox_due_at = NULL WHERE id = $1', [uuidOf(id)])
    await expect.poll(() => everythingFor(friend, id, []), { timeout: 10_000 }).toContain('"edges":[{')
    const live = await follow(friend, id, null)
    // Nobody goes on with it: what a process leaves that ends right after its commit.
    await database.query(`SELECT parley_delete_conversation($1, $2, $3, '\\x00', 100)`, [
      uuidOf(owner.id),
      uuidOf(id),
      newKey(),
    ])
    await live.waitFor(({ __typename }) => __typename === 'ConversationUpdated')
    live.cut()
    const left = 'SELECT texts_left_seq AS "upTo" FROM conversations WHERE id = $1'
    expect(await database.query(left, [uuidOf(id)])).toEqual([{ upTo: 1100 }])
    for (const person of [owner, friend, elsewhere(friend)]) {
      expect(await everythingFor(person, id, [first.id])).not.toMatch(/secret|👍/)
      const replay = await follow(person, id, 0)
      await replay.waitFor(({ __typename }) => __typename === 'ConversationUpdated')
      expect(JSON.stringify(replay.events)).not.toMatch(/secret|👍/)
      replay.cut()
      const { data } = await ask(
        person,
        `query ($id: ID!, $first: ID!) { conversation(id: $id) { pinnedMessages { id } viewerEntry { unreadCount unreadMentionCount } }
          node(id: $first) { ... on Message { deletedAt deletedBy { id } replyCount replies(first: 5) { nodes { text mentions { id } } }
            reactions { count } reactedBy(emoji: "👍") { nodes { id } } revisions { text } } }
          inbox(filter: MENTIONED) { nodes { conversation { id } } } }`,
        { id, first: first.id },
      )
      expect(data).toMatchObject({
        conversation: { pinnedMessages: [], viewerEntry: { unreadCount: 0, unreadMentionCount: 0 } },
        node: {
          deletedAt: expect.any(String) as string,
          deletedBy: { id: owner.id },
          ...{ replyCount: 0, replies: { nodes: [{ text: null, mentions: [] }] } },
          ...{ reactions: [], reactedBy: { nodes: [] }, revisions: [] },
        },
        inbox: { nodes: [] },
      })
      for (const [mutation, input] of Object.entries({
        editMessage: { messageId: first.id, text: 'Late', opKey: newKey() },
        toggleReaction: { messageId: first.id, emoji: '👍', on: true, opKey: newKey() },
        deleteMessage: { messageId: first.id, opKey: newKey() },
      })) {
        if (mutation !== 'toggleReaction' && person !== owner) continue
        expect({ mutation, ...(await change(person, mutation, input)) }).toMatchObject({ code: 'MESSAGE_DELETED' })
      }
    }
    const { data } = await ask(
      friend,
      `mutation ($input: SendMessageInput!, $read: MarkReadInput!) {
        sendMessage(input: $input) { ... on SendMessageSuccess { ack { outcome } message { text mentions { id } } } }
        markRead(input: $read) { ... on MarkReadSuccess { ack { unreadCount } } } }`,
      { input: { ...answer, mentionIds: [owner.id] }, read: { conversationId: id, seq: 1 } },
    )
    expect(data).toEqual({
      sendMessage: { ack: { outcome: 'DUPLICATE' }, message: { text: null, mentions: [] } },
      markRead: { ack: { unreadCount: 0 } },
    })
    expect(await owner.setTyping(id, true)).toBe(false)
    expect(await database.query(left, [uuidOf(id)])).toEqual([{ upTo: 1100 }])
  })

  test('is nothing for a direct conversation, and nothing for a stranger', async () => {
    const id = await owner.startDirect(friend)
    expect(await change(owner, 'deleteConversation', { conversationId: id, opKey: newKey() })).toMatchObject({
      code: 'FORBIDDEN',
    })
    const group = await owner.createGroup([])
    expect(await change(friend, 'deleteConversation', { conversationId: group, opKey: newKey() })).toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(await change(friend, 'hideConversation', { conversationId: group })).toMatchObject({ code: 'NOT_FOUND' })
  })
})
