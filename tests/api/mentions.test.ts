import { beforeAll, describe, expect, test } from 'vitest'
import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import {
  AddMembersDocument,
  LeaveConversationDocument,
  UpdateInboxEntryDocument,
} from '../../sdk/src/generated/graphql.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { sharedServer } from '../testkit/shared.ts'

/*
 * Mentions: who can be mentioned, what a message shows of it, and what counts as a mention that was not read.
 */
let url: string
let ann: Person
let bob: Person
let cleo: Person
let otto: Person
beforeAll(async () => {
  ;({ url } = (await sharedServer()).server)
  ;[ann, bob, cleo, otto] = (await Promise.all(['Ann', 'Bob', 'Cleo', 'Otto'].map((name) => signUp(url, name)))) as [
    Person,
    Person,
    Person,
    Person,
  ]
})

interface Written {
  __typename: string
  reason?: string
  fields?: { path: string[] }[]
  ack?: { outcome: string }
  message?: { id: string; seq: number; mentions: { id: string }[]; mentionsEveryone: boolean; revision: number }
}
const answer = `__typename ... on Error { reason } ... on ValidationError { fields { path } }
  ... on SendMessageSuccess { ack { outcome } message { ...M } }`
const SendDocument = parse(`mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${answer} } }
  fragment M on Message { id seq revision mentions { id } mentionsEveryone }`) as TypedDocumentNode<
  { sendMessage: Written },
  { input: object }
>
const EditDocument = parse(`mutation ($input: EditMessageInput!) { editMessage(input: $input) {
  ${answer.replace('SendMessageSuccess', 'EditMessageSuccess')} } }
  fragment M on Message { id seq revision mentions { id } mentionsEveryone }`) as TypedDocumentNode<
  { editMessage: Written },
  { input: object }
>

const ids = (people: Person[]) => people.map(({ id }) => id)

async function send(person: Person, conversationId: string, input: object, clientMessageId = newKey()) {
  const asked = { conversationId, clientMessageId, text: 'Look', ...input }
  return (await person.client.request(SendDocument, { input: asked })).sendMessage
}

async function edit(person: Person, messageId: string, input: object, opKey = newKey()) {
  const asked = { messageId, opKey, text: 'Look again', ...input }
  return (await person.client.request(EditDocument, { input: asked })).editMessage
}

const mentioned = ({ message }: Written) => message?.mentions.map(({ id }) => id)

