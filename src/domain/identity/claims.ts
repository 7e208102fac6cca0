import { lineFault, nameFault, showsSomething, trimUnseen } from '../text/shown.ts'
import { isHandle, toHandle } from '../ids.ts'
import { isReservedHandle } from '../people/handles.ts'

export type Role = 'USER' | 'STAFF' | 'ADMIN'

export interface ClaimNames {
  id: string
  session: string
  handle: string
  name: string
  avatar: string
  role: string | null
}

const maxNameLength = 64
const maxAvatarLength = 2_048
const rank: readonly Role[] = ['USER', 'STAFF', 'ADMIN']

type Claims = Readonly<Record<string, unknown>>

/** By its own name, which may have dots in it (https://example.com/roles), or by the way to it: user_metadata.full_name. */
export function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Claims)[part]
  }
  return value
}

/** An id as a text: some products have numbers. Null for what can be none. */
export function idOf(value: unknown, maxLength: number): string | null {
  const text = Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || text === '' || text.length > maxLength) return null
  return text.isWellFormed() && !/\p{Cc}/u.test(text) ? text : null
}

/**
 * A name as people of Parley may have one: what could not be shown is taken out, and what is too long is cut, since nobody should be
 * kept out for their name. Null when nothing is left, or it is none at all.
 */
export function nameOf(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const line = value
    .slice(0, 1_024)
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
  const short = trimUnseen(Array.from(trimUnseen(line)).slice(0, maxNameLength).join(''))
  if (isName(short)) return short
  const plain = trimUnseen(short.replace(/[\p{Cf}\p{Co}\p{Cn}\p{Z}\p{DI}]+/gu, ' ').replace(/(\p{M}{3})\p{M}+/gu, '$1'))
  return isName(plain) ? plain : null
}

const isName = (text: string) =>
  text !== '' && showsSomething(text) && lineFault(text) === null && nameFault(text) === null

/** An address that a browser may load a picture from. Empty: it was taken away. Null: nothing is said of it. */
export function avatarOf(value: unknown): string | null {
  if (value === null || value === '') return ''
  if (typeof value !== 'string' || value.length > maxAvatarLength || !URL.canParse(value)) return null
  const url = new URL(value)
  return url.protocol === 'https:' && url.username === '' && url.href.length <= maxAvatarLength ? url.href : null
}

/** A handle that they may have unless somebody has it; one that is an address of e-mail is cut before its @. */
export function handleOf(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > maxAvatarLength) return null
  const handle = toHandle(value.split('@', 1)[0] ?? '')
  return isHandle(handle) && !isReservedHandle(handle) ? handle : null
}

/** The highest of what the values stand for; USER when they stand for nothing. */
export function roleOf(value: unknown, roles: Readonly<Record<string, Role>>): Role {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  const found = values.map((one) =>
    typeof one === 'string' && Object.hasOwn(roles, one) ? (roles[one] ?? 'USER') : 'USER',
  )
  return rank[Math.max(0, ...found.map((role) => rank.indexOf(role)))] ?? 'USER'
}
