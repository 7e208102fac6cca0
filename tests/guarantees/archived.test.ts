import { beforeAll, expect, test } from 'vitest'
import {
  AddMembersDocument,
  InboxDocument,
  RenameConversationDocument,
  UpdateInboxEntryDocument,
  ViewerDocument,
  type InboxFilter,
  type UpdateInboxEntryInput,
} from '../../sdk/src/generated/graphql.ts'
import { expectWholeChain } from '../testkit/chain.ts'
import { cursorsOf } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { expectType, newKey, signUp, type Person } from '../testkit/person.ts'
import { withRandom } from '../testkit/random.ts'
import { statementsOf } from '../testkit/statements.ts'

let pair: Pair
beforeAll(async () => {
  pair = await startPair()
})

const later = '2099-01-01T00:00:00.000Z'
const over = '2020-01-01T00:00:00.000Z'

const signUpMany = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => signUp(pair.urls[index % 2]!)))

type Change = Omit<UpdateInboxEntryInput, 'conversationId'>
const update = async (person: Person, conversationId: string, change: Change) => {
  const input = { conversationId, ...change }
  const { updateInboxEntry } = await person.client.request(UpdateInboxEntryDocument, { input })
  return expectType(updateInboxEntry, 'UpdateInboxEntrySuccess').entry
}
const archive = (person: Person, conversationId: string, mutedUntil: string | null = null) =>
  update(person, conversationId, { archived: true, mutedUntil })

const entriesOf = async (person: Person, filter: InboxFilter = 'ALL') => {
  const { inbox } = await person.client.request(InboxDocument, { first: 100, filter })
  return inbox.edges.map(({ node }) => node)
}
const idsOf = async (person: Person, filter: InboxFilter) =>
  (await entriesOf(person, filter)).map(({ conversation }) => conversation.id)
const archivedOf = (person: Person) => idsOf(person, 'ARCHIVED')
const headOf = async (person: Person) => (await person.client.request(ViewerDocument, {})).viewer.cursor.eventSeq

test('a message of somebody else brings the entry back to ACTIVE, and tells each device', async () => {
  const [ann, bob, cleo] = (await signUpMany(3)) as [Person, Person, Person]
  const id = await ann.createGroup([bob, cleo])
  await archive(bob, id)
  await archive(cleo, id, later)
  const from = await cursorsOf(bob)
  const devices = await Promise.all(pair.urls.map((url) => bob.at(url).inboxEvents(from)))
  const others = await ann.inboxEvents()
  await ann.send(id, 'Hello')
  for (const device of devices) {
    expect(await device.waitFor(({ __typename }) => __typename === 'InboxEntryChanged')).toMatchObject({
      conversationId: id,
      entry: { archived: false },
    })
  }
  expect(await idsOf(bob, 'ACTIVE')).toEqual([id])
  expect(await archivedOf(bob)).toEqual([])
  // Once, and nobody else: not the one who has it muted, and not the one who never had it archived.
  await ann.send(id, 'Hello again')
  for (const device of devices) {
    const events = await device.waitForCount(3)
    expect(events.map(({ __typename }) => __typename).sort()).toEqual([
      'InboxEntryChanged',
      'MessageSent',
      'MessageSent',
    ])
  }
  expect((await others.waitForCount(2)).map(({ __typename }) => __typename)).toEqual(['MessageSent', 'MessageSent'])
  expect(await archivedOf(cleo)).toEqual([id])
})

