// The cost of a thousand members reading one message, with gathered receipts and without. Run: npm run bench -- --receipts
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import WebSocket from 'ws'
import { HttpConnection, postRequest } from './client/http.mjs'
import { nowMs } from './client/clock.mjs'
import { createContender, loadContenders } from './harness/contenders.mjs'
import { onEnd } from './harness/ending.mjs'
import { conversationId, conversationUuid, kinds, userId, uuidSql } from './harness/ids.mjs'
import { machine } from './harness/machine.mjs'
import { startCpuClock } from './harness/process-figures.mjs'
import { reportOf, writeReport } from './harness/report.mjs'
import { startPostgres, startRedis } from './harness/services.mjs'
import { median, printColumns } from './harness/table.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const template = 'receipts_world'
const members = 1_000
/** Number of connected members who get the receipts. */
const watchers = 20
const connections = 200
const waitMs = 60_000

/** The setting that is compared. */
const ways = [
  { name: 'gathered', label: 'gathered', env: {} },
  { name: 'at_once', label: 'each at once', env: { RECEIPT_GATHER_MEMBERS: '1000000' } },
]
const figures = [
  { key: 'statements', label: 'SQL statements' },
  { key: 'events', label: "events in the conversation's stream" },
  { key: 'ownEvents', label: "events in the readers' personal streams" },
  { key: 'frames', label: `frames to ${String(watchers)} connected members` },
  { key: 'answeredMs', label: 'all 1,000 are answered, ms' },
  { key: 'toldMs', label: 'all connected members have all receipts, ms' },
  { key: 'serverCpuMs', label: 'processor time of the server, ms' },
]

