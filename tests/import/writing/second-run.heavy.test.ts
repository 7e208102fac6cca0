// A longer export over one that is here already, killed in the midst of it and run again: as if nothing had happened.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../testkit/database.ts'
import { casesOf } from '../../testkit/effort.ts'
import { writeExport } from '../hand-made.ts'

const script = join(import.meta.dirname, '../../../scripts/parley.mjs')
const dataDir = mkdtempSync(join(tmpdir(), 'parley-second-run-'))

const people = ['ana', 'ben', 'cem', 'dee']
const idOf = (name: string) => `U0${name.toUpperCase()}`
const user = (name: string) => ({ id: idOf(name), name, profile: { real_name: name, email: `${name}@x.example` } })
const channel = (name: string, members: string[]) => ({ id: `C0${name}`, name, members: members.map(idOf) })
const ts = (index: number) => `${String(1_772_409_600 + index)}.000100`
const said = (index: number, more: object = {}) => ({
  ...{ type: 'message', user: idOf(people[index % 3] ?? ''), text: `message ${String(index)}`, ts: ts(index) },
  ...more,
})

const here = 400
/** More than two batches. */
const later = 8_500
const others = 1_000
const first = Array.from({ length: here }, (_, index) => said(index))
const day = '2026-03-02.json'

const changes: ((index: number) => object)[] = [
  (index) => ({ text: `message ${String(index)}, corrected`, edited: { user: idOf('ana'), ts: ts(index + 40) } }),
  () => ({ reactions: [{ name: 'tada', users: [idOf('ben'), idOf('cem')], count: 2 }] }),
  () => ({ subtype: 'tombstone', user: 'USLACKBOT', text: 'This message was deleted.', hidden: true }),
]
const changed = first.map((row, index) => (index % 9 < 3 ? { ...row, ...changes[index % 9]?.(index) } : row))
const added = Array.from({ length: later }, (_, n) => {
  const index = here + n
  const isReply = n % 10 === 0
  return said(index, {
    ...(isReply && { thread_ts: ts(index - 20), parent_user_id: idOf('ana') }),
    ...(n % 7 === 0 && { reactions: [{ name: '+1', users: [idOf('ana')], count: 1 }] }),
    ...(n % 11 === 0 && { text: `<@${idOf('ben')}> look at ${String(index)}` }),
  })
})

const before = writeExport({
  'users.json': people.slice(0, 3).map(user),
  'channels.json': [channel('general', people.slice(0, 3))],
  [`general/${day}`]: first,
})
const longer = writeExport({
  'users.json': people.map(user),
  'channels.json': [channel('general', people), channel('other', people.slice(1))],
  [`general/${day}`]: [...changed, ...added],
  [`other/${day}`]: Array.from({ length: others }, (_, index) => said(index, { reply_count: 0 })),
})

/** Everything that an import writes, with people and conversations by their names; without what is random or the time of the run. */
const states: Record<string, string> = {
  people: 'SELECT handle, display_name, erased_at FROM users ORDER BY handle',
  conversations: `SELECT title, kind, head_seq, head_event_seq, floor_event_seq, member_count, created_at FROM conversations ORDER BY title`,
  members: `SELECT c.title, u.handle, m.role, m.joined_event_seq, m.last_read_seq, m.own_read_seq, m.last_sent_seq, m.left_at
    FROM members m JOIN conversations c ON c.id = m.conversation_id JOIN users u ON u.id = m.user_id ORDER BY 1, 2`,
  messages: `SELECT c.title, m.seq, u.handle, m.text, m.revision, m.client_message_id, m.reply_to_seq, m.created_at, m.edited_at,
      m.deleted_at IS NULL AS there, m.attachment_count, m.mentions_everyone,
      ARRAY(SELECT p.handle FROM unnest(m.mention_ids) AS i(id) JOIN users p ON p.id = i.id ORDER BY 1) AS mentions
    FROM messages m JOIN conversations c ON c.id = m.conversation_id JOIN users u ON u.id = m.sender_id ORDER BY 1, 2`,
  events: `SELECT coalesce(c.title, p.handle) AS stream, e.seq, e.type, a.handle, e.message_seq,
      e.mark_before = lag(e.mark) OVER (PARTITION BY e.stream_id ORDER BY e.seq) AS follows
    FROM events e LEFT JOIN conversations c ON c.id = e.stream_id LEFT JOIN users p ON p.id = e.stream_id
    LEFT JOIN users a ON a.id = e.actor_id ORDER BY 1, 2`,
  reactions: `SELECT c.title, r.message_seq, k.emoji, k.count, u.handle FROM reactions r JOIN reaction_kinds k USING (conversation_id, message_seq, kind)
    JOIN conversations c ON c.id = r.conversation_id JOIN users u ON u.id = r.user_id ORDER BY 1, 2, 3, 5`,
  mentions: `SELECT c.title, n.message_seq, u.handle, n.counts FROM mentions n JOIN conversations c ON c.id = n.conversation_id
    JOIN users u ON u.id = n.user_id ORDER BY 1, 2, 3`,
  revisions: `SELECT c.title, v.message_seq, v.revision, v.text FROM message_revisions v JOIN conversations c ON c.id = v.conversation_id ORDER BY 1, 2, 3`,
}

