import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import {
  InboxDocument,
  MessagesDocument,
  ResyncDocument,
  SendMessageDocument,
} from '../../sdk/src/generated/graphql.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { Reader } from '../testkit/reader.ts'

let pair: Pair
let ann: Person
let bob: Person

beforeAll(async () => {
  pair = await startPair()
  ann = await signUp(pair.urls[0])
  bob = await signUp(pair.urls[1])
})

/** Every row of every table, as text, that holds one of these words. */
async function rowsWith(words: readonly string[]): Promise<string[]> {
  const tables = await pair.database.query<{ name: string }>(
    `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  )
  expect(tables.length).toBeGreaterThan(5)
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await pair.database.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)
    // A bytea in a row reads as hexadecimal.
    const needles = words.flatMap((word) => [word, Buffer.from(word).toString('hex')])
    found.push(
      ...rows.filter(({ row }) => needles.some((needle) => row.includes(needle))).map(({ row }) => `${name}: ${row}`),
    )
  }
  return found
}

const EverythingDocument = parse(/* GraphQL */ `
  subscription Everything($conversationId: ID!, $after: Int) {
    conversationEvents(conversationId: $conversationId, after: $after) {
      __typename
      ... on StreamEvent {
        cursor {
          eventSeq
        }
      }
      ... on MessageSent {
        message {
          ...Around
        }
      }
      ... on MessageEdited {
        message {
          ...Around
        }
      }
      ... on MessageDeleted {
        message {
          ...Around
        }
      }
    }
  }

  fragment Around on Message {
    seq
    text
    replyTo {
      text
    }
    conversation {
      lastMessage {
        text
      }
      messages {
        nodes {
          text
        }
      }
    }
  }
`) as TypedDocumentNode<
  {
    conversationEvents: {
      __typename: string
      cursor?: { eventSeq: number }
      message?: { seq: number; text: string | null; replyTo: { text: string | null } | null }
    }
  },
  { conversationId: string; after: number | null }
>

const everything = (person: Person, conversationId: string, after: number | null) =>
  Reader.open(person, EverythingDocument, { conversationId, after }, (data) => data.conversationEvents)

test('the text of a deleted message, and of all its revisions, is in no table, no replay, no resync and no memory', async () => {
  const words = ['Xylophone', 'Zeppelin', 'Quagmire']
  const conversation = await ann.startDirect(bob)
  // Readers on both servers, so that the ring of each process holds every revision.
  const rings = await Promise.all(pair.urls.map((url) => bob.at(url).conversationEvents(conversation)))
  const seen = async (count: number, word: string) => {
    for (const ring of rings) expect(JSON.stringify((await ring.waitForCount(count)).at(-1))).toContain(word)
  }
  const { message } = await ann.send(conversation, `${words[0]!} one`)
  await seen(1, words[0]!)
  const input = { conversationId: conversation, clientMessageId: newKey(), text: 'An answer', replyToId: message.id }
  expectType((await bob.client.request(SendMessageDocument, { input })).sendMessage, 'SendMessageSuccess')
  await ann.edit(message.id, `${words[1]!} two`)
  await seen(3, words[1]!)
  const editKey = newKey()
  await ann.edit(message.id, `${words[2]!} three`, editKey)
  await seen(4, words[2]!)
  // The message, and its two former texts.
  expect(await rowsWith(words)).toHaveLength(3)

  const { message: tombstone } = await ann.remove(message.id)
  expect(tombstone).toMatchObject({ text: null, revision: 3 })
  for (const ring of rings) await ring.waitForCount(5)
  expect(await rowsWith(words)).toEqual([])

  const none = new RegExp(words.join('|'))
  for (const url of pair.urls) {
    for (const person of [ann.at(url), bob.at(url)]) {
      for (const after of [0, 1, 2, 3, 4]) {
        const replay = await everything(person, conversation, after)
        const events = await replay.waitForCount(5 - after)
        expect(JSON.stringify(events)).not.toMatch(none)
        replay.cut()
        const { resync } = await person.client.request(ResyncDocument, {
          cursors: [{ streamId: conversation, eventSeq: after }],
        })
        expect(resync.streams[0]!.events).toHaveLength(5 - after)
        expect(JSON.stringify(resync)).not.toMatch(none)
      }
      const reads = [
        await person.client.request(MessagesDocument, { id: conversation }),
        await person.client.request(InboxDocument, {}),
      ]
      expect(JSON.stringify(reads)).not.toMatch(none)
    }
  }
  // A repeated edit is answered as a duplicate, with the message as it is now.
  const repeated = await ann.edit(message.id, `${words[2]!} three`, editKey)
  expect(repeated).toMatchObject({ ack: { outcome: 'DUPLICATE', cursor: { eventSeq: 4 } }, message: { text: null } })
})

test('a reader who was far behind when a message was deleted never gets its text, whether from memory or from the log', async () => {
  const group = await ann.createGroup([bob])
  const keeping = await Promise.all(pair.urls.map((url) => bob.at(url).conversationEvents(group)))
  const doomed = []
  for (let count = 0; count < 150; count++) {
    const { message } = await ann.send(group, count % 3 === 0 ? `Doomed ${count}` : `Kept ${count}`)
    if (count % 3 === 0) doomed.push(message.id)
  }
  for (const id of doomed) await ann.remove(id)
  for (const ring of keeping) await ring.waitForCount(200)
  const late = await Promise.all(pair.urls.map((url) => everything(bob.at(url), group, 0)))
  for (const reader of late) {
    const events = await reader.waitForCount(200)
    expect(JSON.stringify(events)).not.toContain('Doomed')
    expect(events.map(({ cursor }) => cursor?.eventSeq)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
  }
  expect(await rowsWith(['Doomed'])).toEqual([])
})

test('a deleted text is not remembered for the answers to it that somebody else was sent a moment before', async () => {
  const group = await ann.createGroup([bob])
  const rings = await Promise.all(pair.urls.map((url) => bob.at(url).conversationEvents(group)))
  const { message } = await ann.send(group, 'Doomed')
  const input = { conversationId: group, clientMessageId: newKey(), text: 'An answer', replyToId: message.id }
  expectType((await bob.client.request(SendMessageDocument, { input })).sendMessage, 'SendMessageSuccess')
  // More than a reader is handed at a time, so that the deletion is not among what it gets first.
  for (let count = 0; count < 120; count++) await ann.send(group, `Message ${count}`)
  for (const ring of rings) await ring.waitForCount(122)
  for (const url of pair.urls) {
    const before = await everything(bob.at(url), group, 0)
    expect((await before.waitForCount(122))[1]?.message?.replyTo).toEqual({ text: 'Doomed' })
  }
  await ann.remove(message.id)
  for (const ring of rings) await ring.waitForCount(123)
  for (const url of pair.urls) {
    const after = await everything(bob.at(url), group, 0)
    expect(JSON.stringify(await after.waitForCount(123))).not.toContain('Doomed')
  }
})
