import { Buffer } from 'node:buffer'
import { webcrypto } from 'node:crypto'
import { jwtVerify } from 'jose'

/** Resolves to a check of Parley's access tokens: the viewer's uuid, or null for a token that is not valid. */
export async function createTokenCheck(secret) {
  // Imported once: of bytes jose would make a key for each token.
  const bytes = Buffer.from(secret)
  const key = await webcrypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
  return async (token) => {
    try {
      return (await jwtVerify(token, key, { issuer: 'parley', algorithms: ['HS256'] })).payload.sub ?? null
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
