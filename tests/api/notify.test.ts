import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import { SendMessageDocument, UpdateInboxEntryDocument } from '../../sdk/src/generated/graphql.ts'
import { cursorsOf } from '../testkit/api.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { Reader } from '../testkit/reader.ts'
import { sharedServer } from '../testkit/shared.ts'

/*
 * MessageSent.notify: whether the viewer wants to be told of a message.
 */
let people: { ann: Person; bob: Person; cleo: Person; dora: Person }
beforeAll(async () => {
  const { url } = (await sharedServer()).server
  const [ann, bob, cleo, dora] = (await Promise.all(
    ['Ann', 'Bob', 'Cleo', 'Dora'].map((name) => signUp(url, name)),
  )) as [Person, Person, Person, Person]
  people = { ann, bob, cleo, dora }
})

const InboxDocument = parse(`subscription ($after: [StreamCursorInput!]) { inboxEvents(after: $after) {
  ... on MessageSent { notify message { text } } } }`) as TypedDocumentNode<
  { inboxEvents: { notify?: boolean; message?: { text: string } } },
  { after: { streamId: string; eventSeq: number }[] }
>

async function mute(person: Person, conversationId: string, mutedUntil: Date | null) {
  const input = { conversationId, mutedUntil: mutedUntil?.toISOString() ?? null }
  const { updateInboxEntry } = await person.client.request(UpdateInboxEntryDocument, { input })
  expectType(updateInboxEntry, 'UpdateInboxEntrySuccess')
}

const inOneHour = () => new Date(Date.now() + 3_600_000)

/** What each of them is told by their inbox of the messages that are sent meanwhile: their texts, with "!" to notify. */
async function told(readers: Person[], send: () => Promise<string>) {
  const opened = await Promise.all(
    readers.map(async (person) =>
      Reader.open(person, InboxDocument, { after: await cursorsOf(person) }, ({ inboxEvents }) => inboxEvents),
    ),
  )
  const last = await send()
  const texts = await Promise.all(
    opened.map(async (reader) => {
      await reader.waitFor(({ message }) => message?.text === last)
      reader.cut()
      return reader.events.flatMap(({ message, notify }) => (message ? [`${message.text}${notify ? '!' : ''}`] : []))
    }),
  )
  return texts
}

test('members of a group want to be told, but for the sender and whoever has muted it at the moment', async () => {
  const { ann, bob, cleo, dora } = people
  const id = await ann.createGroup([bob, cleo, dora])
  await mute(cleo, id, inOneHour())
  await mute(dora, id, new Date(Date.now() - 1000))
  expect(
    await told([ann, bob, cleo, dora], async () => {
      await ann.send(id, 'One')
      await bob.send(id, 'Two')
      await cleo.send(id, 'Three')
      await mute(cleo, id, null)
      await ann.send(id, 'Four')
      return 'Four'
    }),
  ).toEqual([
    ['One', 'Two!', 'Three!', 'Four'],
    ['One!', 'Two', 'Three!', 'Four!'],
    // In between the muting was ended: what is told before and after is as it was at that moment.
    [expect.stringMatching(/^One/), expect.stringMatching(/^Two/), 'Three', 'Four!'],
    ['One!', 'Two!', 'Three!', 'Four!'],
  ])
})

test('who has muted a group is not told of it, and others are, whoever is read for first', async () => {
  const { ann, bob, cleo, dora } = people
  const id = await ann.createGroup([bob, cleo, dora])
  for (const muting of [bob, cleo]) await mute(muting, id, inOneHour())
  for (const readers of [
    [ann, bob, cleo, dora],
    [dora, cleo, bob, ann],
  ]) {
    const texts = await told(readers, async () => {
      await ann.send(id, 'Hello')
      return 'Hello'
    })
    expect(texts).toEqual(readers.map((reader) => [reader === dora ? 'Hello!' : 'Hello']))
  }
})

test('in a replay nobody is told of what is deleted by now', async () => {
  const { ann, bob } = people
  const id = await ann.createGroup([bob])
  const after = await cursorsOf(bob)
  const { message } = await ann.send(id, 'Gone')
  await ann.remove(message.id)
  await ann.send(id, 'Here')
  const reader = await Reader.open(bob, InboxDocument, { after }, ({ inboxEvents }) => inboxEvents)
  await reader.waitFor((event) => event.message?.text === 'Here')
  reader.cut()
  const sent = reader.events.filter(({ notify }) => notify !== undefined)
  expect(sent.map(({ message: shown, notify }) => [shown?.text, notify])).toEqual([
    [null, false],
    ['Here', true],
  ])
})

test('a direct conversation tells although it is muted', async () => {
  const { ann, bob } = people
  const id = await ann.startDirect(bob)
  for (const person of [ann, bob]) await mute(person, id, inOneHour())
  const texts = await told([ann, bob], async () => {
    await ann.send(id, 'For you')
    return 'For you'
  })
  expect(texts).toEqual([['For you'], ['For you!']])
})

test('a mention tells who has muted the group, and a mention of everyone tells all but its sender', async () => {
  const { ann, bob, cleo, dora } = people
  const id = await ann.createGroup([bob, cleo, dora])
  for (const muting of [ann, bob, cleo]) await mute(muting, id, inOneHour())
  const say = (text: string, input: object) =>
    ann.client.request(SendMessageDocument, {
      input: { conversationId: id, clientMessageId: newKey(), text, ...input },
    })
  const texts = await told([ann, bob, cleo, dora], async () => {
    await say('One', { mentionIds: [bob.id, ann.id] })
    await say('Two', { mentionEveryone: true })
    await say('Three', {})
    return 'Three'
  })
  expect(texts).toEqual([
    ['One', 'Two', 'Three'],
    ['One!', 'Two!', 'Three'],
    ['One', 'Two!', 'Three'],
    ['One!', 'Two!', 'Three!'],
  ])
})
