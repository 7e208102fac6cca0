// Runs every operation of the benchmark against each contender, and compares the answers with Parley's and the result with
// the database. Run, once bench/ is installed: node bench/peers/check.mjs [contender …]
import { deepStrictEqual, equal, ok } from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import * as documents from '../documents.mjs'
import { loadContenders } from '../harness/contenders.mjs'
import { endAll } from '../harness/ending.mjs'
import { tokenOf, userUuid } from '../harness/ids.mjs'
import { freePort, onDatabase, startPostgres, startRedis } from '../harness/services.mjs'
import { clientOf, post } from './check-clients.mjs'
import { checkSubset } from './check-schema.mjs'
import { fillWorld, people, readsOf, room, roomUuid } from './check-world.mjs'

const template = 'check_world'
const inTurnCount = 100
const atOnceCount = 25
const settleTimeoutMs = 10_000
const reads = readsOf(documents)
const secret = randomBytes(36).toString('base64url')
const token = (person) => tokenOf(secret, person)

async function readAll({ httpUrl }) {
  const answers = {}
  for (const [name, [person, document, variables]] of Object.entries(reads)) {
    const { data, errors } = await post(httpUrl, token(person), document, variables)
    ok(!errors, `${name}: ${JSON.stringify(errors)}`)
    answers[name] = data
  }
  return answers
}

async function until(what, isSo) {
  const deadlineMs = Date.now() + settleTimeoutMs
  while (!(await isSo())) {
    if (Date.now() > deadlineMs) throw new Error(`not within ${String(settleTimeoutMs)} ms: ${what}`)
    await sleep(20)
  }
}

/** The promise's value; an error if it takes too long. */
const inTime = (what, promise) =>
  Promise.race([
    promise,
    sleep(settleTimeoutMs, null, { ref: false }).then(() => {
      throw new Error(`not within ${String(settleTimeoutMs)} ms: ${what}`)
    }),
  ])

async function checkRefusals({ kind, client, server }) {
  if (kind === 'graphql-ws') {
    for (const wrong of [null, 'x.y.z', tokenOf('another secret', 1)]) {
      const { data, errors } = await post(server.httpUrl, wrong, documents.inbox)
      ok(
        !data?.inbox && errors?.[0].extensions.code === 'UNAUTHENTICATED',
        'a request without a valid token is refused',
      )
    }
  }
  const refused = { outsider: token(people.outsider), 'wrong token': tokenOf('another secret', 1) }
  for (const [who, its] of Object.entries(refused)) {
    const { ended, close } = client.subscribe(its, room, () => ok(false, `an event for the ${who}`))
    const { errors } = await inTime(`the subscription of the ${who} is refused`, ended)
    ok(errors, `the subscription of the ${who} is refused`)
    close()
  }
  equal((await client.send(token(people.outsider), room, 'outsider-1', 'Let me in')).outcome, 'NotFoundError')
  equal((await client.send(token(1), 'bm8gaWQ', 'no-such-id-1', 'Hello')).outcome, 'NotFoundError')
  equal((await client.send(token(1), room, 'blank-text-1', ' ')).outcome, 'ValidationError')
}

/** Opens three readers that certainly receive everything sent from here on. */
async function openReaders(client) {
  const readers = people.members.slice(0, 3).map((person) => {
    /** @type {{ events: any[], over: unknown, subscription?: any }} */
    const reader = { events: [], over: null }
    reader.subscription = client.subscribe(token(person), room, (event) => void reader.events.push(event))
    void reader.subscription.ended.then((reason) => (reader.over = reason))
    return reader
  })
  let probes = 0
  await until('everybody has an event', async () => {
    await client.send(token(1), room, `check-probe-${String(++probes)}`, 'Is anybody there?')
    await sleep(50)
    return readers.every(({ events }) => events.length > 0)
  })
  return readers
}

const isRising = (seqs) => seqs.every((seq, place) => place === 0 || seq > seqs[place - 1])

