// Messages as Web Push: a consumer of webhooks that tells the browsers of everybody whom a message notifies.
import { createECDH } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { encrypt } from 'http_ece'
import { importJWK, SignJWT, type JWK } from 'jose'
import { Webhook } from 'standardwebhooks'
import { readBody, rememberLast, type MessageSent } from '../webhook.ts'

/** What PushSubscription.toJSON() gives in the browser. */
export interface Subscription {
  endpoint: string
  keys: { p256dh: string; auth: string }
}

export interface PushOptions {
  /** Of the webhook endpoint: whsec_… */
  secret: string
  /** A P-256 key pair; its public half is the applicationServerKey of the subscriptions. And how a push service reaches you. */
  vapid: { key: JWK; publicKey: string; subject: string }
  subscriptionsOf: (userId: string) => Promise<Subscription[]>
  /** The browser has taken it back. */
  onGone: (subscription: Subscription) => Promise<void>
}

export function createPush({ secret, vapid, subscriptionsOf, onGone }: PushOptions) {
  const webhook = new Webhook(secret)
  const isDone = rememberLast(10_000)

  async function push(subscription: Subscription, content: object): Promise<void> {
    const { endpoint, keys } = subscription
    const privateKey = createECDH('prime256v1')
    privateKey.generateKeys()
    const text = Buffer.from(JSON.stringify(content))
    const body = Uint8Array.from(
      encrypt(text, { version: 'aes128gcm', privateKey, dh: keys.p256dh, authSecret: keys.auth }),
    )
    const jwt = await new SignJWT({ aud: new URL(endpoint).origin, sub: vapid.subject })
      .setProtectedHeader({ typ: 'JWT', alg: 'ES256' })
      .setExpirationTime('12h')
      .sign(await importJWK(vapid.key, 'ES256'))
    const authorization = `vapid t=${jwt}, k=${vapid.publicKey}`
    const headers = { authorization, 'content-encoding': 'aes128gcm', ttl: '86400', urgency: 'high' }
    const answer = await fetch(endpoint, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) })
    if (answer.status === 404 || answer.status === 410) await onGone(subscription)
    else if (answer.status === 429 || answer.status >= 500) throw new Error(`the push service says ${answer.status}`)
  }

  /** Give it the requests of the webhook endpoint. */
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = (status: number) => response.writeHead(status).end()
    const body = await readBody(request)
    const headers = request.headers as Record<string, string>
    try {
      webhook.verify(body, headers)
    } catch {
      return void answer(400)
    }
    const { type, data } = JSON.parse(body) as MessageSent
    if (type !== 'MessageSent' || !data.notify) return void answer(204)
    const { message, conversation, notify } = data
    const title = conversation.title ?? message.sender.displayName
    // The words only where the endpoint includes them; a browser shows no more than some.
    const shown = { title, body: message.text?.slice(0, 200) ?? 'New message', conversationId: conversation.id }
    const subscriptions = (await Promise.all(notify.map(subscriptionsOf))).flat()
    const pushes = subscriptions.map((subscription) =>
      isDone(`${headers['webhook-id']} ${subscription.endpoint}`, () => push(subscription, shown)),
    )
    const failed = (await Promise.allSettled(pushes)).some(({ status }) => status === 'rejected')
    // Parley sends it again later; those who were told are not told twice.
    answer(failed ? 503 : 204)
  }
}
