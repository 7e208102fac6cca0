import { Client } from 'pg'
import { Webhook } from 'standardwebhooks'
import { beforeAll, expect, test } from 'vitest'
import { runReplay } from '../../src/webhooks/replay-command.ts'
import { ask, type Answer } from '../testkit/api.ts'
import { holdRows } from '../testkit/hold-rows.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { setRole } from '../testkit/support.ts'
import { WebhookReceiver } from '../testkit/webhook-receiver.ts'
import { numbered, webhookEnv } from '../testkit/webhook-settings.ts'

/*
 * What an ADMIN does with webhook endpoints: each test has a receiver and an endpoint of its own, in two processes.
 */
let pair: Pair
let admin: Person
let bob: Person
beforeAll(async () => {
  pair = await startPair({ env: { ...webhookEnv(), HOUSEKEEPING_INTERVAL_MS: '200' } })
  ;[admin, bob] = await Promise.all([signUp(pair.urls[0], 'Ada'), signUp(pair.urls[1], 'Bob')])
  await setRole(pair.database, 'ADMIN', admin)
  for (const url of pair.urls) {
    // A process knows the role a second later.
    for (;;) {
      const answer = await ask(admin.at(url), '{ webhookEndpoints { id } }')
      if (!answer.errors) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
})

const endpointFields =
  'id url types conversationKinds includeText state stateReason heldConversations cursor failingSince formerSecretUntil'
const deliveryFields = 'id webhookId type conversationId eventSeq state attempts responseStatus failure nextAttemptAt'

interface Endpoint {
  id: string
  url: string
  types: string[]
  state: string
  stateReason: string | null
  cursor: string
  heldConversations: number
  formerSecretUntil: string | null
}
interface Delivery {
  id: string
  webhookId: string
  type: string | null
  conversationId: string | null
  state: string
  attempts: number
  responseStatus: number | null
  failure: string | null
  nextAttemptAt: string | null
}
interface Result {
  __typename: string
  code?: string
  reason?: string
  secret?: string
  endpointId?: string
  endpoint: Endpoint
  delivery: Delivery
}

const selections: Record<string, string> = {
  createWebhookEndpoint: `endpoint { ${endpointFields} } secret`,
  rotateWebhookSecret: `endpoint { ${endpointFields} } secret`,
  deleteWebhookEndpoint: 'endpointId',
  testWebhookEndpoint: `delivery { ${deliveryFields} }`,
}
const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

function change(name: string, input: object, who = admin): Promise<Answer<Record<string, Result>>> {
  const selection = selections[name] ?? `endpoint { ${endpointFields} }`
  const query = `mutation ($input: ${capitalized(name)}Input!) { ${name}(input: $input) {
    __typename ... on Error { code reason } ... on ${capitalized(name)}Success { ${selection} } } }`
  return ask(who, query, { input })
}
const changed = async (name: string, input: object): Promise<Result> => {
  const { data, text } = await change(name, input)
  if (!data) throw new Error(text)
  return data[name]!
}

async function deliveriesOf(endpointId: string, filter = ''): Promise<Delivery[]> {
  const query = `query ($id: ID!) { webhookDeliveries(endpointId: $id, first: 100${filter}) { nodes { ${deliveryFields} } } }`
  const { data, text } = await ask<{ webhookDeliveries: { nodes: Delivery[] } }>(admin, query, { id: endpointId })
  if (!data) throw new Error(text)
  return data.webhookDeliveries.nodes
}

async function open(input: object = {}) {
  const receiver = await WebhookReceiver.start()
  const { endpoint, secret } = await changed('createWebhookEndpoint', {
    ...{ url: receiver.url, types: ['MESSAGE_SENT'], includeText: true, opKey: newKey() },
    ...input,
  })
  receiver.secrets.push(secret!)
  return { receiver, endpoint, secret: secret! }
}
const done = (endpointId: string) => changed('deleteWebhookEndpoint', { endpointId })

test('an endpoint is made once for a key, with a secret that is shown then only', async () => {
  const receiver = await WebhookReceiver.start()
  const input = { url: receiver.url, opKey: newKey() }
  const made = await changed('createWebhookEndpoint', input)
  expect(made).toMatchObject({
    __typename: 'CreateWebhookEndpointSuccess',
    endpoint: {
      url: receiver.url,
      includeText: false,
      state: 'ACTIVE',
      conversationKinds: ['DIRECT', 'GROUP', 'SUPPORT'],
    },
  })
  expect(made.endpoint.types).toContain('MESSAGE_SENT')
  expect(made.endpoint.types).not.toContain('RECEIPT_ADVANCED')
  expect(await changed('createWebhookEndpoint', input)).toMatchObject({
    endpoint: { id: made.endpoint.id },
    secret: made.secret,
  })
  expect(await changed('createWebhookEndpoint', { ...input, includeText: true })).toMatchObject({
    code: 'OP_KEY_REUSED',
  })
  const { text } = await ask(
    admin,
    `query ($id: ID!) { webhookEndpoints { id url } node(id: $id) { id ... on WebhookEndpoint { url } } }`,
    {
      id: made.endpoint.id,
    },
  )
  expect(text).toContain(receiver.url)
  expect(text).not.toContain('whsec_')
  expect(await done(made.endpoint.id)).toMatchObject({ endpointId: made.endpoint.id })
  expect(await changed('pauseWebhookEndpoint', { endpointId: made.endpoint.id })).toMatchObject({ code: 'NOT_FOUND' })
})

test.each([
  ['ftp://example.com/', 'url'],
  ['not a url', 'url'],
  ['https://user:secret@example.com/', 'url'],
  ['https://example.com/#part', 'url'],
  ['http://10.0.0.1/', 'url'],
  ['http://[::1]/', 'url'],
  ['http://169.254.169.254/latest/meta-data', 'url'],
  ['http://2130706434.example', ''],
])('%s is refused as a %s', async (url, field) => {
  const result = await changed('createWebhookEndpoint', { url, opKey: newKey() })
  if (field === '') await done(result.endpoint.id)
  else expect(result).toMatchObject({ code: 'VALIDATION_ERROR', reason: expect.stringContaining('url') as string })
})

test('only an ADMIN sees or changes anything of it', async () => {
  const { endpoint } = await open()
  const staff = await signUp(pair.urls[0], 'Tara')
  await setRole(pair.database, 'STAFF', staff)
  const all: [string, object][] = [
    ['createWebhookEndpoint', { url: 'https://example.com', opKey: newKey() }],
    ['updateWebhookEndpoint', { endpointId: endpoint.id, url: 'https://example.com/stolen' }],
    ['rotateWebhookSecret', { endpointId: endpoint.id, opKey: newKey() }],
    ...['delete', 'pause', 'resume', 'test'].map((verb): [string, object] => [
      `${verb}WebhookEndpoint`,
      { endpointId: endpoint.id },
    ]),
    ['replayWebhook', { endpointId: endpoint.id, from: new Date(0).toISOString() }],
  ]
  for (const who of [bob, staff]) {
    for (const [name, input] of all) {
      const { text } = await change(name, input, who)
      expect(text, name).toContain('FORBIDDEN')
      expect(text, name).not.toMatch(/Success|whsec_|127\.0\.0\.1/)
    }
    for (const query of [
      '{ webhookEndpoints { url } }',
      `{ webhookDeliveries(endpointId: "${endpoint.id}") { nodes { id } } }`,
    ]) {
      expect((await ask(who, query)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    }
    expect((await ask(who, `{ node(id: "${endpoint.id}") { id } }`)).data).toEqual({ node: null })
  }
  const { data } = await ask<{ webhookEndpoints: Endpoint[] }>(admin, '{ webhookEndpoints { id url state } }')
  expect(data?.webhookEndpoints.find(({ id }) => id === endpoint.id)).toMatchObject({
    url: endpoint.url,
    state: 'ACTIVE',
  })
  await done(endpoint.id)
})

test('deliveries are listed by state, type and conversation, and sent again by their id or from a place on', async () => {
  const { receiver, endpoint } = await open()
  const id = await bob.createGroup([admin])
  const other = await bob.createGroup([admin])
  receiver.answer = ({ data }) => ({ status: data.message?.text === 'bad' ? 400 : 200 })
  const beforeAnything = new Date(Date.now() - 60_000).toISOString()
  for (const text of ['one', 'bad', 'two']) await bob.send(id, text)
  await bob.send(other, 'elsewhere')
  await receiver.until(() => receiver.textsOf().length === 3)
  const settled = async () => (await deliveriesOf(endpoint.id)).length === 4
  while (!(await settled())) await new Promise((resolve) => setTimeout(resolve, 50))
  const failed = await deliveriesOf(endpoint.id, ', state: FAILED')
  expect(failed).toMatchObject([
    { type: 'MESSAGE_SENT', conversationId: id, attempts: 1, responseStatus: 400, nextAttemptAt: null },
  ])
  expect(await deliveriesOf(endpoint.id, ', state: DELIVERED')).toHaveLength(3)
  expect(await deliveriesOf(endpoint.id, `, conversationId: "${other}"`)).toHaveLength(1)
  expect(await deliveriesOf(endpoint.id, ', type: MEMBER_LEFT')).toEqual([])

  // Page by page it is the same.
  const all = await deliveriesOf(endpoint.id)
  const paged: string[] = []
  for (let after: string | null = null; ;) {
    const query = `query ($after: String) { webhookDeliveries(endpointId: "${endpoint.id}", first: 3, after: $after) {
      nodes { id } pageInfo { hasNextPage endCursor } } }`
    const {
      data,
    }: Answer<{
      webhookDeliveries: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } }
    }> = await ask(admin, query, { after })
    paged.push(...data!.webhookDeliveries.nodes.map((node) => node.id))
    after = data!.webhookDeliveries.pageInfo.endCursor
    if (!data!.webhookDeliveries.pageInfo.hasNextPage) break
  }
  expect(paged).toEqual(all.map((one) => one.id))

  receiver.answer = () => ({ status: 200 })
  await changed('replayWebhook', { endpointId: endpoint.id, deliveryId: failed[0]!.id })
  await receiver.until(() => receiver.textsOf(id).includes('bad'))
  expect(receiver.all.filter(({ payload }) => payload.data.message?.text === 'bad').map((one) => one.id)).toEqual([
    failed[0]!.webhookId,
    failed[0]!.webhookId,
  ])
  const count = receiver.all.length
  await changed('replayWebhook', { endpointId: endpoint.id, from: beforeAnything })
  await receiver.until(() => receiver.all.length >= count + 4)
  const again = receiver.all.slice(count).filter(({ payload }) => payload.data.conversation.id === id)
  expect(again.map(({ payload }) => payload.data.message?.text)).toEqual(['one', 'bad', 'two'])
  // Each with the id from before.
  expect(new Set(receiver.all.map((one) => one.id)).size).toBe(4)

  const since = receiver.all.length
  await changed('replayWebhook', { endpointId: endpoint.id, cursor: endpoint.cursor })
  await receiver.until(() => receiver.all.length >= since + 4)
  for (const input of [{}, { from: beforeAnything, cursor: endpoint.cursor }, { from: '0000-01-01T00:00:00.000Z' }]) {
    const { text } = await change('replayWebhook', { endpointId: endpoint.id, ...input })
    expect(text).toContain('VALIDATION_ERROR')
  }
  expect((await change('replayWebhook', { endpointId: endpoint.id, cursor: 'nonsense' })).text).toContain(
    'VALIDATION_ERROR',
  )
  expect(receiver.unsigned).toEqual([])
  await done(endpoint.id)
})

test('what is sent again of a text that was deleted since has none, and nothing keeps it', async () => {
  const { receiver, endpoint } = await open()
  const id = await bob.createGroup([admin])
  receiver.answer = () => ({ status: 500 })
  const { message } = await bob.send(id, 'A text to forget')
  await receiver.until(() => receiver.all.length > 0)
  await bob.remove(message.id)
  // One attempt may be under way with the text still.
  const underWay = receiver.all.length
  await receiver.until(() => receiver.all.length > underWay)
  const before = receiver.all.length
  receiver.answer = () => ({ status: 200 })
  await receiver.until(() => receiver.delivered.length > 0)
  expect(receiver.all.slice(before).at(-1)!.payload.data.message?.text).toBe(null)
  const rows = await pair.database.query(
    `SELECT count(*)::int AS count FROM (SELECT to_jsonb(d)::text AS row FROM webhook_deliveries d
      UNION ALL SELECT to_jsonb(h)::text FROM webhook_holds h UNION ALL SELECT to_jsonb(e)::text FROM webhook_endpoints e) AS r WHERE row LIKE '%to forget%'`,
  )
  expect(rows).toEqual([{ count: 0 }])
  await done(endpoint.id)
})

test('a new secret signs beside the former one; paused nothing comes, and resumed all of it; a test comes at once', async () => {
  const { receiver, endpoint, secret } = await open()
  const id = await bob.createGroup([admin])
  const key = newKey()
  const rotated = await changed('rotateWebhookSecret', { endpointId: endpoint.id, opKey: key })
  expect(rotated.secret).not.toBe(secret)
  expect(rotated.endpoint.formerSecretUntil).not.toBeNull()
  expect((await changed('rotateWebhookSecret', { endpointId: endpoint.id, opKey: key })).secret).toBe(rotated.secret)
  await bob.send(id, 'Signed twice')
  await receiver.until(() => receiver.textsOf().length === 1)
  const { headers, payload } = receiver.all.at(-1)!
  expect(headers['webhook-signature']!.split(' ')).toHaveLength(2)
  for (const each of [secret, rotated.secret!]) {
    expect(new Webhook(each).verify(JSON.stringify(payload), headers)).toMatchObject({ type: 'MessageSent' })
  }

  const paused = await changed('pauseWebhookEndpoint', { endpointId: endpoint.id })
  expect(paused.endpoint).toMatchObject({ state: 'PAUSED', stateReason: 'An ADMIN has paused it.' })
  expect(await changed('testWebhookEndpoint', { endpointId: endpoint.id })).toMatchObject({ code: 'VALIDATION_ERROR' })
  const texts = numbered('Paused', 5)
  for (const text of texts) await bob.send(id, text)
  expect(receiver.textsOf(id)).toEqual(['Signed twice'])
  await changed('resumeWebhookEndpoint', { endpointId: endpoint.id })
  await receiver.until(() => receiver.textsOf(id).length === 6)
  expect(receiver.textsOf(id)).toEqual(['Signed twice', ...texts])

  const { delivery } = await changed('testWebhookEndpoint', { endpointId: endpoint.id })
  expect(delivery).toMatchObject({ type: null, state: 'PENDING', conversationId: null })
  await receiver.until(() => receiver.all.some((one) => one.id === delivery.webhookId))
  expect(receiver.all.at(-1)!.payload).toMatchObject({ type: 'Test', data: { endpoint: { id: endpoint.id } } })
  await done(endpoint.id)
})

interface Noted {
  action: string
  actor: { id: string } | null
  data: Record<string, unknown>
}

/** What the audit log has of an endpoint, the newest first. */
async function notedOf(endpointId: string): Promise<Noted[]> {
  const query = '{ auditLog(first: 100) { nodes { action actor { id } data } } }'
  const { data, text } = await ask<{ auditLog: { nodes: Noted[] } }>(admin, query)
  if (!data) throw new Error(text)
  const raw = Buffer.from(endpointId, 'base64url').toString().split(':').at(-1)
  return data.auditLog.nodes.filter((one) => one.data.endpointId === raw || one.data.endpointId === endpointId)
}

test('each change is in the audit log with who made it, and what cannot be noted there is not done', async () => {
  const { endpoint } = await open()
  const { id: endpointId } = endpoint
  const from = new Date(0).toISOString()
  const changes: [string, object][] = [
    ['updateWebhookEndpoint', { types: ['MESSAGE_EDITED'], includeText: false }],
    ['rotateWebhookSecret', { opKey: newKey() }],
    ['pauseWebhookEndpoint', {}],
    ['resumeWebhookEndpoint', {}],
    ['replayWebhook', { from }],
  ]
  for (const [name, input] of changes) expect(await changed(name, { endpointId, ...input })).toHaveProperty('endpoint')
  for (const [name, input] of changes)
    expect((await change(name, { endpointId, ...input }, bob)).text).toContain('FORBIDDEN')
  const noted = await notedOf(endpointId)
  const verbs = ['replayed', 'resumed', 'paused', 'rotated', 'updated', 'created']
  expect(noted.map(({ action }) => action)).toEqual(verbs.map((verb) => `webhook.${verb}`))
  expect(new Set(noted.map(({ actor }) => actor?.id))).toEqual(new Set([admin.id]))
  expect(noted.at(-2)!.data.fields).toEqual(expect.arrayContaining(['types', 'includesText']))
  expect(JSON.stringify(noted)).not.toContain('whsec_')

  // Nothing can be added to the chain.
  const held = await holdRows(pair.database, 'SELECT FROM audit_head FOR UPDATE', [])
  expect((await change('pauseWebhookEndpoint', { endpointId })).text).toContain('UNAVAILABLE')
  await held.release()
  const { data } = await ask<{ webhookEndpoints: Endpoint[] }>(admin, '{ webhookEndpoints { id state } }')
  expect(data?.webhookEndpoints.find(({ id }) => id === endpointId)).toMatchObject({ state: 'ACTIVE' })
  await done(endpointId)
  expect((await notedOf(endpointId))[0]).toMatchObject({ action: 'webhook.deleted', actor: { id: admin.id } })
})

test('changed types, kinds and URLs count for what is sent from then on; 410 ends it', async () => {
  const { receiver, endpoint } = await open({ conversationKinds: ['DIRECT'] })
  const group = await bob.createGroup([admin])
  const direct = await bob.startDirect(admin)
  await bob.send(group, 'To the group')
  await bob.send(direct, 'Directly')
  await receiver.until(() => receiver.textsOf().length === 1)
  expect(receiver.textsOf()).toEqual(['Directly'])
  const second = await WebhookReceiver.start(receiver.secrets[0])
  const types = ['MESSAGE_DELETED', 'MESSAGE_SENT']
  const updated = await changed('updateWebhookEndpoint', {
    endpointId: endpoint.id,
    url: second.url,
    types,
    includeText: false,
  })
  expect(updated.endpoint).toMatchObject({ url: second.url, types, conversationKinds: ['DIRECT'] })
  const { message } = await bob.send(direct, 'Without its text')
  await bob.remove(message.id)
  await second.until(() => second.all.some(({ payload }) => payload.type === 'MessageDeleted'))
  expect(
    second.all.every(({ payload }) => !('text' in payload.data.message!) && !('title' in payload.data.conversation)),
  ).toBe(true)
  expect(receiver.all).toHaveLength(1)
  second.answer = () => ({ status: 410 })
  await bob.send(direct, 'Are you there?')
  await second.until(() => second.all.some(({ status }) => status === 410))
  const state = async () => {
    const { data } = await ask<{ node: Endpoint }>(
      admin,
      `{ node(id: "${endpoint.id}") { ... on WebhookEndpoint { state stateReason } } }`,
    )
    return data!.node
  }
  while ((await state()).state === 'ACTIVE') await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await state()).toEqual({ state: 'DISABLED', stateReason: 'It answered 410 Gone.' })
  await done(endpoint.id)
})

test('one at which nothing succeeds for a day is paused; an event is given up after three, and sent again by the command line', async () => {
  const { receiver, endpoint } = await open()
  const key = Buffer.from(endpoint.id, 'base64url').toString().split(':')[1]!
  const id = await bob.createGroup([admin])
  receiver.answer = () => ({ status: 503 })
  await bob.send(id, 'Three days old')
  const held = 'SELECT 1 FROM webhook_holds WHERE endpoint_id = $1 AND attempts > 0'
  while ((await pair.database.query(held, [key])).length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  // As if it had been so for long; who sends to it begins anew with what the rows say.
  await pair.database.query(
    `WITH e AS (UPDATE webhook_endpoints SET lease_epoch = lease_epoch + 1, lease_until = now() WHERE id = $1 RETURNING id)
      UPDATE webhook_holds SET first_attempt_at = now() - interval '73 hours' WHERE endpoint_id IN (SELECT id FROM e)`,
    [key],
  )
  while ((await deliveriesOf(endpoint.id, ', state: FAILED')).length === 0)
    await new Promise((resolve) => setTimeout(resolve, 50))
  await bob.send(id, 'The next one')
  await receiver.until(() => receiver.all.some(({ payload }) => payload.data.message?.text === 'The next one'))
  await pair.database.query(`UPDATE webhook_endpoints SET failing_since = now() - interval '25 hours' WHERE id = $1`, [
    key,
  ])
  const state = async () =>
    (
      await ask<{ node: Endpoint }>(
        admin,
        `{ node(id: "${endpoint.id}") { ... on WebhookEndpoint { state stateReason } } }`,
      )
    ).data!.node
  while ((await state()).state === 'ACTIVE') await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await state()).toEqual({
    state: 'PAUSED',
    stateReason: 'Nothing was delivered for 25 hours: it answered 503.',
  })
  expect(pair.servers.map((server) => server.logs()).join()).toContain('a webhook endpoint gets nothing any more')

  receiver.answer = () => ({ status: 200 })
  await changed('resumeWebhookEndpoint', { endpointId: endpoint.id })
  await receiver.until(() => receiver.textsOf().includes('The next one'))
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  const wrong = await runReplay({ endpoint: endpoint.id, from: 'yesterday' }, pair.database.url, print)
  const none = await runReplay({ endpoint: 'nonsense', failed: true }, pair.database.url, print)
  expect([wrong, none]).toEqual([1, 1])
  expect(await runReplay({ endpoint: endpoint.id, failed: true }, pair.database.url, print)).toBe(0)
  expect(lines.at(-1)).toBe('1 delivery is sent again.')
  await receiver.until(() => receiver.textsOf().includes('Three days old'))
  await done(endpoint.id)
})

test('what commits late, by a transaction that was begun before others, comes too', async () => {
  const { receiver, endpoint } = await open({ types: ['MESSAGE_SENT', 'CONVERSATION_UPDATED'] })
  const [late, other] = await Promise.all([bob.createGroup([admin]), bob.createGroup([admin])])
  const client = new Client({ connectionString: pair.database.url })
  await client.connect()
  await client.query('BEGIN')
  // It has its number from here on, and shows nothing yet.
  await client.query('SELECT parley_xid()')
  const texts = numbered('Meanwhile', 5)
  for (const text of texts) await bob.send(other, text)
  await bob.send(late, 'Before it')
  await receiver.until(() => receiver.textsOf(other).length === 5 && receiver.textsOf(late).length === 1)
  const [conversation, person] = [late, bob.id].map((id) => Buffer.from(id, 'base64url').toString().split(':')[1]!)
  await client.query('SELECT parley_rename_conversation($1, $2, $3)', [person, conversation, 'Late'])
  await client.query('COMMIT')
  await client.end()
  await bob.send(late, 'After it')
  await receiver.until(() => receiver.textsOf(late).length === 2)
  const ofLate = receiver.delivered.filter(({ payload }) => payload.data.conversation.id === late)
  expect(ofLate.map(({ payload }) => payload.type)).toEqual(['MessageSent', 'ConversationUpdated', 'MessageSent'])
  await done(endpoint.id)
})

test('deliveries that succeeded are known for 3 days and the others for 30, and the events of the latter can be sent again until then', async () => {
  const { receiver, endpoint } = await open()
  const id = await bob.createGroup([admin])
  receiver.answer = ({ data }) => ({ status: data.message?.text?.startsWith('bad') === true ? 400 : 200 })
  const texts = ['good, new', 'bad, new', 'good, old', 'bad, old', 'bad, very old']
  for (const text of texts) await bob.send(id, text)
  await expect.poll(async () => (await deliveriesOf(endpoint.id)).length, { timeout: 30_000 }).toBe(5)
  const textOf = ({ webhookId }: Delivery) =>
    receiver.all.find((received) => received.id === webhookId)?.payload.data.message?.text ?? ''
  const idOf = new Map((await deliveriesOf(endpoint.id)).map((delivery) => [textOf(delivery), delivery.webhookId]))
  const ages: Record<string, number> = {
    'good, new': 2.9,
    'bad, new': 29.9,
    'good, old': 3.1,
    'bad, old': 4,
    'bad, very old': 30.1,
  }
  for (const [text, days] of Object.entries(ages)) {
    await pair.database.query(
      `UPDATE webhook_deliveries SET created_at = now() - $2 * interval '1 day' WHERE id = $1`,
      [...[idOf.get(text), days]],
    )
  }
  const left = async () => (await deliveriesOf(endpoint.id)).map(textOf)
  await expect.poll(async () => (await left()).length, { timeout: 30_000 }).toBe(3)
  // The newest first.
  expect(await left()).toEqual(['good, new', 'bad, old', 'bad, new'])
  receiver.answer = () => ({ status: 200 })
  const [failed] = (await deliveriesOf(endpoint.id, ', state: FAILED')).filter(
    (delivery) => textOf(delivery) === 'bad, old',
  )
  await changed('replayWebhook', { endpointId: endpoint.id, deliveryId: failed!.id })
  await receiver.until(() => receiver.textsOf(id).includes('bad, old'))
  await done(endpoint.id)
})