test('a muted entry stays archived until a message comes after the muting, or the viewer sends one', async () => {
  const [ann, bob] = (await signUpMany(2)) as [Person, Person]
  const id = await ann.startDirect(bob)
  await archive(bob, id, later)
  const head = await headOf(bob)
  await ann.send(id, 'Hello')
  expect(await archivedOf(bob)).toEqual([id])
  expect(await headOf(bob)).toBe(head)
  // That it is over brings nothing back by itself.
  await update(bob, id, { mutedUntil: over })
  expect(await archivedOf(bob)).toEqual([id])
  await ann.send(id, 'Hello')
  expect(await archivedOf(bob)).toEqual([])

  await archive(bob, id, later)
  const from = await cursorsOf(bob)
  const device = await bob.at(pair.urls[0]).inboxEvents(from)
  await bob.send(id, 'Hello yourself')
  expect(await device.waitFor(({ __typename }) => __typename === 'InboxEntryChanged')).toMatchObject({
    entry: { archived: false, mutedUntil: later },
  })
  expect(await idsOf(bob, 'ACTIVE')).toEqual([id])
})

test('nothing but a new message brings an entry back', async () => {
  const [ann, bob, cleo] = (await signUpMany(3)) as [Person, Person, Person]
  const id = await ann.createGroup([bob])
  const key = newKey()
  const { message } = await ann.send(id, 'Hello', key)
  const { message: other } = await ann.send(id, 'Hello')
  const own = newKey()
  await bob.send(id, 'Hello', own)
  await archive(bob, id)
  const head = await headOf(bob)
  expect(await ann.send(id, 'Hello', key)).toMatchObject({ ack: { outcome: 'DUPLICATE' } })
  expect(await bob.send(id, 'Hello', own)).toMatchObject({ ack: { outcome: 'DUPLICATE' } })
  await ann.edit(message.id, 'Hello!')
  await ann.remove(other.id)
  await bob.markRead(id, 2)
  await ann.markRead(id, 3)
  await ann.client.request(RenameConversationDocument, { input: { conversationId: id, title: 'Renamed' } })
  await ann.client.request(AddMembersDocument, { input: { conversationId: id, userIds: [cleo.id] } })
  expect(await archivedOf(bob)).toEqual([id])
  expect(await headOf(bob)).toBe(head)
  await ann.send(id, 'Hello')
  expect(await archivedOf(bob)).toEqual([])
  expect(await headOf(bob)).toBe(head + 1)
})

test('sends that go together bring back what they would singly', async () => {
  const [ann, bob, cleo] = (await Promise.all(Array.from({ length: 3 }, () => signUp(pair.urls[0])))) as [
    Person,
    Person,
    Person,
  ]
  const [here, there] = [await ann.createGroup([bob, cleo]), await ann.createGroup([bob, cleo])]
  const keys = { [here]: newKey(), [there]: newKey() }
  for (const id of [here, there]) await ann.send(id, 'Known', keys[id])
  await archive(bob, here)
  await archive(bob, there)
  await archive(cleo, here, later)
  const from = await cursorsOf(bob)
  // On the other server.
  const device = await bob.at(pair.urls[1]).inboxEvents(from)
  const head = await headOf(bob)
  const held = await holdRows(pair.database, 'SELECT FROM conversations WHERE id = $1 FOR UPDATE', [keyOf(here)])
  const { list } = await statementsOf(pair.database, async () => {
    // A repeated one goes by itself, and waits; the others gather behind it. Of them one is repeated, too, and Cleo's is not
    // the last.
    const first = ann.send(here, 'Known', keys[here])
    await held.waitForBlocked(1)
    const rest = [
      ann.send(here, 'Known', keys[here]),
      cleo.send(here, 'Own'),
      ann.send(here, 'New'),
      ann.send(here, 'New too'),
    ]
    await ann.client.request(ViewerDocument, {})
    await held.release()
    expect(await first).toMatchObject({ ack: { outcome: 'DUPLICATE' } })
    await Promise.all(rest)
  })
  expect(list.some(({ query }) => query.includes('parley_send_messages('))).toBe(true)
  expect(await archivedOf(cleo)).toEqual([])
  expect(await archivedOf(bob)).toEqual([there])
  expect(await headOf(bob)).toBe(head + 1)
  expect(await device.waitFor(({ __typename }) => __typename === 'InboxEntryChanged')).toMatchObject({
    conversationId: here,
    entry: { archived: false },
  })
})

