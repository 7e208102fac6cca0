import { beforeAll, expect, test } from 'vitest'
import { CreateGroupDocument, SendMessageDocument, StartDirectDocument } from '../../sdk/src/generated/graphql.ts'
import { keyOf } from '../testkit/ask.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import type { Pair } from '../testkit/pair.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { readFresh } from '../testkit/replica.ts'
import { sharedPair } from '../testkit/shared.ts'

let pair: Pair
let ann: Person
let bob: Person

beforeAll(async () => {
  pair = await sharedPair()
  ann = await signUp(pair.urls[0])
  bob = await signUp(pair.urls[1])
})

/** The same request from each of these places, all at once. */
const copies = <Answer>(count: number, request: (person: Person) => Promise<Answer>, person = ann) => {
  const places = pair.urls.map((url) => person.at(url))
  return Promise.all(Array.from({ length: count }, (_, index) => request(places[index % places.length]!)))
}

const outcomes = (answers: { ack: { outcome: string } }[]) => answers.map(({ ack }) => ack.outcome).sort()
const oneAccepted = (count: number) => ['ACCEPTED', ...Array<string>(count - 1).fill('DUPLICATE')]

test('a message sent 20 times at once through both processes is one message with 20 equal answers, one of them ACCEPTED', async () => {
  const conversation = await ann.startDirect(bob)
  for (let round = 0; round < 5; round++) {
    const live = await bob.conversationEvents(conversation)
    const key = newKey()
    const answers = await copies(20, (place) => place.send(conversation, 'Once', key))
    expect(outcomes(answers)).toEqual(oneAccepted(20))
    const [first] = answers
    for (const { ack, message } of answers) {
      expect({ message, cursor: ack.cursor, opKey: ack.opKey }).toEqual({
        message: first!.message,
        cursor: first!.ack.cursor,
        opKey: key,
      })
    }
    await ann.send(conversation, 'After')
    const events = await live.waitForCount(2)
    expect(events.map((event) => event.__typename === 'MessageSent' && event.message.text)).toEqual(['Once', 'After'])
    live.cut()
  }
  const { eventSeq } = (await readFresh(ann, conversation))!
  expect(eventSeq).toBe(10)
})

test('a key used again with another text, another conversation or another operation is refused in every process', async () => {
  const conversation = await ann.startDirect(bob)
  const elsewhere = await ann.createGroup([bob])
  const key = newKey()
  const { message } = await ann.send(conversation, 'The first', key)
  const send = { conversationId: conversation, text: 'The first', clientMessageId: key }
  for (const input of [
    { ...send, text: 'Another' },
    { ...send, conversationId: elsewhere },
    { ...send, replyToId: message.id },
  ]) {
    const answers = await copies(4, (place) => place.client.request(SendMessageDocument, { input }))
    for (const { sendMessage } of answers) expectType(sendMessage, 'OpKeyReusedError')
  }
  await expect(ann.edit(message.id, 'Edited', key)).rejects.toThrow('OpKeyReusedError')
  await expect(ann.remove(message.id, key)).rejects.toThrow('OpKeyReusedError')
  // A key is the actor's own: somebody else may have chosen the same.
  expect((await bob.send(conversation, 'The first', key)).ack.outcome).toBe('ACCEPTED')
})

test('the same key at once in two conversations is accepted in exactly one, and the other gets OpKeyReusedError', async () => {
  for (let round = 0; round < 10; round++) {
    const targets = await Promise.all([ann.createGroup([bob]), ann.createGroup([bob])])
    const clientMessageId = newKey()
    const answers = await Promise.all(
      targets.flatMap((conversationId) =>
        pair.urls.map(async (url) => {
          const input = { conversationId, text: 'Here or there', clientMessageId }
          return (await ann.at(url).client.request(SendMessageDocument, { input })).sendMessage
        }),
      ),
    )
    const accepted = answers.flatMap((answer) => (answer.__typename === 'SendMessageSuccess' ? [answer] : []))
    expect(outcomes(accepted)).toEqual(oneAccepted(2))
    expect(accepted[0]!.ack.cursor).toEqual(accepted[1]!.ack.cursor)
    const refused = answers.filter((answer) => answer.__typename === 'OpKeyReusedError')
    expect(refused).toHaveLength(2)
    const heads = await Promise.all(targets.map(async (target) => (await readFresh(ann, target))!.eventSeq))
    expect(heads.sort()).toEqual([0, 1])
  }
})

