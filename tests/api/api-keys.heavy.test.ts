import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { beforeAll, expect, test, vi } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { enter, startIssuer, type Issuer } from '../testkit/issuer.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { Person, signUp } from '../testkit/person.ts'

const all = ['READ', 'MESSAGES_WRITE', 'CONVERSATIONS_WRITE', 'USERS_WRITE', 'ACT_AS']
const viewer = '{ viewer { user { id handle displayName } } }'
const send = `mutation ($chat: ID!, $id: String!, $text: String = "From the shop") {
  sendMessage(input: { conversationId: $chat, clientMessageId: $id, text: $text }) {
    __typename ... on SendMessageSuccess { message { sender { id } } } ... on Error { code reason } } }`
const upsert = `mutation ($input: UpsertUserInput!) { upsertUser(input: $input) {
  __typename ... on UpsertUserSuccess { user { id displayName avatarUrl handle } } ... on Error { code reason } } }`

interface Shown {
  apiKey: { id: string; user: { id: string } }
  secret: string
}

let issuer: Issuer
let pair: Pair
let url: string
let boss: Person
beforeAll(async () => {
  issuer = await startIssuer()
  pair = await startPair({ env: issuer.env })
  ;[url] = pair.urls
  boss = await signUp(url, 'Boss')
  await pair.database.query(`UPDATE users SET role = 'ADMIN' WHERE handle = $1`, [boss.handle])
  await vi.waitFor(async () => expect((await ask(boss, '{ apiKeys { id } }')).errors).toBeUndefined(), 20_000)
})

async function createKey(scopes: string[], by = boss) {
  const mutation = `mutation ($scopes: [ApiKeyScope!]!) { createApiKey(input: { name: "Shop", scopes: $scopes }) {
    __typename ... on CreateApiKeySuccess { secret apiKey { id scopes user { id } } } ... on Error { code } } }`
  const { data } = await ask<{ createApiKey: Shown }>(by, mutation, { scopes })
  return data!.createApiKey
}

const by = (
  secret: string,
  query: string,
  variables: object = {},
  { actAs, at = url }: { actAs?: string; at?: string } = {},
) =>
  ask<Record<string, object>>(at, query, variables, {
    headers: { authorization: `Bearer ${secret}`, ...(actAs !== undefined && { 'parley-act-as': actAs }) },
  })

const audited = () =>
  pair.database.query<{ action: string; operation: string | null }>(
    `SELECT action, data->>'operation' AS operation FROM audit_log WHERE action LIKE 'apiKey.%' ORDER BY seq`,
  )

test('are for an ADMIN, shown once, and stored as a hash', async () => {
  const key = await createKey(['READ'])
  expect(key.secret).toMatch(/^parley_key_[\w-]{43}$/)
  expect(await createKey(['READ'], await signUp(url, 'Nobody'))).toMatchObject({ code: 'FORBIDDEN' })
  const { text } = await ask(boss, '{ apiKeys { id name scopes user { handle } createdAt expiresAt } }')
  expect(text).toContain(key.apiKey.id)
  expect(text).not.toContain('parley_key_')
  const [row] = await pair.database.query<{ hash: Buffer }>(
    'SELECT hash FROM api_key_secrets ORDER BY session_id DESC LIMIT 1',
  )
  expect(row!.hash).toHaveLength(32)
  const node = 'query ($id: ID!) { node(id: $id) { __typename } }'
  expect((await ask(boss, node, { id: key.apiKey.id })).data).toEqual({ node: { __typename: 'ApiKey' } })
  expect((await ask(await signUp(url, 'Eve'), node, { id: key.apiKey.id })).data).toEqual({ node: null })
})

