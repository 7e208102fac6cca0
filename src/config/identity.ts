import { createPublicKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { listOf } from './values.ts'

/** Signatures with a key pair: whoever can verify them cannot make them, so no public key can ever pass for a secret. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const roles = ['USER', 'STAFF', 'ADMIN'] as const
export type Role = (typeof roles)[number]

/** Of tokens that Parley signs itself. */
export const ownIssuer = 'parley'
const leastRsaBits = 2_048

const texts = (allowed: string) =>
  z
    .string()
    .transform(listOf)
    .refine((values) => values.every((value) => value !== ''), allowed)

const claim = z.string().min(1, 'the name of a claim').max(256, 'the name of a claim')

function rolesOf(value: string): Record<string, Role> | null {
  const entries = listOf(value).map((item): [string, string] => {
    const at = item.lastIndexOf('=')
    return [item.slice(0, at).trim(), item.slice(at + 1).trim()]
  })
  const isRole = (role: string): role is Role => (roles as readonly string[]).includes(role)
  const map: [string, Role][] = []
  for (const [name, role] of entries) {
    if (name === '' || !isRole(role)) return null
    map.push([name, role])
  }
  return Object.fromEntries(map)
}

/** Who people are: the accounts that Parley has itself, and those of the product it is built into. */
export const identitySettings = {
  ACCOUNTS: z.enum(['builtin', 'external', 'both'], 'builtin, external or both').optional(),
  AUTH_JWKS_URL: z
    .string()
    .refine(
      (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
      'an address like https://login.example.com/.well-known/jwks.json',
    )
    .optional(),
  AUTH_PUBLIC_KEY: z.string().optional(),
  AUTH_ISSUER: texts('issuers, as tokens have them in iss, with commas between')
    .refine(
      (issuers) => !issuers.includes(ownIssuer),
      `another issuer than ${ownIssuer}, which is that of Parley itself`,
    )
    .optional(),
  AUTH_AUDIENCE: texts('audiences, as tokens have them in aud, with commas between').optional(),
  AUTH_AUTHORIZED_PARTY: texts('origins or client ids, as tokens have them in azp, with commas between').optional(),
  AUTH_ALGORITHMS: texts(`some of ${algorithms.join(', ')}`)
    .refine((values) => values.every((value) => algorithms.includes(value)), `some of ${algorithms.join(', ')}`)
    .default(['RS256', 'ES256', 'EdDSA']),
  AUTH_CLAIM_ID: claim.default('sub'),
  AUTH_CLAIM_SESSION: claim.default('sid'),
  AUTH_CLAIM_HANDLE: claim.default('preferred_username'),
  AUTH_CLAIM_NAME: claim.default('name'),
  AUTH_CLAIM_AVATAR: claim.default('picture'),
  AUTH_CLAIM_ROLE: claim.optional(),
  AUTH_ROLES: z
    .string()
    .transform((value, context) => {
      const map = rolesOf(value)
      if (map) return map
      context.addIssue({ code: 'custom', message: 'like admin=ADMIN,agent=STAFF with USER, STAFF or ADMIN' })
      return z.NEVER
    })
    .default({ STAFF: 'STAFF', ADMIN: 'ADMIN' }),
}

type Read = z.output<z.ZodObject<typeof identitySettings>>

const authNames = Object.keys(identitySettings).filter((name) => name.startsWith('AUTH_'))

/** Why these settings cannot be used together, in a line; null when they can. */
export function identityFault(read: Read, given: Readonly<Record<string, unknown>>): string | null {
  const sources = (['AUTH_JWKS_URL', 'AUTH_PUBLIC_KEY'] as const).filter((name) => read[name] !== undefined)
  const [source] = sources
  if (source === undefined) {
    const stray = authNames.find((name) => given[name] !== undefined)
    if (stray === undefined && (read.ACCOUNTS ?? 'builtin') === 'builtin') return null
    return `AUTH_JWKS_URL or AUTH_PUBLIC_KEY must be set, as ${stray ?? 'ACCOUNTS'} is: without keys no token can be checked.`
  }
  if (sources.length > 1) return `Only one of ${sources.join(' and ')} must be set.`
  if (read.ACCOUNTS === 'builtin') return `ACCOUNTS must be external or both, as ${source} is set.`
  if (read.AUTH_ISSUER === undefined)
    return `AUTH_ISSUER must be set, as ${source} is: the issuer that tokens name in iss.`
  return source === 'AUTH_JWKS_URL' ? null : keyFault(source, read)
}

const typeOf: Readonly<Record<string, RegExp>> = {
  rsa: /^(RS|PS)/,
  'rsa-pss': /^PS/,
  ec: /^ES/,
  ed25519: /^Ed/,
}

function keyFault(source: string, read: Read): string | null {
  let keys: KeyObject[]
  try {
    keys = keysOf(pemOf(read))
  } catch (error) {
    return `${source} cannot be used: ${error instanceof Error ? error.message : String(error)}.`
  }
  for (const { asymmetricKeyType, asymmetricKeyDetails } of keys) {
    const suits = typeOf[asymmetricKeyType ?? '']
    if (!suits || !read.AUTH_ALGORITHMS.some((algorithm) => suits.test(algorithm))) {
      return `${source} is a key of the type ${asymmetricKeyType ?? 'unknown'}, which none of ${read.AUTH_ALGORITHMS.join(', ')} (AUTH_ALGORITHMS) uses.`
    }
    const bits = asymmetricKeyDetails?.modulusLength
    if (bits !== undefined && bits < leastRsaBits) return `${source} must have ${String(leastRsaBits)} bits or more.`
  }
  return null
}

/** Line ends may be written as \n, as in files that have a variable in each line. */
const pemOf = (read: Read): string => (read.AUTH_PUBLIC_KEY ?? '').replaceAll('\\n', '\n')

/** Several at once while one key takes the place of another. */
function keysOf(pem: string): KeyObject[] {
  const blocks = pem.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g) ?? []
  if (blocks.length === 0) throw new Error('it is no PEM, like -----BEGIN PUBLIC KEY-----')
  if (blocks.some((block) => block.includes('PRIVATE KEY'))) {
    throw new Error('it is a private key, which nobody but the issuer may have')
  }
  return blocks.map((block) => createPublicKey(block))
}

export function identityOf(read: Read) {
  const { AUTH_JWKS_URL: jwksUrl, AUTH_ISSUER: issuers } = read
  const pem = pemOf(read)
  const isOff = issuers === undefined || (jwksUrl === undefined && pem === '')
  return Object.freeze({
    /** Whether people can register and log in here. */
    builtin: read.ACCOUNTS !== 'external',
    /** Tokens of the embedding product. Null: none are taken. */
    outside: isOff
      ? null
      : Object.freeze({
          jwksUrl: jwksUrl ?? null,
          /** In place of the address: public keys as JWK. */
          keys: Object.freeze(jwksUrl === undefined ? keysOf(pem).map((key) => key.export({ format: 'jwk' })) : []),
          issuers: Object.freeze(issuers),
          /** Null: any. */
          audiences: read.AUTH_AUDIENCE ? Object.freeze(read.AUTH_AUDIENCE) : null,
          authorizedParties: read.AUTH_AUTHORIZED_PARTY ? Object.freeze(read.AUTH_AUTHORIZED_PARTY) : null,
          algorithms: Object.freeze(read.AUTH_ALGORITHMS),
          claims: Object.freeze({
            id: read.AUTH_CLAIM_ID,
            session: read.AUTH_CLAIM_SESSION,
            handle: read.AUTH_CLAIM_HANDLE,
            name: read.AUTH_CLAIM_NAME,
            avatar: read.AUTH_CLAIM_AVATAR,
            /** Null: tokens do not say it. */
            role: read.AUTH_CLAIM_ROLE ?? null,
          }),
          roles: Object.freeze(read.AUTH_ROLES),
        }),
  })
}