describe('sending', () => {
  test('a message shows whom it mentions, each once, as the sender ordered them', async () => {
    const id = await ann.createGroup([bob, cleo])
    const sent = await send(ann, id, { mentionIds: ids([cleo, bob, cleo, ann]) })
    expect(mentioned(sent)).toEqual(ids([cleo, bob, ann]))
    expect(sent.message?.mentionsEveryone).toBe(false)
    const plain = await send(ann, id, { mentionIds: [], mentionEveryone: null })
    expect(plain.message).toMatchObject({ mentions: [], mentionsEveryone: false })
  })

  test('the same people in another order are the same request, and other people are another one', async () => {
    const id = await ann.createGroup([bob, cleo])
    const key = newKey()
    const first = await send(ann, id, { mentionIds: ids([cleo, bob]) }, key)
    const again = await send(ann, id, { mentionIds: ids([bob, cleo, bob]) }, key)
    expect(again).toMatchObject({ ack: { outcome: 'DUPLICATE' }, message: first.message })
    for (const input of [{}, { mentionIds: ids([bob]) }, { mentionIds: ids([bob, cleo]), mentionEveryone: true }]) {
      expect(await send(ann, id, input, key)).toMatchObject({ __typename: 'OpKeyReusedError' })
    }
  })

  test('only members can be mentioned, at most 50 of them, and everyone by those who manage a group', async () => {
    const id = await ann.createGroup([bob, cleo])
    const direct = await ann.startDirect(bob)
    const left = await signUp(url, 'Left')
    const other = await ann.createGroup([left])
    const cases: [string, Person, string, object][] = [
      ['mentionIds', ann, id, { mentionIds: ids([otto]) }],
      ['mentionIds', ann, id, { mentionIds: ids([bob, left]) }],
      ['mentionIds', ann, id, { mentionIds: ['nobody'] }],
      ['mentionIds', ann, id, { mentionIds: [id] }],
      ['mentionIds', ann, direct, { mentionIds: ids([cleo]) }],
      ['mentionIds', ann, id, { mentionIds: Array.from({ length: 51 }, (_, index) => `id${String(index)}`) }],
      ['mentionEveryone', bob, id, { mentionEveryone: true }],
      ['mentionEveryone', ann, direct, { mentionEveryone: true }],
    ]
    for (const [field, person, conversationId, input] of cases) {
      const refused = await send(person, conversationId, input)
      expect(refused, JSON.stringify(input)).toMatchObject({
        __typename: 'ValidationError',
        fields: [{ path: ['input', field] }],
      })
    }
    expect(await send(otto, other, { mentionIds: ids([ann]) })).toMatchObject({ __typename: 'NotFoundError' })
    const everyone = await send(ann, id, { mentionEveryone: true })
    expect(everyone.message).toMatchObject({ seq: 1, mentions: [], mentionsEveryone: true })
    const twice = Array.from({ length: 60 }, (_, index) => [bob, cleo][index % 2]!)
    expect(mentioned(await send(ann, id, { mentionIds: ids(twice) }))).toEqual(ids([bob, cleo]))
  })

  test('many at once are gathered, and each has its own mentions or its own refusal', async () => {
    const id = await ann.createGroup([bob, cleo])
    await ann.send(id, 'first')
    const sent = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        send(
          ann,
          id,
          [{}, { mentionIds: ids([bob]) }, { mentionIds: ids([otto]) }, { mentionEveryone: true }][index % 4]!,
        ),
      ),
    )
    for (const [index, result] of sent.entries()) {
      if (index % 4 === 2) expect(result.__typename).toBe('ValidationError')
      else {
        expect(mentioned(result)).toEqual(index % 4 === 1 ? [bob.id] : [])
        expect(result.message?.mentionsEveryone).toBe(index % 4 === 3)
      }
    }
  })
})

describe('editing', () => {
  test('an edit replaces the mentions, or leaves them, and one who has left may stay', async () => {
    const id = await ann.createGroup([bob, cleo])
    const sent = await send(ann, id, { mentionIds: ids([bob]) })
    const messageId = sent.message!.id
    expect(mentioned(await edit(ann, messageId, {}))).toEqual([bob.id])
    expect(mentioned(await edit(ann, messageId, { mentionIds: null }))).toEqual([bob.id])
    expect(mentioned(await edit(ann, messageId, { mentionIds: ids([cleo, bob]) }))).toEqual(ids([cleo, bob]))
    await bob.client.request(LeaveConversationDocument, { input: { conversationId: id } })
    expect(mentioned(await edit(ann, messageId, { mentionIds: ids([bob, cleo]) }))).toEqual(ids([bob, cleo]))
    expect(mentioned(await edit(ann, messageId, { mentionIds: [] }))).toEqual([])
    expect(await edit(ann, messageId, { mentionIds: ids([bob]) })).toMatchObject({
      __typename: 'ValidationError',
      fields: [{ path: ['input', 'mentionIds'] }],
    })
  })
})

const EntryDocument = parse(
  `query ($id: ID!) { conversation(id: $id) { viewerEntry { unreadCount unreadMentionCount } } }`,
) as TypedDocumentNode<
  { conversation: { viewerEntry: { unreadCount: number; unreadMentionCount: number } } },
  { id: string }
>
const InboxDocument = parse(`query ($filter: InboxFilter!, $first: Int, $after: String) {
  inbox(filter: $filter, first: $first, after: $after) { nodes { unreadMentionCount conversation { id } } pageInfo { hasNextPage endCursor } } }`) as TypedDocumentNode<
  {
    inbox: {
      nodes: { unreadMentionCount: number; conversation: { id: string } }[]
      pageInfo: { hasNextPage: boolean; endCursor: string | null }
    }
  },
  { filter: string; first?: number; after?: string | null }
>

async function counted(person: Person, id: string) {
  return (await person.client.request(EntryDocument, { id })).conversation.viewerEntry.unreadMentionCount
}

