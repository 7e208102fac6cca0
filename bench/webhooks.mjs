// What webhooks cost those who send: 1,000 events/s to 10 endpoints beside normal traffic. Run: npm run bench -- --webhooks
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { HttpConnection, postRequest } from './client/http.mjs'
import { nowMs, percentiles } from './client/clock.mjs'
import { WrongResult } from './harness/audience.mjs'
import { startClient } from './harness/client.mjs'
import { createContender, loadContenders } from './harness/contenders.mjs'
import { conversationId, userUuid } from './harness/ids.mjs'
import { machine } from './harness/machine.mjs'
import { startCpuClock } from './harness/process-figures.mjs'
import { reportOf, writeReport } from './harness/report.mjs'
import { startPostgres, startRedis } from './harness/services.mjs'
import { median, printColumns } from './harness/table.mjs'
import { seedWorld, world } from './harness/world.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const template = 'webhooks_world'
const endpointCount = 10
/** Messages a second, each of which is an event for every endpoint. */
const sendsPerS = 100
const connectionCount = 32
const admin = 1
const drainMs = 60_000

/** The same server and world without an endpoint, and with ten. */
const ways = [
  { name: 'without', label: 'no endpoint' },
  { name: 'with', label: '10 endpoints' },
]
const figures = [
  { key: 'p50Ms', label: '100 sends/s: until a send is answered, median, ms' },
  { key: 'p95Ms', label: '100 sends/s: 95th percentile, ms' },
  { key: 'serverCpuUs', label: '100 sends/s: processor time of the server for each, µs' },
  { key: 'eventsPerS', label: '100 sends/s: events delivered a second' },
  { key: 'lagP50Ms', label: '100 sends/s: from the commit to the endpoint, median, ms' },
  { key: 'lagP95Ms', label: '100 sends/s: 95th percentile, ms' },
  { key: 'mostSendsPerS', label: 'as many sends as there can be, a second' },
  { key: 'mostEventsPerS', label: 'events delivered a second meanwhile and after, until all are' },
]

const sendMessage = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { __typename ... on SendMessageSuccess { message { seq } } ... on Error { reason } }
}`
const createEndpoint = `mutation ($input: CreateWebhookEndpointInput!) {
  createWebhookEndpoint(input: $input) { __typename ... on Error { reason } }
}`

/** @typedef {import('./harness/contenders.mjs').Server} Server */

async function ask(connection, { httpUrl }, token, query, variables) {
  const { body } = await connection.post(postRequest(httpUrl, token, { query, variables }))
  const { data, errors } = JSON.parse(body.toString())
  if (errors) throw new WrongResult(JSON.stringify(errors))
  return data
}

async function createEndpoints(one, server, port) {
  await one.query(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, [userUuid(admin)])
  // The server knows the role of somebody for a second.
  await delay(1_500)
  const connection = new HttpConnection(server.httpUrl)
  for (let place = 0; place < endpointCount; place++) {
    const url = `http://127.0.0.1:${String(port)}/${String(place)}`
    const input = { url, types: ['MESSAGE_SENT'], includeText: true, opKey: `endpoint-${String(place)}` }
    const { createWebhookEndpoint: made } = await ask(connection, server, one.tokenOf(admin), createEndpoint, { input })
    if (made.__typename !== 'CreateWebhookEndpointSuccess') throw new WrongResult(JSON.stringify(made))
  }
  connection.destroy()
}

let keys = 0

/** Sends until the time is over; each of the connections one after the other. With a rate each has its time, late or not. */
async function send(one, server, durationMs, perS = Infinity) {
  const connections = Array.from({ length: connectionCount }, () => new HttpConnection(server.httpUrl))
  const times = []
  const startedAtMs = nowMs()
  let next = 0
  const worker = async (connection) => {
    for (;;) {
      const place = next++
      const dueMs = perS === Infinity ? nowMs() : startedAtMs + (place * 1_000) / perS
      if (dueMs - startedAtMs >= durationMs) return
      await delay(Math.max(dueMs - nowMs(), 0))
      const { conversation, members } = world.rooms[place % world.rooms.length]
      const input = {
        conversationId: conversationId(conversation),
        clientMessageId: `webhook-message-${String(keys++)}`,
        text: 'Half past seven?',
      }
      const token = one.tokenOf(members[place % members.length])
      const { sendMessage: sent } = await ask(connection, server, token, sendMessage, { input })
      if (sent.__typename !== 'SendMessageSuccess') throw new WrongResult(JSON.stringify(sent))
      times.push(nowMs() - dueMs)
    }
  }
  await Promise.all(connections.map(worker))
  for (const connection of connections) connection.destroy()
  return { times, tookMs: nowMs() - startedAtMs }
}

