import { Client } from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { createDatabase } from '../../src/store/database/database.ts'
import { createMoveStore } from '../../src/store/moves.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { expectErrors, ask as send } from '../testkit/api.ts'
import { ask, keyOf } from '../testkit/ask.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { countedEnv, keptOf, keptQueries } from '../testkit/kept.ts'
import { newKey, Person, signUp } from '../testkit/person.ts'
import { startProxy } from '../testkit/proxy.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { makeStaff } from '../testkit/support.ts'

const database = await createTestDatabase()
const proxy = await startProxy(Number(new URL(database.url).port))
const throughProxy = Object.assign(new URL(database.url), { port: String(proxy.port) }).href
const [keeping, plain] = await Promise.all([
  startServer({ databaseUrl: throughProxy, env: countedEnv }),
  startServer({ databaseUrl: database.url, env: { READ_CACHE_MB: '0' } }),
])
/** The same person, who asks the other server. */
const at = (server: ServerProcess, person: Person) => person.at(server.url)
const everything = (group: string) =>
  [
    [keptQueries.inbox, { first: 5 }],
    [keptQueries.page, { id: group, last: 20 }],
    [keptQueries.plainInbox, {}],
    [keptQueries.plainPage, { id: group }],
  ] as const

const answersOf = (server: ServerProcess, person: Person, group: string) =>
  Promise.all(everything(group).map(([query, variables]) => ask(at(server, person), query, variables)))

/** Asks until all of it comes from memory: the first time of each may meet a look that failed on a busy machine. */
async function kept(person: Person, group: string): Promise<string[]> {
  await expect
    .poll(
      async () => {
        const { hits } = await keptOf(keeping)
        await answersOf(keeping, person, group)
        return (await keptOf(keeping)).hits - hits
      },
      { timeout: 60_000 },
    )
    .toBe(4)
  return answersOf(keeping, person, group)
}

const input = (name: string, type: string) => `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`

describe('what another process has acknowledged is in the next answer', () => {
  let ann: Person, bob: Person, eve: Person, group: string, messageId: string
  beforeAll(async () => {
    ;[ann, bob, eve] = await Promise.all([signUp(plain.url, 'Ann'), signUp(plain.url, 'Bob'), signUp(plain.url, 'Eve')])
    group = await ann.createGroup([bob, eve], 'The group')
    await ann.createGroup([bob], 'Another one')
    for (const text of ['One', 'Two']) await ann.send(group, text)
    messageId = (await eve.send(group, 'Three')).message.id
    await bob.startDirect(eve)
  })
  const writes: [string, () => Promise<unknown>][] = [
    ['sendMessage', () => ann.send(group, 'Four')],
    ['editMessage', () => eve.edit(messageId, 'Edited')],
    ['markRead on another device', () => bob.markRead(group, 2)],
    [
      'updateInboxEntry',
      () =>
        send(bob, input('updateInboxEntry', 'UpdateInboxEntryInput'), {
          input: { conversationId: group, pinned: true },
        }),
    ],
    [
      'renameConversation',
      () =>
        send(ann, input('renameConversation', 'RenameConversationInput'), {
          input: { conversationId: group, title: 'New' },
        }),
    ],
    [
      'a message in a conversation that is not on the page',
      () => eve.startDirect(bob).then((id) => eve.send(id, 'Hello')),
    ],
    ['joining another one', () => eve.createGroup([bob], 'The third')],
    // As a token of the embedding product has it.
    [
      'another name of who sent it',
      () => database.query(`UPDATE users SET display_name = 'Evelyn' WHERE id = $1`, [keyOf(eve.id)]),
    ],
    ['deleteMessage', () => eve.remove(messageId)],
    [
      'one stretch of an erasure',
      async () => {
        await eve.send(group, 'To be erased')
        const before = await kept(bob, group)
        await database.query(`SELECT parley_erase_messages($1, $2, $1, 0, 1000)`, [keyOf(eve.id), keyOf(group)])
        expect(await answersOf(keeping, bob, group)).not.toEqual(before)
      },
    ],
    ['the first step of an erasure', () => database.query(`SELECT parley_begin_erasure($1, $1)`, [keyOf(eve.id)])],
    [
      'clearing the history',
      () =>
        send(bob, input('hideConversation', 'HideConversationInput'), {
          input: { conversationId: group, clearHistory: true },
        }),
    ],
    [
      'being removed',
      () => send(ann, input('removeMember', 'RemoveMemberInput'), { input: { conversationId: group, userId: bob.id } }),
    ],
  ]

  test.each(writes)('%s', async (_, write) => {
    const before = await kept(bob, group)
    expect(before).toEqual(await answersOf(plain, bob, group))
    await write()
    const after = await answersOf(keeping, bob, group)
    expect(after).not.toEqual(before)
    expect(after).toEqual(await answersOf(plain, bob, group))
  })
})

test('a text that was deleted is gone from memory although nobody asks again', async () => {
  const [ann, bob] = [await signUp(plain.url), await signUp(plain.url)]
  const group = await ann.createGroup([bob])
  const { message } = await ann.send(group, 'Not for long')
  await kept(bob, group)
  const { answers } = await keptOf(keeping)
  await ann.remove(message.id)
  await expect.poll(async () => (await keptOf(keeping)).answers, { timeout: 20_000 }).toBeLessThanOrEqual(answers - 2)
})