test('make people, who are those of later tokens, begin conversations, send as a bot and for a person; each use is audited', async () => {
  const { secret, apiKey } = await createKey(all)
  const externalId = randomUUID()
  const input = {
    externalId,
    displayName: 'Ann of the shop',
    avatarUrl: 'https://pictures.example.com/a.png',
    handle: 'ann_of_shop',
  }
  const made = (await by(secret, upsert, { input })).data!.upsertUser as { user: { id: string } }
  expect(made.user).toMatchObject({ displayName: 'Ann of the shop', handle: 'ann_of_shop' })
  const again = await by(secret, upsert, { input: { externalId, displayName: 'Ann' } }, { at: pair.urls[1] })
  expect(again.data!.upsertUser).toMatchObject({
    user: { id: made.user.id, displayName: 'Ann', avatarUrl: input.avatarUrl },
  })
  const ann = await enter(
    url,
    await issuer.token({ sub: externalId, name: 'Ann by token', iat: Math.floor(Date.now() / 1_000) + 20 }),
  )
  expect(ann.session.user).toMatchObject({ id: made.user.id, displayName: 'Ann by token' })

  const group = `mutation ($ids: [ID!]!, $key: String!) { createGroup(input: { title: "Order 7", memberIds: $ids, opKey: $key }) {
    ... on CreateGroupSuccess { conversation { id } } ... on Error { reason } } }`
  const { data } = await by(secret, group, { ids: [ann.id], key: randomUUID() })
  const chat = (data!.createGroup as { conversation: { id: string } }).conversation.id
  const asBot = await by(secret, send, { chat, id: randomUUID() })
  expect(asBot.data!.sendMessage).toMatchObject({ message: { sender: { id: apiKey.user.id } } })
  const asAnn = await by(secret, send, { chat, id: randomUUID() }, { actAs: ann.id })
  expect(asAnn.data!.sendMessage).toMatchObject({ message: { sender: { id: ann.id } } })
  const read = await by(secret, viewer, {}, { actAs: ann.id, at: pair.urls[1] })
  expect(read.data).toMatchObject({ viewer: { user: { id: ann.id } } })
  const uses = (await audited()).filter(({ action }) => action === 'apiKey.used').map(({ operation }) => operation)
  expect(uses).toEqual(['upsertUser', 'upsertUser', 'createGroup', 'sendMessage', 'sendMessage', 'viewer'])
})

test('do nothing outside of their scopes, and nothing that is for people', async () => {
  const chat = await boss.createGroup([])
  const narrow = await createKey(['USERS_WRITE'])
  const reader = await createKey(['READ'])
  for (const [secret, query] of [
    [narrow.secret, viewer],
    [narrow.secret, send],
    [narrow.secret, 'mutation { startDirect(input: { userId: "x" }) { __typename } }'],
    [narrow.secret, 'query { node(id: "x") { id } }'],
    [reader.secret, send],
    [reader.secret, upsert],
    [reader.secret, '{ apiKeys { id } }'],
    [reader.secret, 'mutation { logout }'],
    [reader.secret, 'mutation { eraseUser(input: { userId: "x" }) { __typename } }'],
    [reader.secret, 'mutation { createApiKey(input: { name: "More", scopes: [READ] }) { __typename } }'],
    [reader.secret, 'mutation { renewToken(input: { token: "x" }) { __typename } }'],
    [reader.secret, 'mutation { updateSettings(input: { readReceiptsEnabled: false }) { __typename } }'],
  ] as const) {
    const variables = { chat, id: randomUUID(), input: { externalId: 'x', displayName: 'X' } }
    const used = /\$input/.test(query) ? { input: variables.input } : /\$chat/.test(query) ? variables : {}
    expectErrors(await by(secret, query, used), 'FORBIDDEN')
  }
  expect((await by(reader.secret, viewer)).errors).toBeUndefined()
  expectErrors(await by(`parley_key_${'x'.repeat(43)}`, viewer), 'UNAUTHENTICATED')
  expectErrors(await by('parley_key_x', viewer), 'UNAUTHENTICATED')
})

test('act for people alone: not without the scope, and for no staff, key, suspended or unknown person', async () => {
  const ann = await signUp(url, 'Ann')
  const gone = await signUp(url, 'Gone')
  await ask(boss, `mutation { suspendUser(input: { userId: "${gone.id}" }) { __typename } }`)
  const { secret, apiKey } = await createKey(all)
  const other = await createKey(all.filter((scope) => scope !== 'ACT_AS'))
  const refused = async (actAs: string, using = secret) =>
    expectErrors(await by(using, viewer, {}, { actAs }), 'FORBIDDEN')
  await refused(ann.id, other.secret)
  const nobody = Buffer.from(`User:${randomUUID()}`).toString('base64url')
  for (const id of [boss.id, gone.id, apiKey.user.id, nobody, 'x', 'Ann']) await refused(id)
  expect((await by(secret, viewer, {}, { actAs: ann.id })).errors).toBeUndefined()
  // People are who they are: the header says nothing.
  const headers = { 'parley-act-as': ann.id }
  expect((await ask(boss, viewer, {}, { headers })).data).toMatchObject({ viewer: { user: { id: boss.id } } })
  const forAnn = await by(secret, upsert, { input: { externalId: 'y', displayName: 'Y' } }, { actAs: ann.id })
  expect(forAnn.data?.upsertUser).toMatchObject({ code: 'FORBIDDEN' })
})

