import { expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { followPresence } from '../testkit/presence.ts'
import { startServer } from '../testkit/server.ts'
import { createUpload, put, textFile } from '../testkit/uploads.ts'
import { WebhookReceiver } from '../testkit/webhook-receiver.ts'
import { webhookEnv, webhookSecret } from '../testkit/webhook-settings.ts'

interface Line {
  timestamp: string
  level: string
  service: string
  traceId?: string
  event?: string
  data?: Record<string, unknown>
}

const linesIn = (logs: string): Line[] =>
  logs
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)

const receiver = await WebhookReceiver.start(webhookSecret)
const database = await createTestDatabase()
const server = await startServer({
  databaseUrl: database.url,
  env: { ...webhookEnv(receiver), LOG_LEVEL: 'trace', LOG_EVENTS_PER_SECOND: '1000', RATE_LIMITS: 'on' },
})
const [ann, bob, cleo] = [await signUp(server.url), await signUp(server.url), await signUp(server.url)]
const group = await ann.createGroup([bob], 'zz-title of a group')
const reader = await bob.conversationEvents(group)
const device = bob.on('zz-device of bob', 'MOBILE')
/** What must be nowhere in the log; all of it begins with zz, or is a token. */
const secrets = [
  ...['zz-', 'correct horse battery', webhookSecret, server.url.replace('http', 'ws') + '?'],
  ...[ann, bob, cleo].flatMap(({ session }) => [session.accessToken, session.refreshToken]),
]
const sent = await ann.send(group, 'zz-first text')
const messageId = sent.message.id
const post = (person: Person, query: string, variables: object = {}) =>
  ask(person, query, { key: newKey(), id: messageId, group, ...variables })

const cases: [event: string, act: () => unknown, data: Record<string, unknown>][] = [
  ['websocket.connected', () => undefined, { userId: expect.any(String) }],
  ['message.sent', () => undefined, { streamId: expect.any(String), eventSeq: 1, userId: expect.any(String) }],
  [
    'message.delivered',
    () => reader.waitForCount(1),
    { eventSeq: 1, type: 'MESSAGE_SENT', userId: expect.any(String) },
  ],
  ['message.edited', () => ann.edit(messageId, 'zz-second text'), { eventSeq: 2 }],
  ['receipt.updated', () => bob.markRead(group, 1), { command: 'advanceCursor', userId: expect.any(String) }],
  [
    'reaction.toggled',
    () =>
      post(
        bob,
        'mutation ($key: String!, $id: ID!) { toggleReaction(input: { messageId: $id, emoji: "👍", on: true, opKey: $key }) { __typename } }',
      ),
    { eventSeq: expect.any(Number) },
  ],
  [
    'message.failed',
    () =>
      post(
        cleo,
        'mutation ($key: String!, $group: ID!) { sendMessage(input: { conversationId: $group, clientMessageId: $key, text: "zz-refused" }) { __typename } }',
      ),
    { reason: expect.any(String) },
  ],
  ['message.deleted', () => ann.remove(messageId), { eventSeq: expect.any(Number) }],
  [
    'member.left',
    () => post(bob, 'mutation ($group: ID!) { leaveConversation(input: { conversationId: $group }) { __typename } }'),
    {},
  ],
  [
    'presence.changed',
    async () => {
      const presences = await followPresence(ann, [bob])
      await presences.waitForCount(1)
      await device.conversationEvents(await device.startDirect(cleo))
    },
    { status: 'ONLINE', userId: expect.any(String) },
  ],
  ['request.refused', () => ask(ann, '{ zzNone }'), { code: 'VALIDATION_ERROR' }],
  [
    'request.refused',
    () => ask(server.url, '{ viewer { user { id } } }', {}, { headers: { authorization: 'Bearer zz-token' } }),
    { code: 'UNAUTHENTICATED' },
  ],
  [
    'file.uploaded',
    async () => {
      const file = { ...textFile('zz-file'), fileName: 'zz-name.txt' }
      return put(await createUpload(ann, file), file.bytes)
    },
    { byteSize: 7 },
  ],
  ['webhook.delivered', () => receiver.until(() => receiver.delivered.length > 0), { status: 204 }],
  [
    'limit.reached',
    async () => {
      for (let tries = 0; tries < 11; tries++) {
        await ask(
          server.url,
          `mutation { login(input: { handle: "${ann.handle}", password: "zz-wrong" }) { __typename } }`,
        )
      }
    },
    { code: 'RATE_LIMITED', limit: expect.any(String) },
  ],
  ['websocket.disconnected', () => reader.cut(), { code: expect.any(Number), durationMs: expect.any(Number) }],
]

test.each(cases)('%s is in the log', async (event, act, data) => {
  await act()
  await expect
    .poll(() => linesIn(server.logs()).filter((line) => line.event === event), { timeout: 20_000 })
    .toContainEqual(
      expect.objectContaining({
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
        level: expect.stringMatching(/^(debug|info|warn)$/) as unknown,
        service: 'parley',
        ...(Object.keys(data).length > 0 && { data: expect.objectContaining(data) as unknown }),
      }),
    )
})

test('what an operation did has the trace id with which it came', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const key = newKey()
  const response = await fetch(server.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${ann.session.accessToken}`,
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    },
    body: JSON.stringify({
      query: 'mutation ($i: SendMessageInput!) { sendMessage(input: $i) { __typename } }',
      variables: { i: { conversationId: group, clientMessageId: key, text: 'zz-traced' } },
    }),
  })
  expect(response.headers.get('x-trace-id')).toBe(traceId)
  await expect
    .poll(() => linesIn(server.logs()), { timeout: 20_000 })
    .toContainEqual(expect.objectContaining({ event: 'message.sent', traceId }))
})

test('no line has a text, a title, a device, a password or a token, however much is logged', () => {
  const logs = server.logs()
  expect(linesIn(logs).length).toBeGreaterThan(20)
  for (const secret of secrets) expect(logs).not.toContain(secret)
})

test('of one event no more lines are written in a second than the setting says, and one tells how many were left out', async () => {
  const bounded = await startServer({
    databaseUrl: database.url,
    env: { LOG_LEVEL: 'debug', LOG_EVENTS_PER_SECOND: '2' },
  })
  const writer = ann.at(bounded.url)
  const direct = await writer.startDirect(bob)
  await Promise.all(Array.from({ length: 40 }, (_, index) => writer.send(direct, `Text ${String(index)}`)))
  const ofSends = () => linesIn(bounded.logs()).filter(({ event }) => event === 'message.sent').length
  const leftOut = () =>
    linesIn(bounded.logs())
      .filter(({ event, data }) => event === 'log.suppressed' && data?.of === 'message.sent')
      .reduce((sum, { data }) => sum + Number(data?.count), 0)
  await expect.poll(() => ofSends() + leftOut(), { timeout: 20_000 }).toBe(40)
  expect(leftOut()).toBeGreaterThan(0)
})

test('for a person to read it is in lines without JSON', async () => {
  const pretty = await startServer({ databaseUrl: database.url, env: { LOG_FORMAT: 'pretty', LOG_LEVEL: 'info' } })
  const writer = ann.at(pretty.url)
  await writer.conversationEvents(await writer.startDirect(bob))
  await expect
    .poll(() => pretty.logs(), { timeout: 20_000 })
    .toMatch(/INFO.*: A WebSocket was opened\s+event: "websocket\.connected"/)
  expect(linesIn(pretty.logs())).toEqual([])
})