describe('unreadMentionCount', () => {
  test('counts each message of others once, by whom and everyone, until it is read, deleted or edited otherwise', async () => {
    const id = await ann.createGroup([bob, cleo])
    const sent = await send(ann, id, { mentionIds: ids([bob, ann]) })
    await send(ann, id, {})
    const both = await send(ann, id, { mentionIds: ids([bob]), mentionEveryone: true })
    const later = await send(ann, id, {})
    expect(await Promise.all([ann, bob, cleo].map((person) => counted(person, id)))).toEqual([0, 2, 1])

    await edit(ann, later.message!.id, { mentionIds: ids([cleo]) })
    await edit(ann, sent.message!.id, { mentionIds: ids([cleo]) })
    expect(await Promise.all([ann, bob, cleo].map((person) => counted(person, id)))).toEqual([0, 1, 3])

    await cleo.markRead(id, 3)
    expect(await counted(cleo, id)).toBe(1)
    await ann.remove(both.message!.id)
    expect(await Promise.all([bob, cleo].map((person) => counted(person, id)))).toEqual([0, 1])
    await ann.remove(later.message!.id)
    expect(await Promise.all([bob, cleo].map((person) => counted(person, id)))).toEqual([0, 0])

    // Marked unread by hand: what was read counts again, but not what the person sent.
    await send(cleo, id, { mentionIds: ids([cleo]) })
    await cleo.client.request(UpdateInboxEntryDocument, { input: { conversationId: id, unreadFromSeq: 1 } })
    expect(await counted(cleo, id)).toBe(1)
  })

  test('who joins later has none of before', async () => {
    const id = await ann.createGroup([bob])
    await send(ann, id, { mentionEveryone: true })
    await ann.client.request(AddMembersDocument, { input: { conversationId: id, userIds: [cleo.id] } })
    expect(await counted(cleo, id)).toBe(0)
    const { message } = await send(ann, id, { mentionEveryone: true })
    expect(await counted(cleo, id)).toBe(1)
    // Also not when they mark the messages of before as unread: everyone is who was there.
    await cleo.client.request(UpdateInboxEntryDocument, { input: { conversationId: id, unreadFromSeq: 1 } })
    expect(await counted(cleo, id)).toBe(1)
    await ann.remove(message!.id)
    expect(await counted(cleo, id)).toBe(0)
    const mentioned = await cleo.client.request(InboxDocument, { filter: 'MENTIONED' })
    expect(mentioned.inbox.nodes.map(({ conversation }) => conversation.id)).not.toContain(id)
    await bob.client.request(UpdateInboxEntryDocument, { input: { conversationId: id, unreadFromSeq: 1 } })
    expect(await counted(bob, id)).toBe(1)
  })

  test('MENTIONED has the entries that have some, in pages, archived ones too', async () => {
    const [reader, writer] = await Promise.all([signUp(url), signUp(url)])
    const groups: string[] = []
    for (let index = 0; index < 6; index++) groups.push(await writer.createGroup([reader]))
    const [named, everyone, plain, read, deleted, archived] = groups as [string, string, string, string, string, string]
    await send(writer, named, { mentionIds: [reader.id] })
    await send(writer, everyone, { mentionEveryone: true })
    await send(writer, plain, {})
    await send(writer, read, { mentionIds: [reader.id] })
    await reader.markRead(read, 1)
    await writer.remove((await send(writer, deleted, { mentionIds: [reader.id] })).message!.id)
    await send(writer, archived, { mentionIds: [reader.id] })
    await reader.client.request(UpdateInboxEntryDocument, { input: { conversationId: archived, archived: true } })
    const pages: string[] = []
    for (let after: string | null = null; ;) {
      const {
        inbox,
      }: {
        inbox: {
          nodes: { conversation: { id: string } }[]
          pageInfo: { hasNextPage: boolean; endCursor: string | null }
        }
      } = await reader.client.request(InboxDocument, { filter: 'MENTIONED', first: 1, after })
      pages.push(...inbox.nodes.map(({ conversation }) => conversation.id))
      after = inbox.pageInfo.endCursor
      if (!inbox.pageInfo.hasNextPage) break
    }
    expect(pages).toEqual([archived, everyone, named])
    expect((await writer.client.request(InboxDocument, { filter: 'MENTIONED' })).inbox.nodes).toEqual([])
  })
})