test('nobody else gets it, also not who has had it and whose session ended', async () => {
  const [ann, bob, eve] = [await signUp(plain.url), await signUp(plain.url), await signUp(plain.url)]
  const group = await ann.createGroup([bob])
  await ann.send(group, 'For us two')
  await kept(bob, group)
  const page = { id: group }
  expect(await ask(at(keeping, eve), keptQueries.plainPage, page)).toContain('{"conversation":null}')
  expect(
    await ask(new Person({ ...eve.session, accessToken: 'x' }, keeping.url), keptQueries.plainPage, page),
  ).toContain('UNAUTHENTICATED')
  await send(at(plain, bob), 'mutation { logout }')
  await expect
    .poll(() => ask(at(keeping, bob), keptQueries.plainPage, page), { timeout: 20_000 })
    .toContain('UNAUTHENTICATED')
})

test('who is of the staff gets nothing from memory, also what was kept before they were', async () => {
  const [ann, bob] = [await signUp(plain.url), await signUp(plain.url)]
  const group = await ann.createGroup([bob])
  await ann.send(group, 'Hello')
  await kept(bob, group)
  await makeStaff(database, bob)
  // A process knows it a second later of a session that it knows.
  const asked = async () => {
    const before = await keptOf(keeping)
    await answersOf(keeping, bob, group)
    const after = await keptOf(keeping)
    return after.hits + after.misses - before.hits - before.misses
  }
  await expect.poll(asked, { timeout: 20_000 }).toBe(0)
  expect(await answersOf(keeping, bob, group)).toEqual(await answersOf(plain, bob, group))
})

test('answers from memory count in the queries of a minute, and those of a suspended person are refused', async () => {
  const env = { ...countedEnv, RATE_LIMITS: 'on', READS_PER_MINUTE: '12' }
  const own = await createTestDatabase()
  const limiting = await startServer({ databaseUrl: own.url, redisUrl: null, env })
  const [ann, bob] = [await signUp(limiting.url), await signUp(limiting.url)]
  const group = await ann.createGroup([bob])
  await ann.send(group, 'Hello')
  const askAgain = () => ask(bob, keptQueries.plainPage, { id: group })
  const statuses = []
  for (let count = 0; count < 20; count++) statuses.push((await askAgain()).slice(0, 3))
  expect(statuses).toEqual([...Array<string>(12).fill('200'), ...Array<string>(8).fill('429')])
  expect((await keptOf(limiting)).hits).toBeGreaterThan(5)

  await ask(ann, keptQueries.plainPage, { id: group })
  await own.query(`SELECT parley_suspend_user(NULL, $1, true, 'Why', NULL)`, [keyOf(ann.id)])
  await expect
    .poll(() => ask(ann, keptQueries.plainPage, { id: group }), { timeout: 20_000 })
    .toContain('UNAUTHENTICATED')
})

test('while the database does not answer nothing kept is served, and afterwards what is there by then', async () => {
  const [ann, bob] = [await signUp(plain.url), await signUp(plain.url)]
  const group = await ann.createGroup([bob])
  await ann.send(group, 'One')
  await kept(bob, group)
  proxy.stall()
  expectErrors(await send(at(keeping, bob), keptQueries.plainPage, { id: group }), 'UNAVAILABLE')
  expect(await keptOf(keeping)).toMatchObject({ answers: 0, bytes: 0 })
  await ann.send(group, 'Two')
  proxy.resume()
  await expect
    .poll(() => ask(at(keeping, bob), keptQueries.plainPage, { id: group }), { timeout: 60_000 })
    .toContain('Two')
})

describe('a look at what moved', () => {
  test('tells each move once, also that of a transaction which stayed open meanwhile, and sees a log that lost its newest event', async () => {
    const own = await createTestDatabase()
    const db = createDatabase({ connectionString: own.url, poolSize: 4, logger: createLogger('silent') })
    const other = new Client({ connectionString: own.url })
    await other.connect()
    try {
      const moves = createMoveStore(db)
      const [a, b, c] = [newKey(), newKey(), newKey()]
      const idsOf = (look: Awaited<ReturnType<typeof moves.after>>) => look.moved.map(({ id }) => id)
      let seen = await moves.after(null)
      expect(seen).toMatchObject({ isWhole: false, moved: [] })
      const next = async () => {
        seen = await moves.after(seen)
        expect(seen.isWhole).toBe(true)
        return idsOf(seen).sort()
      }
      await other.query('BEGIN')
      await other.query('SELECT parley_shown_moved($1)', [a])
      await own.query('SELECT parley_shown_moved($1)', [b])
      expect(await next()).toEqual([b])
      expect(await next()).toEqual([])
      await own.query('SELECT parley_shown_moved($1)', [c])
      expect(await next()).toEqual([c])
      await other.query('COMMIT')
      expect(await next()).toEqual([a])
      expect(await next()).toEqual([])

      await own.query(
        `INSERT INTO events (stream_id, seq, type, occurred_at) VALUES ($1, 1, 'INBOX_ENTRY_CHANGED', now())`,
        [b],
      )
      expect(await next()).toContain(b)
      await own.query('DELETE FROM events WHERE stream_id = $1', [b])
      expect(await moves.after(seen)).toMatchObject({ isWhole: false })
    } finally {
      await other.end()
      await db.close()
    }
  })
})