async function stateOf(database: TestDatabase) {
  const parts = await Promise.all(
    Object.entries(states).map(async ([name, sql]) => [name, await database.query(sql)] as const),
  )
  return Object.fromEntries(parts)
}

const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
})

interface Ended {
  code: number | null
  /** What it has sent to PostgreSQL. */
  byteCount: number
}

/** Runs the import, which is killed as soon as it has sent so many bytes to PostgreSQL, wherever that is. */
async function importInto({ url }: TestDatabase, folder: string, killAtBytes = Infinity): Promise<Ended> {
  const { hostname, port } = new URL(url)
  let byteCount = 0
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) socket.on('error', () => undefined)
    client.on('data', (chunk: Buffer) => {
      const left = killAtBytes - byteCount
      byteCount += chunk.length
      upstream.write(chunk.length > left ? chunk.subarray(0, Math.max(left, 0)) : chunk)
      if (byteCount >= killAtBytes) child.kill('SIGKILL')
    })
    client.on('close', () => upstream.destroy())
    upstream.on('data', (chunk: Buffer) => client.write(chunk))
    upstream.on('close', () => client.destroy())
  })
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const through = Object.assign(new URL(url), {
    hostname: '127.0.0.1',
    port: String((server.address() as AddressInfo).port),
  })
  const child = spawn(process.execPath, [script, 'import', folder, '--source', 'team'], {
    env: { PATH: process.env.PATH, DATABASE_URL: through.href, PARLEY_DATA_DIR: dataDir, NODE_ENV: 'test' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return { code, byteCount }
}

const copyOf = ({ url }: TestDatabase) => createTestDatabase(`TEMPLATE ${new URL(url).pathname.slice(1)}`)

const shares = casesOf([0.01, 0.02, 0.15, 0.3, 0.5, 0.75, 0.9, 0.99], (_, index) => [1, 3, 5].includes(index))

test('killed at several moments of a second import, and run again: the same state as of an undisturbed one', async () => {
  const base = await createTestDatabase()
  // What was skipped is nothing: exit code 0. A reaction of somebody who is no member yet would be 2.
  expect((await importInto(base, before)).code).toBe(0)
  const calm = await copyOf(base)
  const undisturbed = await importInto(calm, longer)
  expect(undisturbed.code).toBe(0)
  const wanted = await stateOf(calm)
  // All kinds of changes are in it.
  expect(wanted.messages).toHaveLength(here + later + others)
  const types = new Set((wanted.events as { type: string }[]).map(({ type }) => type))
  expect([...types].sort()).toEqual([
    ...[
      'INBOX_ENTRY_CHANGED',
      'MEMBER_JOINED',
      'MESSAGE_DELETED',
      'MESSAGE_EDITED',
      'MESSAGE_SENT',
      'REACTION_TOGGLED',
    ],
  ])
  const states = new Set<string>()
  for (const share of shares) {
    const disturbed = await copyOf(base)
    const { code } = await importInto(disturbed, longer, undisturbed.byteCount * share)
    expect(code, `not killed at ${String(share)}`).toBe(null)
    const [{ done } = { done: '' }] = await disturbed.query<{ done: string }>(
      `SELECT concat_ws(' ', (SELECT count(*) FROM messages), (SELECT count(*) FROM events), (SELECT count(*) FROM members)) AS done`,
    )
    states.add(done)
    expect((await importInto(disturbed, longer)).code).toBe(0)
    expect(await stateOf(disturbed)).toEqual(wanted)
    await disturbed.drop()
  }
  // They were different moments.
  expect(states.size).toBe(shares.length)
}, 600_000)
