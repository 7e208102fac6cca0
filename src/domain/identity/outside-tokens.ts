import { createHash } from 'node:crypto'
import { decodeProtectedHeader, errors as joseErrors, jwtVerify, type JWTPayload } from 'jose'
import { timeMs } from '../../clock.ts'
import { AppError, UnauthenticatedError } from '../errors.ts'
import { avatarOf, claimOf, handleOf, idOf, nameOf, roleOf, type ClaimNames, type Role } from './claims.ts'
import type { TokenKeys } from './token-keys.ts'

/** Seconds by which the issuer's clock and ours may differ. */
export const skewSeconds = 30
/** Headers of a request may have 16 KB together. */
const maxTokenLength = 12_288
const maxIdLength = 255
/** Milliseconds after which a session ends whatever its token says. */
const maxLifeMs = 10 * 365 * 24 * 60 * 60_000
/** Of an issuer that has more keys for one algorithm and names none of them in its tokens. */
const maxTries = 8

export interface OutsideRules {
  issuers: readonly string[]
  audiences: readonly string[] | null
  authorizedParties: readonly string[] | null
  algorithms: readonly string[]
  claims: ClaimNames
  roles: Readonly<Record<string, Role>>
}

/** What a token of the embedding product says, checked. */
export interface OutsideToken {
  issuer: string
  subject: string
  /** Names the session among those of the subject: by sid, or else jti, or else the token itself. */
  session: string
  issuedAt: Date | null
  /** With the skew. */
  endsAtMs: number
  handle: string | null
  name: string | null
  avatarUrl: string | null
  role: Role | null
}

const refused = (reason: string) => new UnauthenticatedError(reason)

/** Whether a token is to be checked by the rules for tokens from outside. Ours are signed with a secret, which those never are. */
export function isFromOutside(token: string): boolean {
  try {
    return !/^HS/.test(String(decodeProtectedHeader(token).alg))
  } catch {
    return false
  }
}

/** Rejects with UNAUTHENTICATED, and the reason says what is wrong; or with UNAVAILABLE. */
export async function verifyOutsideToken(token: string, rules: OutsideRules, keys: TokenKeys): Promise<OutsideToken> {
  if (token.length > maxTokenLength) throw refused('The access token is too long.')
  return read(await payloadOf(token, rules, keys), token, rules)
}

async function payloadOf(token: string, rules: OutsideRules, keys: TokenKeys): Promise<JWTPayload> {
  const options = {
    algorithms: [...rules.algorithms],
    issuer: [...rules.issuers],
    ...(rules.audiences && { audience: [...rules.audiences] }),
    clockTolerance: skewSeconds,
    currentDate: new Date(timeMs()),
    requiredClaims: ['exp'],
  }
  try {
    const header = decodeProtectedHeader(token)
    // Before any key is looked for: what is not pinned must not cause anything.
    if (!rules.algorithms.includes(String(header.alg))) throw new joseErrors.JOSEAlgNotAllowed()
    const candidates = (await keys.of(header)).slice(0, maxTries)
    for (const [index, key] of candidates.entries()) {
      try {
        return (await jwtVerify(token, key, options)).payload
      } catch (error) {
        const isLast = index === candidates.length - 1
        if (isLast || !(error instanceof joseErrors.JWSSignatureVerificationFailed)) throw error
      }
    }
    throw new joseErrors.JWKSNoMatchingKey()
  } catch (error) {
    if (error instanceof AppError) throw error
    throw refused(reasonOf(error))
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof joseErrors.JWTExpired) return 'The access token has expired. Get a new one where you signed in.'
  if (error instanceof joseErrors.JOSEAlgNotAllowed)
    return 'The access token is not signed by an algorithm that is taken here.'
  if (error instanceof joseErrors.JWKSNoMatchingKey)
    return 'The access token is signed with a key that its issuer does not have.'
  if (error instanceof joseErrors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' && error.reason === 'check_failed'
      ? 'The access token is not valid yet.'
      : `The access token is not for this server: its claim ${error.claim} is missing or another one.`
  }
  return 'The access token is not valid. Get a new one where you signed in.'
}

function read(payload: JWTPayload, token: string, { claims, roles, authorizedParties }: OutsideRules): OutsideToken {
  const { iss: issuer, exp, iat, jti, azp } = payload
  const nowSeconds = timeMs() / 1_000
  if (issuer === undefined || typeof exp !== 'number')
    throw refused('The access token is not valid: iss and exp are needed.')
  if (typeof iat === 'number' && iat > nowSeconds + skewSeconds) {
    throw refused('The access token is not valid yet: it was issued in the future.')
  }
  if (authorizedParties && !(typeof azp === 'string' && authorizedParties.includes(azp))) {
    throw refused('The access token is not for this server: its claim azp is missing or another one.')
  }
  const subject = idOf(claimOf(payload, claims.id), maxIdLength)
  if (subject === null) {
    throw refused(
      `The access token does not say who it is for: ${claims.id} must be a text of 1 to ${String(maxIdLength)} characters.`,
    )
  }
  const hash = createHash('sha256').update(token).digest('base64url')
  const sid = idOf(claimOf(payload, claims.session), maxIdLength)
  const session = sid === null ? named('jti', idOf(jti, maxIdLength)) : named('sid', sid)
  return {
    issuer,
    subject,
    session: session ?? `token ${hash}`,
    issuedAt: typeof iat === 'number' && iat > 0 ? new Date(iat * 1_000) : null,
    endsAtMs: Math.min((exp + skewSeconds) * 1_000, timeMs() + maxLifeMs),
    handle: handleOf(claimOf(payload, claims.handle)),
    name: nameOf(claimOf(payload, claims.name)),
    avatarUrl: avatarOf(claimOf(payload, claims.avatar)),
    role: claims.role === null ? null : roleOf(claimOf(payload, claims.role), roles),
  }
}

const named = (claim: string, value: string | null) => (value === null ? null : `${claim} ${value}`)