const sendMessage = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { ... on SendMessageSuccess { message { seq } } }
}`
const markRead = `mutation ($input: MarkReadInput!) {
  markRead(input: $input) { ... on MarkReadSuccess { ack { outcome lastReadSeq unreadCount } } }
}`
const receiptEvents = `subscription ($conversationId: ID!, $after: Int) {
  receiptEvents(conversationId: $conversationId, after: $after) {
    ... on ReceiptAdvanced { receipts { user { id } lastReadSeq lastDeliveredSeq at } }
  }
}`

async function seed(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const user = uuidSql(kinds.user, 'n')
  const everybody = `generate_series(1, ${String(members)}) AS n`
  await client.query(`INSERT INTO users (id, handle, display_name, search_name)
    SELECT ${user}, 'person_' || n, 'Person ' || n, 'person ' || n FROM ${everybody}`)
  await client.query(`INSERT INTO sessions (id, user_id, expires_at)
    SELECT ${uuidSql(kinds.session, 'n')}, ${user}, now() + interval '1 day' FROM ${everybody}`)
  await client.query(`INSERT INTO conversations (id, kind, title, member_count)
    VALUES ('${conversationUuid(1)}', 'GROUP', 'Everybody', ${String(members)})`)
  await client.query(`INSERT INTO members (conversation_id, user_id)
    SELECT '${conversationUuid(1)}', ${user} FROM ${everybody}`)
  await client.query('VACUUM ANALYZE')
  await client.query('CREATE EXTENSION pg_stat_statements')
  await client.end()
}

/** A connected member: the newest seq that they got for each member, and the number of frames. */
function watch(wsUrl, token) {
  const socket = new WebSocket(wsUrl, 'graphql-transport-ws')
  onEnd(() => socket.terminate())
  const told = new Map()
  const state = { told, frames: 0, twice: 0, close: () => socket.terminate() }
  const send = (message) => socket.send(JSON.stringify(message))
  socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }))
  const ready = new Promise((resolve) => {
    socket.on('message', (bytes) => {
      const { type, payload } = JSON.parse(bytes.toString())
      if (type === 'connection_ack') {
        const variables = { conversationId: conversationId(1), after: 0 }
        send({ type: 'subscribe', id: '1', payload: { query: receiptEvents, variables } })
        resolve(state)
      }
      if (type === 'error' || payload?.errors) throw new Error(JSON.stringify(payload))
      if (type !== 'next') return
      state.frames++
      for (const { user, lastReadSeq } of payload.data.receiptEvents.receipts) {
        if (told.has(user.id)) state.twice++
        told.set(user.id, lastReadSeq)
      }
    })
  })
  return ready
}

/** One round, on a server and a database of its own. */
async function measure(one) {
  const { httpUrl, wsUrl, pid } = await one.running()
  const ask = async (connection, as, query, variables) => {
    const { body } = await connection.post(postRequest(httpUrl, one.tokenOf(as), { query, variables }))
    const { data, errors } = JSON.parse(body.toString())
    if (errors) throw new Error(JSON.stringify(errors))
    return data
  }
  const clients = Array.from({ length: connections }, () => new HttpConnection(httpUrl))
  const input = { conversationId: conversationId(1), clientMessageId: 'the-message', text: 'Read me' }
  const { seq } = (await ask(clients[0], 1, sendMessage, { input })).sendMessage.message
  const readers = Array.from({ length: members - 1 }, (_, index) => index + 2)
  const audience = await Promise.all(readers.slice(0, watchers).map((person) => watch(wsUrl, one.tokenOf(person))))
  // Verifies each token once beforehand: that is not part of the measurement.
  const next = [...readers]
  const perReader = async (work) => {
    const left = [...next]
    const worker = async (connection) => {
      for (let person = left.pop(); person !== undefined; person = left.pop()) await work(connection, person)
    }
    await Promise.all(clients.map(worker))
  }
  await perReader((connection, person) => ask(connection, person, '{ viewer { user { id } } }'))

  await one.query('SELECT pg_stat_statements_reset()')
  const cpuMs = startCpuClock(pid)
  const startedAtMs = nowMs()
  await perReader(async (connection, person) => {
    const { ack } = (await ask(connection, person, markRead, { input: { conversationId: conversationId(1), seq } }))
      .markRead
    if (ack.outcome !== 'ADVANCED' || ack.lastReadSeq !== seq || ack.unreadCount !== 0)
      throw new Error(`a wrong answer: ${JSON.stringify(ack)}`)
  })
  const answeredMs = nowMs() - startedAtMs
  const isTold = ({ told }) => told.size === readers.length
  while (!audience.every(isTold)) {
    if (nowMs() - startedAtMs > waitMs) throw new Error('not everybody was told of everybody')
    await delay(5)
  }
  const toldMs = nowMs() - startedAtMs
  const serverCpuMs = cpuMs()
  // Without periodic statements.
  const [{ statements }] = await one.query(
    `SELECT sum(calls)::int AS statements FROM pg_stat_statements
      WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND toplevel
        AND query ~ 'parley_advance|parley_flush|FROM users u'`,
  )

  for (const { told, twice } of audience) {
    if (twice > 0) throw new Error('somebody was told twice of one member')
    if (readers.some((person) => told.get(userId(person)) !== seq))
      throw new Error('somebody was told a wrong position')
  }
  const [stored] = await one.query(
    `SELECT (SELECT count(*)::int FROM members WHERE last_read_seq = $2 AND own_read_seq = $2) AS members,
        (SELECT count(*)::int FROM receipts WHERE up_to_seq = $2) AS receipts,
        (SELECT count(*)::int FROM events WHERE stream_id = $1 AND type = 'RECEIPT_ADVANCED') AS events,
        (SELECT count(*)::int FROM events WHERE type = 'INBOX_ENTRY_CHANGED') AS "ownEvents"`,
    [conversationUuid(1), seq],
  )
  if (stored.members !== members || stored.receipts !== readers.length)
    throw new Error(`not everything is stored: ${JSON.stringify(stored)}`)
  for (const { close } of audience) close()
  for (const client of clients) client.destroy()
  const frames = audience.reduce((sum, each) => sum + each.frames, 0)
  return { statements, events: stored.events, ownEvents: stored.ownEvents, frames, answeredMs, toldMs, serverCpuMs }
}

/** @returns {Promise<number>} the exit code */
export async function run(options) {
  const startedAt = Date.now()
  const runsOn = machine()
  const roundCount = Number(options.rounds ?? (options.quick ? 1 : 3))
  const [contender] = await loadContenders(['parley'])
  contender.prepare()
  const postgres = await startPostgres({ postgresFlags: ['-c', 'shared_preload_libraries=pg_stat_statements'] })
  const redisUrl = await startRedis()
  await seed(await postgres.createDatabase(template))
  /** @type {Record<string, any[]>} */
  const rounds = Object.fromEntries(ways.map(({ name }) => [name, []]))
  for (let round = 1; round <= roundCount; round++) {
    for (const { name, env } of ways) {
      const given = { ...contender, name: `${name}_${String(round)}`, start: (to) => contender.start({ ...to, env }) }
      const secret = randomBytes(36).toString('base64url')
      const one = await createContender({ contender: given, postgres, template, redisUrl, secret })
      const result = await measure(one)
      await one.close()
      rounds[name].push(result)
      console.log(`round ${String(round)}, ${name}: ${JSON.stringify(result)}`)
    }
  }
  const medianOf = (name, key) => median(rounds[name].map((result) => result[key]))
  const shown = (value) => Math.round(value).toLocaleString('en')
  printColumns([
    ['1,000 members read one message', ...ways.map(({ label }) => label), 'ratio'],
    ...figures.map(({ key, label }) => {
      const [gathered, atOnce] = ways.map(({ name }) => medianOf(name, key))
      const ratio = atOnce / gathered
      return [label, shown(gathered), shown(atOnce), `${ratio >= 10 ? ratio.toFixed(0) : ratio.toPrecision(2)}×`]
    }),
  ])
  const report = reportOf(startedAt, {
    machine: runsOn,
    postgres: postgres.settings,
    versions: contender.versions(),
    rounds,
  })
  writeReport(options.json ?? join(here, 'results/receipts.json'), report, options.quick ? 'quick' : 'full')
  return 0
}