test('the same key in two conversations is accepted once also when both writes have looked it up before either wrote', async () => {
  const targets = await Promise.all([ann.createGroup([bob]), ann.createGroup([bob])])
  const clientMessageId = newKey()
  // Both stand behind their look for the key here, each in its own conversation.
  const held = await holdRows(pair.database, 'SELECT FROM members WHERE user_id = $1 FOR UPDATE', [keyOf(ann.id)])
  const sending = Promise.all(
    targets.map(async (conversationId, index) => {
      const input = { conversationId, text: 'Here or there', clientMessageId }
      return (await ann.at(pair.urls[index]!).client.request(SendMessageDocument, { input })).sendMessage.__typename
    }),
  )
  await held.waitForBlocked(2)
  await held.release()
  expect((await sending).sort()).toEqual(['OpKeyReusedError', 'SendMessageSuccess'])
})

test('edits and deletions repeated at once through both processes happen once and are answered alike', async () => {
  const conversation = await ann.createGroup([bob])
  const { message } = await ann.send(conversation, 'First')
  const [editKey, removeKey] = [newKey(), newKey()]
  const edits = await copies(10, (place) => place.edit(message.id, 'Second', editKey))
  expect(outcomes(edits)).toEqual(oneAccepted(10))
  for (const { ack, message: edited } of edits) {
    expect(edited).toMatchObject({ revision: 2, text: 'Second' })
    expect(ack.cursor.eventSeq).toBe(2)
  }
  const removals = await copies(10, (place) => place.remove(message.id, removeKey))
  expect(outcomes(removals)).toEqual(oneAccepted(10))
  for (const { ack } of removals) expect(ack.cursor.eventSeq).toBe(3)
})

test('a group created many times at once with one key exists once, on each member’s inbox once', async () => {
  const inbox = await bob.inboxEvents()
  const input = { title: 'Once', memberIds: [bob.id], opKey: newKey() }
  const answers = await copies(20, (place) => place.client.request(CreateGroupDocument, { input }))
  const ids = answers.map(({ createGroup }) => expectType(createGroup, 'CreateGroupSuccess').conversation.id)
  expect(new Set(ids).size).toBe(1)
  const last = await ann.createGroup([bob], 'After')
  await inbox.waitFor((event) => event.__typename === 'InboxEntryChanged' && event.conversationId === last)
  const heard = inbox.events.flatMap((event) =>
    event.__typename === 'InboxEntryChanged' ? [event.conversationId] : [],
  )
  expect(heard).toEqual([ids[0], last])

  const other = await ann.client.request(CreateGroupDocument, { input: { ...input, title: 'Something else' } })
  expectType(other.createGroup, 'OpKeyReusedError')
})

test('two people who start a direct conversation with each other at once get the same one', async () => {
  for (let round = 0; round < 5; round++) {
    const [carl, dora] = await Promise.all(pair.urls.map((url) => signUp(url)))
    const request = async (from: Person, to: Person) => {
      const answers = await copies(
        6,
        (place) => place.client.request(StartDirectDocument, { input: { userId: to.id } }),
        from,
      )
      return answers.map(({ startDirect }) => expectType(startDirect, 'StartDirectSuccess').conversation.id)
    }
    const ids = (await Promise.all([request(carl!, dora!), request(dora!, carl!)])).flat()
    expect(new Set(ids).size).toBe(1)
    // Both are told of it once.
    for (const person of [carl!, dora!]) {
      const personal = await person.inboxEvents()
      const conversation = await person.createGroup([])
      await personal.waitFor(
        (event) => event.__typename === 'InboxEntryChanged' && event.conversationId === conversation,
      )
      const [event] = personal.events
      expect(event?.__typename === 'InboxEntryChanged' && event.cursor.eventSeq).toBe(2)
      personal.cut()
    }
  }
})
