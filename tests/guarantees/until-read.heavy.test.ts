import { beforeAll, expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { effort } from '../testkit/effort.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'

/*
 * UNTIL_READ: an edit and a read at the same moment end in one of two outcomes. Either the edit comes first, and the message
 * is read after it; or the read comes first, and the edit is refused. Never is a message edited that somebody had read.
 * In groups of three, receipts are gathered here: such reads do not lock the conversation.
 */
const gatherFrom = 3
const lanes = 5
const rounds = effort(100, 30)

let pair: Pair
let ann: Person
let bob: Person
let cleo: Person
beforeAll(async () => {
  pair = await startPair({
    env: { RECEIPT_GATHER_MEMBERS: String(gatherFrom), RECEIPT_FLUSH_INTERVAL_MS: '200' },
  })
  ;[ann, bob, cleo] = await Promise.all([signUp(pair.urls[0]), signUp(pair.urls[1]), signUp(pair.urls[0])])
})

type Kind = 'edit' | 'delete'

/** Not owned by the sender: an owner may delete at any time. */
async function groupOf(owner: Person, members: Person[]): Promise<string> {
  const mutation = `mutation ($input: CreateGroupInput!) { createGroup(input: $input) {
    ... on CreateGroupSuccess { conversation { id } } } }`
  const memberIds = members.map(({ id }) => id)
  const input = { title: 'Until read', memberIds, editPolicy: 'UNTIL_READ', opKey: newKey() }
  const { data } = await ask<{ createGroup: { conversation: { id: string } } }>(owner, mutation, { input })
  return data!.createGroup.conversation.id
}

async function change(kind: Kind, messageId: string): Promise<string> {
  const [name, input] =
    kind === 'edit'
      ? (['editMessage', { messageId, text: 'Two', opKey: newKey() }] as const)
      : (['deleteMessage', { messageId, opKey: newKey() }] as const)
  const type = kind === 'edit' ? 'EditMessageInput' : 'DeleteMessageInput'
  const { data } = await ask<Record<string, { __typename: string }>>(
    ann,
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`,
    { input },
  )
  return data![name]!.__typename
}

/** Races in one conversation, one after the other. Returns by seq whether the change was accepted. */
async function race(id: string, readers: Person[], lane: number): Promise<Map<number, boolean>> {
  const accepted = new Map<number, boolean>()
  for (let round = 0; round < rounds; round++) {
    const { message } = await ann.send(id, 'One')
    const kind = round % 5 === 4 ? 'delete' : 'edit'
    const changing = () => change(kind, message.id)
    const reading = () => Promise.all(readers.map((reader) => reader.markRead(id, message.seq)))
    // Each begins first in turn.
    const [outcome] =
      (round + lane) % 2 === 0
        ? await Promise.all([changing(), reading()])
        : await Promise.all([reading(), changing()]).then(([read, changed]) => [changed, read] as const)
    expect(['EditMessageSuccess', 'DeleteMessageSuccess', 'MessageLockedError']).toContain(outcome)
    accepted.set(message.seq, outcome !== 'MessageLockedError')
    // Once it was read by all, whatever became of the race, it is locked.
    expect(await change('edit', message.id)).toBe(
      outcome === 'DeleteMessageSuccess' ? 'MessageDeletedError' : 'MessageLockedError',
    )
  }
  return accepted
}

interface Told {
  seq: number
  editedAt: string | null
  deletedAt: string | null
  readBy: { nodes: { readAt: string }[] }
}

async function told(id: string, readerCount: number): Promise<Told[]> {
  const query = `query ($id: ID!) { conversation(id: $id) { messages(first: 100) {
    nodes { seq editedAt deletedAt readBy(first: 3) { nodes { readAt } } } } } }`
  let nodes: Told[] = []
  await expect
    .poll(
      async () => {
        const { data } = await ask<{ conversation: { messages: { nodes: Told[] } } }>(ann, query, { id })
        nodes = data!.conversation.messages.nodes
        return nodes.every(({ readBy }) => readBy.nodes.length === readerCount)
      },
      { timeout: 20_000 },
    )
    .toBe(true)
  return nodes
}

test('a message is changed before it is read, or read and then not changed: never both', async () => {
  const conversations = await Promise.all(
    Array.from({ length: 2 * lanes }, async (_, lane) => {
      const readers = lane % 2 === 0 ? [bob] : [bob, cleo]
      return { id: await groupOf(bob, [ann, ...readers.slice(1)]), readers, lane }
    }),
  )
  const results = await Promise.all(
    conversations.map(async ({ id, readers, lane }) => ({ id, readers, accepted: await race(id, readers, lane) })),
  )
  for (const gathered of [false, true]) {
    const both: string[] = []
    let [before, after] = [0, 0]
    for (const { id, readers, accepted } of results) {
      if (readers.length + 1 >= gatherFrom !== gathered) continue
      for (const { seq, editedAt, deletedAt, readBy } of await told(id, readers.length)) {
        const changedAt = deletedAt ?? editedAt
        expect(changedAt !== null).toBe(accepted.get(seq))
        if (changedAt === null) after++
        else before++
        for (const { readAt } of readBy.nodes)
          if (changedAt !== null && readAt < changedAt) both.push(`${id} ${String(seq)}`)
      }
    }
    expect(both).toEqual([])
    // Otherwise nothing was seen.
    expect(Math.min(before, after)).toBeGreaterThan(0)
  }
})