async function checkEvents({ client, query }) {
  const readers = await openReaders(client)
  const lastOf = new Map()
  const acked = new Map()
  const send = async (person, number) => {
    const text = `Message ${String(number)} of person ${String(person)}, with "quotes" and 😄`
    const { outcome, id, seq } = await client.send(
      token(person),
      room,
      `check-${String(person)}-${String(number)}`,
      text,
    )
    equal(outcome, 'SendMessageSuccess')
    ok(!acked.has(seq), `seq ${String(seq)} was given twice`)
    acked.set(seq, { id, seq, text, sender: { id: Buffer.from(`User:${userUuid(person)}`).toString('base64url') } })
    lastOf.set(person, Math.max(seq, lastOf.get(person) ?? 0))
    return seq
  }
  const [{ head }] = await query('SELECT head_seq AS head FROM conversations WHERE id = $1', [roomUuid])
  for (let number = 1; number <= inTurnCount; number++) equal(await send(2, number), head + number)
  await Promise.all(
    people.members.map(async (person) => {
      for (let number = 1; number <= atOnceCount; number++) await send(person, inTurnCount + number)
    }),
  )
  const wanted = [...acked.values()].sort((a, b) => a.seq - b.seq)
  deepStrictEqual(
    wanted.map(({ seq }) => seq),
    wanted.map((_, place) => head + 1 + place),
    'seqs have no gap',
  )
  const ofThese = ({ events }) => events.filter(({ seq }) => seq > head)
  await until('everybody has every message', () => readers.every((reader) => ofThese(reader).length >= wanted.length))
  await sleep(100)
  let early = 0
  for (const reader of readers) {
    equal(reader.over, null, 'the subscription goes on')
    const events = ofThese(reader)
    deepStrictEqual(
      events.toSorted((a, b) => a.seq - b.seq),
      wanted,
      'each message came once, as it was sent',
    )
    ok(isRising(events.slice(0, inTurnCount).map(({ seq }) => seq)), 'messages sent one after the other are in order')
    early += events.filter(({ seq }, place) => place > 0 && seq < events[place - 1].seq).length
    reader.subscription.close()
  }
  await checkStored({ query, lastOf })
  return early
}

async function checkStored({ query, lastOf }) {
  const [stored] = await query(
    `SELECT c.head_seq AS head, count(*)::int AS messages, count(DISTINCT m.seq)::int AS seqs, max(m.seq) AS newest,
       max(m.created_at) = c.last_activity_at AS "isCurrent"
     FROM conversations c JOIN messages m ON m.conversation_id = c.id WHERE c.id = $1 GROUP BY c.id`,
    [roomUuid],
  )
  const { head } = stored
  deepStrictEqual(stored, { head, messages: head, seqs: head, newest: head, isCurrent: true })
  const members = await query(
    `SELECT user_id AS "userUuid", last_sent_seq AS sent, last_read_seq AS read, own_read_seq AS "ownRead",
       last_delivered_seq AS delivered FROM members WHERE conversation_id = $1`,
    [roomUuid],
  )
  for (const [person, last] of lastOf) {
    const expected = { userUuid: userUuid(person), sent: last, read: last, ownRead: last, delivered: last }
    deepStrictEqual(
      members.find((member) => member.userUuid === expected.userUuid),
      expected,
    )
  }
}

async function main() {
  checkSubset()
  const asked = process.argv.slice(2)
  const contenders = await loadContenders(asked.length > 0 ? asked : null)
  const [parley] = await loadContenders(['parley'])
  for (const contender of new Set([parley, ...contenders])) contender.prepare?.()
  const postgres = await startPostgres({ postgresFlags: ['-c', 'fsync=off'] })
  const redisUrl = await startRedis()
  const startOn = async (contender, databaseUrl) =>
    contender.start({ databaseUrl, redisUrl, port: await freePort(), secret })

  const databaseUrl = await postgres.createDatabase(template)
  const first = await startOn(parley, databaseUrl)
  await fillWorld({ databaseUrl, httpUrl: first.httpUrl, secret })
  const expected = await readAll(first)
  await first.stop()

  for (const contender of contenders) {
    const { name, kind } = contender
    const copy = await postgres.copyDatabase(template, `check_${name.replaceAll('-', '_')}`)
    const query = (sql, params) => onDatabase(copy, sql, params)
    const server = await startOn(contender, copy)
    const client = clientOf[kind](server)
    try {
      const isGraphql = kind === 'graphql-ws'
      if (isGraphql) deepStrictEqual(await readAll(server), expected)
      await checkRefusals({ kind, client, server })
      const early = await checkEvents({ client, query })
      const after = isGraphql ? await readAll(server) : null
      await server.stop()
      // Its writes equal those of Parley, as far as Parley's reads show them.
      const judge = await startOn(parley, copy)
      const judged = await readAll(judge)
      if (after) deepStrictEqual(after, judged)
      await judge.stop()
      const order = early === 0 ? 'all in order' : `${String(early)} out of order of those sent at once`
      console.log(`${name}: as it should be; ${order}`)
    } catch (/** @type {any} */ error) {
      console.error(`${name}: ${error.stack}\n${server.output().slice(-2000)}`)
      process.exitCode = 1
      await server.stop()
    }
  }
}

try {
  await main()
} finally {
  await endAll()
}
