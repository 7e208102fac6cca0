import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'

// The world's uuids can be computed: a kind and a number. They sort by the number, as v7 does by time.
const uuid = (kind, number) => `${kind}0000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
/** The same in SQL. */
export const uuidSql = (kind, number) => `('${kind}0000000-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`

export const kinds = { user: '1', session: '2', conversation: '3' }
export const userUuid = (number) => uuid(kinds.user, number)
export const conversationUuid = (number) => uuid(kinds.conversation, number)

const globalId = (type, key) => Buffer.from(`${type}:${key}`).toString('base64url')
export const conversationId = (number) => globalId('Conversation', conversationUuid(number))
export const userId = (number) => globalId('User', userUuid(number))
export const messageId = (number, seq) => globalId('Message', `${conversationUuid(number)}/${String(seq)}`)

/** An access token as the server issues it (src/domain/sessions/sessions.ts), valid for longer than any run takes. */
export function tokenOf(secret, number) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const nowS = Math.floor(Date.now() / 1000)
  const claims = {
    sid: uuid(kinds.session, number),
    sub: userUuid(number),
    iss: 'parley',
    iat: nowS,
    exp: nowS + 86_400,
  }
  const content = `${part({ alg: 'HS256' })}.${part(claims)}`
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`
}
