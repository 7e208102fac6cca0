import { expect, test, vi } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { newKey, signUp } from '../testkit/person.ts'
import { readiness, untilReadiness } from '../testkit/proxied.ts'
import { startProxy } from '../testkit/proxy.ts'
import { startServer } from '../testkit/server.ts'
import { makeSynchronous, startPrimaryAndStandby } from '../testkit/standby.ts'

vi.setConfig({ testTimeout: 240_000 })

const send = `mutation ($id: ID!, $text: String!, $key: String!) {
  sendMessage(input: { conversationId: $id, text: $text, clientMessageId: $key }) {
    ... on SendMessageSuccess { ack { outcome } message { seq } } } }`

test('an address that leads to a standby takes reads, refuses writes, and takes them as soon as it is promoted', async () => {
  const [primary, standby] = await startPrimaryAndStandby()
  const proxy = await startProxy(primary.port)
  const databaseUrl = Object.assign(new URL(primary.url), { port: String(proxy.port) }).href
  const server = await startServer({ databaseUrl })
  const [ann, bob] = [await signUp(server.url), await signUp(server.url)]
  const conversation = await ann.startDirect(bob)
  const reader = await bob.conversationEvents(conversation)
  await ann.send(conversation, 'Before')
  // Its beginning may wait for a connection to be opened, and must not meet the outage.
  await reader.waitForCount(1)
  const { lsn } = (await primary.query('SELECT pg_current_wal_lsn()::text AS lsn'))[0] as { lsn: string }
  const replayed = `SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS "isThere"`
  await expect.poll(() => standby.query(replayed), { timeout: 30_000 }).toEqual([{ isThere: true }])

  // What stands between changes its mind before the standby is promoted; connections to the old primary are cut.
  await primary.stop()
  proxy.redirect(standby.port)
  await untilReadiness(server, 'unavailable')
  await expect.poll(async () => (await readiness(server)).body.checks.database, { timeout: 20_000 }).toBe('read-only')
  const key = newKey()
  const variables = { id: conversation, text: 'After', key }
  expectErrors(await ask(ann, send, variables), 'UNAVAILABLE')
  expect((await ask(ann, '{ viewer { user { handle } } }')).data).toEqual({ viewer: { user: { handle: ann.handle } } })
  // Whoever starts now is told so, in one line.
  const failure = String(await startServer({ databaseUrl: standby.url }).catch((error: unknown) => error))
  expect(failure).toMatch(
    /Parley did not start\. DATABASE_URL: .* cannot be used: it is a standby, which takes no writes/,
  )

  await standby.query('SELECT pg_promote()')
  await untilReadiness(server, 'ok')
  expect((await ask(ann, send, variables)).data).toEqual({
    sendMessage: { ack: { outcome: 'ACCEPTED' }, message: { seq: 2 } },
  })
  await reader.waitFor((event) => event.__typename === 'MessageSent' && event.message.text === 'After', 'the message')
  expect(reader.events.filter((event) => event.__typename === 'MessageSent')).toHaveLength(2)
  expect(server.logs().match(/the database takes no writes: it is read-only/g)).toHaveLength(1)
})

test('while a synchronous standby is frozen no write succeeds, and readiness says so until it is back', async () => {
  const [primary, standby] = await startPrimaryAndStandby()
  const server = await startServer({ databaseUrl: primary.url })
  const [ann, bob] = [await signUp(server.url), await signUp(server.url)]
  const conversation = await ann.startDirect(bob)
  const signal = await makeSynchronous(primary, standby)
  await ann.send(conversation, 'Before')
  await untilReadiness(server, 'ok')

  signal('SIGSTOP')
  try {
    // Nobody writes: that nothing could be written shows all the same.
    await expect.poll(async () => (await readiness(server)).body.checks.database, { timeout: 60_000 }).toBe('stuck')
    expect((await readiness(server)).status).toBe(503)
    expectErrors(await ask(ann, send, { id: conversation, text: 'Meanwhile', key: newKey() }), 'UNAVAILABLE')
    expect((await ask(ann, '{ viewer { user { handle } } }')).data).toEqual({
      viewer: { user: { handle: ann.handle } },
    })
    // However often it is asked, no more and more backends wait.
    for (let asked = 0; asked < 5; asked++) await readiness(server)
    const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%parley.heartbeat%'`
    expect((await primary.query(waiting))[0]?.count).toBeLessThanOrEqual(2)
  } finally {
    signal('SIGCONT')
  }
  await untilReadiness(server, 'ok')
  await ann.send(conversation, 'After')
  expect(server.logs().match(/the database takes no writes: commits do not come back/g)).toHaveLength(1)
})
