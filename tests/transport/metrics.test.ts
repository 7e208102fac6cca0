import { expect, test } from 'vitest'
import { SendMessageDocument } from '../../sdk/src/generated/graphql.ts'
import { ask, expectErrors } from '../testkit/api.ts'
import { keyOf } from '../testkit/ask.ts'
import { newKey, signUp } from '../testkit/person.ts'
import { startProxied } from '../testkit/proxied.ts'
import { startServer } from '../testkit/server.ts'
import { makeStaff } from '../testkit/support.ts'
import { put, createUpload, textFile } from '../testkit/uploads.ts'

/** Where the figures of a server are. */
const metricsUrl = (logs: string): string => {
  const line = JSON.parse(/^.*metrics are served.*$/m.exec(logs)?.[0] ?? '{}') as { data: Record<string, string> }
  const { host, port } = line.data
  return `http://${host}:${port}/metrics`
}

/** Samples by name and labels, as `parley_writes_total{type="sendMessage",outcome="ACCEPTED"}`. */
async function scrape(url: string): Promise<Map<string, number>> {
  const response = await fetch(url)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

const env = { METRICS_PORT: '0', LOG_LEVEL: 'info', RING_EVENTS: '4', RELAY_INTERVAL_MS: '100', RATE_LIMITS: 'on' }
const proxied = await startProxied({ env })
const [server] = proxied.servers
const url = metricsUrl(server.logs())

test('each figure moves when what it counts happens', async () => {
  const before = await scrape(url)
  const [ann, bob] = [await signUp(server.url), await signUp(server.url)]
  const group = await ann.createGroup([bob])
  const reader = await bob.conversationEvents(group)
  for (const text of ['One', 'Two', 'Three']) await ann.send(group, text)
  await reader.waitForCount(3)
  // Nobody announces what is written past the server.
  await proxied.database.query(
    `SELECT parley_send_message($1, $2, n || $3, '', 'x', NULL) FROM generate_series(1, 20) n`,
    [keyOf(ann.id), keyOf(group), newKey()],
  )
  await reader.waitForCount(23)
  // Their beginning is no longer in memory.
  const late = await ann.conversationEvents(group, 0)
  await late.waitForCount(23)

  const aliases = Array.from({ length: 60 }, (_, number) => `x${String(number)}: viewer { id }`).join(' ')
  expectErrors(await ask(ann, `{ ${aliases} }`), 'QUERY_TOO_COMPLEX')
  const file = textFile('Some text')
  await put(await createUpload(ann, file), file.bytes)
  const noPicture = { ...file, contentType: 'image/png', fileName: 'picture.png' }
  const refused = await put(await createUpload(ann, noPicture), noPicture.bytes)
  expect(refused.ok).toBe(false)

  const opened = await ask(
    bob,
    'mutation ($key: String!) { openSupport(input: { opKey: $key }) { __typename ... on OpenSupportSuccess { conversation { id } } } }',
    { key: newKey() },
  )
  const support = (opened.data as { openSupport: { conversation: { id: string } } }).openSupport.conversation.id
  await bob.send(support, 'Help')
  const cleo = await signUp(server.url)
  await makeStaff(proxied.database, cleo)
  await expect
    .poll(
      async () =>
        (
          await cleo.client.request(SendMessageDocument, {
            input: { conversationId: support, clientMessageId: newKey(), text: 'Yes?' },
          })
        ).sendMessage.__typename,
      { timeout: 20_000 },
    )
    .toBe('SendMessageSuccess')
  await ask(
    cleo,
    'mutation ($id: ID!) { setSupportStatus(input: { conversationId: $id, status: RESOLVED }) { __typename } }',
    { id: support },
  )
  const report = (person: typeof ann, counts: object) =>
    ask(person, 'mutation ($input: ReportDiagnosticsInput!) { reportDiagnostics(input: $input) }', {
      input: {
        eventCount: 7,
        acksWithoutEvent: 0,
        duplicateEvents: 2,
        duplicateMessages: 0,
        readsWentBack: 1,
        ...counts,
      },
    })
  expectErrors(await report(ann, { duplicateEvents: 101 }), 'VALIDATION_ERROR')
  expectErrors(await report(ann, { eventCount: -1 }), 'VALIDATION_ERROR')
  expect((await report(ann, {})).data).toEqual({ reportDiagnostics: true })
  // Once in a minute, so that one client cannot move the rates of all; another one's counts.
  expect((await report(ann, {})).data).toEqual({ reportDiagnostics: false })
  expect((await report(cleo, { duplicateEvents: 0 })).data).toEqual({ reportDiagnostics: true })
  await ask(bob, 'mutation { logout }')

  const after = await scrape(url)
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
  expect(grown('chat_message_send_latency_seconds_count')).toBe(5)
  expect(grown('chat_message_send_latency_seconds_bucket{le="+Inf"}')).toBe(5)
  expect(grown('parley_writes_total{type="sendMessage",outcome="ACCEPTED"}')).toBe(4)
  for (const name of [
    'chat_delivery_latency_seconds_count',
    'parley_events_total{type="MESSAGE_SENT"}',
    'parley_event_executions_total{type="MESSAGE_SENT"}',
    'parley_delivered_bytes_total',
    'parley_answers_total{is_given_up="false"}',
    'parley_answer_objects_total',
    'parley_answer_processor_seconds_total',
    'parley_sockets_closed_total{code="4401"}',
    'parley_sql_seconds_count{lane="reads"}',
    'parley_sql_seconds_count{lane="writes"}',
    'parley_gathered_writes_count',
    'parley_relay_look_seconds_count',
    'parley_relay_moved_total',
    'parley_log_reads_total{for="gap"}',
    'parley_log_read_events_total{for="gap"}',
    'parley_log_reads_total{for="reader"}',
    'parley_log_read_events_total{for="reader"}',
    'parley_ring_total{is_hit="true"}',
    'parley_ring_total{is_hit="false"}',
    'parley_reader_lag_events_count',
    'parley_redis_round_trip_seconds_count',
    'parley_uploads_total{is_taken="true"}',
    'parley_uploads_total{is_taken="false"}',
    'parley_support_first_answer_seconds_count',
    'parley_support_resolution_seconds_count',
  ]) {
    expect(grown(name), name).toBeGreaterThan(0)
  }
  expect(grown('parley_delivered_events_total')).toBeGreaterThanOrEqual(46)
  expect(grown('parley_upload_bytes_total')).toBe(file.bytes.byteLength)
  expect(grown('parley_client_events_total')).toBe(14)
  expect(grown('parley_client_anomalies_total{kind="duplicate_events"}')).toBe(2)
  expect(grown('parley_client_anomalies_total{kind="reads_went_back"}')).toBe(2)
  expect(grown('parley_client_anomalies_total{kind="acks_without_event"}')).toBe(0)
  expect(grown('parley_errors_total{code="VALIDATION_ERROR"}')).toBeGreaterThan(1)
  expect(grown('parley_limits_reached_total{code="RATE_LIMITED",limit="diagnostics"}')).toBe(1)
  const complexity = [...after.keys()].filter((name) =>
    name.startsWith('parley_limits_reached_total{code="QUERY_TOO_COMPLEX"'),
  )
  expect(complexity).not.toEqual([])
  expect(after.get('parley_ready')).toBe(1)
  for (const part of ['database', 'bus', 'presence']) expect(after.get(`parley_works{part="${part}"}`)).toBe(1)
  expect(after.get('parley_open_sockets')).toBeGreaterThan(0)
  expect(after.get('parley_open_streams')).toBeGreaterThan(0)
  expect(after.get('parley_sql_connections{lane="writes",state="open"}')).toBeGreaterThan(0)
  expect(after.get('parley_sql_connections{lane="reads",state="waiting"}')).toBe(0)
  // The late one had all 23 before it when it first asked for what is no longer in memory.
  expect(grown('parley_reader_lag_events_sum')).toBeGreaterThanOrEqual(20)
  expect(after.get('parley_relay_lag_seconds')).toBeLessThan(60)
  expect(Math.abs(after.get('parley_clock_ahead_seconds') ?? NaN)).toBeLessThan(1)
  expect([...after.keys()].some((name) => name.startsWith('nodejs_eventloop_lag'))).toBe(true)
  // Nothing that a client can name becomes a label.
  expect(after.size).toBeLessThan(600)
})

test('while PostgreSQL is away the figures are there and say so, and say when it is back', async () => {
  proxied.proxy.cut()
  const figure = async (name: string) => (await scrape(url)).get(name)
  const knock = () => ask(server.url, '{ viewer { id } }').catch(() => undefined)
  await expect
    .poll(
      async () => {
        await Promise.all(Array.from({ length: 4 }, () => fetch(new URL('/health/ready', server.url)).then(knock)))
        return figure('parley_sql_lane_open{lane="writes"}')
      },
      { timeout: 60_000 },
    )
    .toBe(0)
  expect(await figure('parley_ready')).toBe(0)
  expect(await figure('parley_works{part="database"}')).toBe(0)
  expect(await figure('parley_sql_failures_total{lane="writes"}')).toBeGreaterThan(0)
  await expect.poll(() => figure('parley_relay_failures_total'), { timeout: 60_000 }).toBeGreaterThan(0)
  proxied.proxy.heal()
  await expect.poll(() => figure('parley_sql_lane_open{lane="writes"}'), { timeout: 60_000 }).toBe(1)
  await expect.poll(() => figure('parley_ready'), { timeout: 60_000 }).toBe(1)
})

test('they have a port of their own, where nothing else is, and by default none', async () => {
  expect((await fetch(new URL('/metrics', server.url))).status).toBe(404)
  expect((await fetch(new URL('/graphql', url))).status).toBe(404)
  expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  const { port } = new URL(url)
  const second = { METRICS_PORT: port }
  await expect(startServer({ databaseUrl: proxied.database.url, env: second })).rejects.toThrow(
    `Port ${port} is taken. Stop what uses it, or start with METRICS_PORT=${String(Number(port) + 1)}.`,
  )
  const without = await startServer({ databaseUrl: proxied.database.url, env: { LOG_LEVEL: 'info' } })
  expect(without.logs()).not.toContain('metrics are served')
})
