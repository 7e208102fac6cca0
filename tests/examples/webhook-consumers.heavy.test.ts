// The examples that hear of messages by webhooks, with a push service that decrypts as a browser does.
import { createDecipheriv, createECDH, generateKeyPairSync, hkdfSync, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBot } from '../../examples/bot/bot.ts'
import { createPush, type Subscription } from '../../examples/web-push/push.ts'
import { ask } from '../testkit/api.ts'
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'
import { webhookEnv } from '../testkit/webhook-settings.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

const servers: ReturnType<typeof createServer>[] = []
async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** As RFC 8291 and 8188 say, from the browser's side. */
class Browser {
  readonly keys = createECDH('prime256v1')
  readonly auth = randomBytes(16)
  readonly shown: { title: string; body: string }[] = []

  constructor(readonly endpoint: string) {
    this.keys.generateKeys()
  }

  get subscription(): Subscription {
    const p256dh = this.keys.getPublicKey().toString('base64url')
    return { endpoint: this.endpoint, keys: { p256dh, auth: this.auth.toString('base64url') } }
  }

  take(body: Buffer): void {
    const [salt, keyLength] = [body.subarray(0, 16), body.readUInt8(20)]
    const senderKey = body.subarray(21, 21 + keyLength)
    const secret = this.keys.computeSecret(senderKey)
    const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), this.keys.getPublicKey(), senderKey])
    const inputKey = Buffer.from(hkdfSync('sha256', secret, this.auth, keyInfo, 32))
    const derive = (name: string, length: number) =>
      Buffer.from(hkdfSync('sha256', inputKey, salt, `Content-Encoding: ${name}\0`, length))
    const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12))
    const sealed = body.subarray(21 + keyLength)
    decipher.setAuthTag(sealed.subarray(-16))
    const opened = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
    // The last record ends with 2, and zeros.
    const end = opened.lastIndexOf(2)
    this.shown.push(JSON.parse(opened.subarray(0, end).toString()) as { title: string; body: string })
  }
}

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const point = pair.publicKey.export({ format: 'jwk' })
const publicKey = Buffer.concat([Buffer.of(4), Buffer.from(point.x!, 'base64url'), Buffer.from(point.y!, 'base64url')])
const vapid = {
  ...{ key: pair.privateKey.export({ format: 'jwk' }), publicKey: publicKey.toString('base64url') },
  subject: 'mailto:operator@example.com',
}

let database: TestDatabase
let server: ServerProcess
let admin: Person
let ann: Person
let bob: Person
beforeAll(async () => {
  database = await createTestDatabase()
  server = await startServer({ databaseUrl: database.url, redisUrl: null, env: webhookEnv() })
  ;[admin, ann, bob] = await Promise.all([signUp(server.url), signUp(server.url, 'Ann'), signUp(server.url, 'Bob')])
  await database.query(`UPDATE users SET role = 'ADMIN' WHERE handle = $1`, [admin.handle])
})
afterAll(() => {
  for (const each of servers) each.close()
})

/** An endpoint that is told of messages; its handler is made with the secret. */
async function hear(make: (secret: string) => Handler | Promise<Handler>): Promise<void> {
  let handler: Handler = (_, response) => response.writeHead(503).end()
  const url = await listen((request, response) => void handler(request, response))
  const { data, text } = await ask<{ createWebhookEndpoint: { secret: string } }>(
    admin,
    `mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) {
      ... on CreateWebhookEndpointSuccess { secret } ... on Error { code reason } } }`,
    { input: { url, types: ['MESSAGE_SENT'], includeText: true, opKey: newKey() } },
  )
  if (!data) throw new Error(text)
  handler = await make(data.createWebhookEndpoint.secret)
}