test('end at once in all processes, with their sockets: by revocation, and the former secret by rotation', async () => {
  const key = await createKey(['READ'])
  const bot = (secret: string) =>
    new Person({ accessToken: secret, user: key.apiKey.user } as Person['session'], pair.urls[1])
  const [reader, first] = [await bot(key.secret).inboxEvents(), key.secret]
  const rotate = `mutation ($id: ID!, $grace: Int) { rotateApiKey(input: { apiKeyId: $id, graceSeconds: $grace }) {
    ... on RotateApiKeySuccess { secret } ... on Error { code } } }`
  const { data } = await ask<{ rotateApiKey: { secret: string } }>(boss, rotate, { id: key.apiKey.id })
  const second = data!.rotateApiKey.secret
  expect(await reader.waitForEnd()).toEqual({ closeCode: 4401 })
  const isRefused = async (secret: string, at: string) =>
    vi.waitFor(async () => expectErrors(await by(secret, viewer, {}, { at }), 'UNAUTHENTICATED'), 20_000)
  for (const at of pair.urls) await isRefused(first, at)
  const third = (await ask<{ rotateApiKey: { secret: string } }>(boss, rotate, { id: key.apiKey.id, grace: 600 })).data!
  for (const secret of [second, third.rotateApiKey.secret]) expect((await by(secret, viewer)).errors).toBeUndefined()
  const readers = [await bot(second).inboxEvents(), await bot(third.rotateApiKey.secret).inboxEvents()]
  const revoke = 'mutation ($id: ID!) { revokeApiKey(input: { apiKeyId: $id }) { __typename ... on Error { code } } }'
  for (let times = 0; times < 2; times++) {
    expect((await ask(boss, revoke, { id: key.apiKey.id })).data).toEqual({
      revokeApiKey: { __typename: 'RevokeApiKeySuccess' },
    })
  }
  for (const one of readers) expect(await one.waitForEnd()).toEqual({ closeCode: 4401 })
  for (const at of pair.urls) for (const secret of [second, third.rotateApiKey.secret]) await isRefused(secret, at)
  expect((await ask(boss, rotate, { id: key.apiKey.id })).data).toEqual({ rotateApiKey: { code: 'NOT_FOUND' } })
  const actions = (await audited()).map(({ action }) => action)
  expect(actions.filter((action) => action === 'apiKey.rotated')).toHaveLength(2)
  expect(actions.filter((action) => action === 'apiKey.revoked')).toHaveLength(1)
})

test('can be made, listed, rotated and revoked by an operator', async () => {
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: pair.database.url,
    JWT_SECRET: 'x'.repeat(32),
    LOG_LEVEL: 'silent',
  }
  const admin = async (...args: string[]) =>
    (await promisify(execFile)(process.execPath, ['dist/admin.js', ...args], { env })).stdout.trim()
  const [id = '', secret = ''] = (await admin('create-api-key', 'By hand', 'READ,MESSAGES_WRITE')).split('\n')
  expect((await by(secret, viewer)).data).toMatchObject({ viewer: { user: { displayName: 'By hand' } } })
  expect(await admin('list-api-keys')).toContain(`${id}  By hand  READ,MESSAGES_WRITE`)
  const next = await admin('rotate-api-key', id)
  await vi.waitFor(async () => expectErrors(await by(secret, viewer), 'UNAUTHENTICATED'), 20_000)
  expect((await by(next, viewer)).errors).toBeUndefined()
  await admin('revoke-api-key', id)
  await vi.waitFor(async () => expectErrors(await by(next, viewer), 'UNAUTHENTICATED'), 20_000)
  await expect(admin('create-api-key', 'Wrong', 'EVERYTHING')).rejects.toThrow('create-api-key <name>')
})