/** Waits until every endpoint has every message, once and in order. */
async function delivered(receiver, count) {
  const untilMs = nowMs() + drainMs
  for (;;) {
    const { endpoints, lagMs } = await receiver.call('webhookCounts')
    if (endpoints.some(({ repeated, misordered }) => repeated + misordered > 0))
      throw new WrongResult(`events came twice or in another order: ${JSON.stringify(endpoints)}`)
    if (endpoints.length === endpointCount && endpoints.every(({ texts }) => texts === count)) return lagMs
    if (nowMs() > untilMs)
      throw new WrongResult(`not everything came, of ${String(count)}: ${JSON.stringify(endpoints)}`)
    await delay(10)
  }
}

async function measure(one, receiver, hasEndpoints, durationMs) {
  const server = await one.running()
  await receiver.call('resetWebhooks')
  const cpuMs = startCpuClock(server.pid)
  const startedAtMs = nowMs()
  const { times } = await send(one, server, durationMs, sendsPerS)
  const lagMs = hasEndpoints ? await delivered(receiver, times.length) : null
  const tookMs = nowMs() - startedAtMs
  const { p50, p95 } = /** @type {import('./client/clock.mjs').Percentiles} */ (percentiles(times))
  const paced = {
    ...{ p50Ms: p50, p95Ms: p95, serverCpuUs: (cpuMs() * 1_000) / times.length },
    ...(lagMs && {
      eventsPerS: (times.length * endpointCount * 1_000) / tookMs,
      lagP50Ms: lagMs.p50,
      lagP95Ms: lagMs.p95,
    }),
  }
  await receiver.call('resetWebhooks')
  const mostAtMs = nowMs()
  const most = await send(one, server, durationMs)
  if (hasEndpoints) await delivered(receiver, most.times.length)
  return {
    ...paced,
    mostSendsPerS: (most.times.length * 1_000) / most.tookMs,
    ...(hasEndpoints && { mostEventsPerS: (most.times.length * endpointCount * 1_000) / (nowMs() - mostAtMs) }),
  }
}

/** @returns {Promise<number>} the exit code */
export async function run(options) {
  const startedAt = Date.now()
  const runsOn = machine()
  const roundCount = Number(options.rounds ?? (options.quick ? 1 : 5))
  const durationMs = options.quick ? 3_000 : 10_000
  const [contender] = await loadContenders(['parley'])
  contender.prepare()
  const postgres = await startPostgres()
  const redisUrl = await startRedis()
  await seedWorld(await postgres.createDatabase(template))
  const receiver = startClient()
  const { port } = await receiver.call('openWebhooks')
  const env = { WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' }
  const servers = await Promise.all(
    ways.map(async ({ name }) => {
      const given = { ...contender, name, start: (to) => contender.start({ ...to, env }) }
      const secret = randomBytes(36).toString('base64url')
      return { name, one: await createContender({ contender: given, postgres, template, redisUrl, secret }) }
    }),
  )
  /** @type {Record<string, any[]>} */
  const rounds = Object.fromEntries(ways.map(({ name }) => [name, []]))
  for (const { name, one } of servers) {
    const server = await one.running()
    if (name === 'with') await createEndpoints(one, server, port)
    // A warm-up that does not count.
    await measure(one, receiver, name === 'with', 2_000)
  }
  for (let round = 1; round <= roundCount; round++) {
    // In turn, and each begins as often as the other one.
    for (const { name, one } of round % 2 === 0 ? [...servers].reverse() : servers) {
      const result = await measure(one, receiver, name === 'with', durationMs)
      rounds[name].push(result)
      console.log(`round ${String(round)}, ${name}: ${JSON.stringify(result)}`)
    }
  }
  for (const { one } of servers) await one.close()
  const shown = (value) => (value === null ? '–' : String(Number(value.toPrecision(3))))
  printColumns([
    ['', ...ways.map(({ label }) => label), 'ratio'],
    ...figures.map(({ key, label }) => {
      const [without, having] = ways.map(({ name }) => median(rounds[name].map((result) => result[key])))
      return [label, shown(without), shown(having), without === null ? '–' : (having / without).toFixed(2)]
    }),
  ])
  const report = reportOf(startedAt, {
    ...{ machine: runsOn, postgres: postgres.settings, versions: contender.versions(), rounds },
  })
  writeReport(options.json ?? join(here, 'results/webhooks.json'), report, options.quick ? 'quick' : 'full')
  return 0
}