test('everybody whom a message notifies is told on each browser, once, and browsers that are gone are forgotten', async () => {
  const browsers = new Map<string, Browser>()
  let isBusy = true
  const service = await listen((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => void receive(request, Buffer.concat(parts), response))
  })
  async function receive({ headers, url = '' }: IncomingMessage, body: Buffer, response: ServerResponse) {
    const answer = (status: number) => response.writeHead(status).end()
    const [, token = '', key] = /^vapid t=(.+), k=(.+)$/.exec(headers.authorization ?? '') ?? []
    const keys = createLocalJWKSet({ keys: [{ ...point, alg: 'ES256' }] })
    const { payload } = await jwtVerify(token, keys, { audience: new URL(service).origin })
    const isRight = key === vapid.publicKey && payload.sub === vapid.subject
    if (!isRight || headers['content-encoding'] !== 'aes128gcm' || headers.ttl === undefined) return answer(400)
    const browser = browsers.get(url)
    if (!browser) return answer(410)
    // One of the two is told at the first attempt, and the other only at the second.
    if (url === '/phone' && isBusy) {
      isBusy = false
      return answer(429)
    }
    browser.take(body)
    return answer(201)
  }
  const at = (path: string) => {
    const browser = new Browser(service + path)
    if (path !== '/gone') browsers.set(path, browser)
    return browser
  }
  const [laptop, phone, gone] = [at('/laptop'), at('/phone'), at('/gone')]
  const kept = new Map([[bob.id, [laptop.subscription, phone.subscription, gone.subscription]]])
  const forgotten: string[] = []
  await hear((secret) =>
    createPush({
      ...{ secret, vapid, subscriptionsOf: (id) => Promise.resolve(kept.get(id) ?? []) },
      onGone: ({ endpoint }) => Promise.resolve(void forgotten.push(endpoint)),
    }),
  )
  const id = await ann.createGroup([bob], 'Lunch')
  await ann.send(id, 'At noon?')
  await bob.send(id, 'Mine notifies not me')
  await ann.send(id, 'Bring the ☂️')
  const shown = ['At noon?', 'Bring the ☂️'].map((body) => ({ title: 'Lunch', body, conversationId: id }))
  await expect.poll(() => phone.shown, { timeout: 60_000 }).toEqual(shown)
  expect(laptop.shown).toEqual(shown)
  expect(forgotten).toContain(gone.endpoint)
})

test('the bot answers commands where it is a member, once, and not itself', async () => {
  const { data } = await ask<{ createApiKey: { secret: string; apiKey: { user: { id: string } } } }>(
    admin,
    `mutation { createApiKey(input: { name: "Dice", scopes: [READ, MESSAGES_WRITE] }) {
      ... on CreateApiKeySuccess { secret apiKey { user { id } } } } }`,
  )
  const { secret: apiKey, apiKey: key } = data!.createApiKey
  let asked = 0
  await hear((secret) =>
    createBot({
      ...{ url: server.url, apiKey, secret },
      commands: {
        async echo({ words, by }) {
          asked += 1
          // The first attempt dies after the command and before the answer; the event comes again.
          if (asked === 1) throw new Error('out of order')
          return `${by} says ${words}`
        },
        loop: () => '/echo again',
      },
    }),
  )
  const id = await ann.createGroup([bob, key.user])
  await ann.send(id, '/echo hello there')
  await ann.send(id, 'no command')
  await ann.send(id, '/loop')
  await ann.send(id, '/constructor')
  const texts = async () => {
    const read = await ask<{
      conversation: { messages: { edges: { node: { text: string; replyTo: object | null } }[] } }
    }>(
      ann,
      'query ($id: ID!) { conversation(id: $id) { messages(last: 20) { edges { node { text replyTo { seq } } } } } }',
      { id },
    )
    return read.data!.conversation.messages.edges.filter(({ node }) => node.replyTo).map(({ node }) => node.text)
  }
  const expected = [`${ann.handle} says hello there`, '/echo again', 'I know /echo, /loop.']
  await expect.poll(texts, { timeout: 60_000 }).toEqual(expected)
  expect(asked).toBe(2)
})