test('a conversation that a hundred and fifty have archived comes back for each of them', async () => {
  const [ann, bob] = (await signUpMany(2)) as [Person, Person]
  const id = await ann.createGroup([bob])
  // Before Bob in every order.
  await pair.database.query(
    `WITH made AS (INSERT INTO users (id, handle, display_name, search_name)
       SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'archived.' || n, 'Made', 'made'
         FROM generate_series(1, 150) AS n RETURNING id)
     INSERT INTO members (conversation_id, user_id, archived) SELECT $1, id, true FROM made`,
    [keyOf(id)],
  )
  await pair.database.query('UPDATE conversations SET member_count = 152 WHERE id = $1', [keyOf(id)])
  await archive(bob, id)
  const device = await bob.inboxEvents()
  await ann.send(id, 'Hello')
  expect(await device.waitFor(({ __typename }) => __typename === 'InboxEntryChanged')).toMatchObject({
    entry: { archived: false },
  })
  const [left] = await pair.database.query(
    `SELECT count(*) FILTER (WHERE m.archived)::int AS archived, count(*)::int AS told
      FROM members m JOIN users u ON u.id = m.user_id JOIN events e ON e.stream_id = u.id AND e.seq = u.head_event_seq
       AND e.mark = u.head_mark AND e.xid = u.head_xid AND e.data->>'conversationId' = m.conversation_id::text
      WHERE m.conversation_id = $1 AND u.handle LIKE 'archived.%'`,
    [keyOf(id)],
  )
  expect(left).toEqual({ archived: 0, told: 150 })
})

test('entries in a snapshot and every event after it are those of a fresh read, while everybody archives, mutes and sends', async () => {
  await withRandom(async (random) => {
    const people = await signUpMany(3)
    const [owner, ...others] = people as [Person, ...Person[]]
    const talks = await Promise.all([0, 1, 2, 3].map(() => owner.createGroup(others)))
    const states = (entries: Awaited<ReturnType<typeof entriesOf>>) =>
      new Map(
        entries.map((entry) => [entry.conversation.id, { archived: entry.archived, mutedUntil: entry.mutedUntil }]),
      )
    const copies = await Promise.all(
      people.map(async (person, index) => {
        const from = await cursorsOf(person)
        const known = states(await entriesOf(person))
        return { person, known, reader: await person.at(pair.urls[(index + 1) % 2]!).inboxEvents(from) }
      }),
    )
    const act = async (person: Person) => {
      const id = random.pick(talks)
      const choice = random.below(7)
      if (choice < 3) await person.send(id, 'Hello')
      else if (choice < 6) await update(person, id, { archived: random.below(4) > 0 })
      else await update(person, id, { mutedUntil: random.pick([null, over, later]) })
    }
    const lanes = people.flatMap((person) => pair.urls.flatMap((url) => [person.at(url), person.at(url)]))
    await Promise.all(
      lanes.map(async (device) => {
        for (let count = 0; count < 25; count++) await act(device)
      }),
    )
    for (const { person, known, reader } of copies) {
      const head = await headOf(person)
      const isOwn = (event: (typeof reader.events)[0]) => event.__typename === 'InboxEntryChanged'
      await reader.waitFor((event) => isOwn(event) && 'cursor' in event && event.cursor.eventSeq === head)
      for (const event of reader.events) {
        if (event.__typename !== 'InboxEntryChanged' || !event.entry) continue
        const { archived, mutedUntil } = event.entry
        known.set(event.conversationId, { archived, mutedUntil })
      }
      const fresh = states(await entriesOf(person))
      for (const id of talks) expect(known.get(id)).toEqual(fresh.get(id))
    }
    const [row] = await pair.database.query(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    )
    expect(row).toEqual({ deadlocks: 0 })
  })
})

test('each event of all this names the one before it', () => expectWholeChain(pair.database))
