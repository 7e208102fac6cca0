import { Buffer } from 'node:buffer'
import { webcrypto } from 'node:crypto'
import { jwtVerify } from 'jose'

const maxRemembered = 20_000

/** Resolves to a check of Parley's access tokens: the viewer's uuid, or null for a token that is not valid. */
export async function createTokenCheck(secret) {
  // Imported once: from bytes jose would make a key for each token.
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const key = await webcrypto.subtle.importKey('raw', Buffer.from(secret), hmac, false, ['verify'])
  // A verified token is remembered until it expires, as in Parley, and as an option in fast-jwt: the comparison is not
  // about HMAC.
  const remembered = new Map()
  return async (token) => {
    const known = remembered.get(token)
    if (known && known.expiresAtMs > Date.now()) return known.viewerId
    remembered.delete(token)
    try {
      const { payload } = await jwtVerify(token, key, { issuer: 'parley', algorithms: ['HS256'] })
      const viewerId = payload.sub ?? null
      if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value)
      remembered.set(token, { viewerId, expiresAtMs: (payload.exp ?? 0) * 1000 })
      return viewerId
    } catch {
      return null
    }
  }
}

/** The same for an authorization header, or the one in connection_init. */
export async function createAuthorizationCheck(secret) {
  const check = await createTokenCheck(secret)
  return (authorization) => {
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    return token === undefined ? null : check(token)
  }
}
