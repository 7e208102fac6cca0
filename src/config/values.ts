import { z } from 'zod'

/* What settings may be. Each message says what is allowed. */

export const integer = (allowed: string, min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, allowed)
    .transform(Number)
    .refine((value) => value >= min && value <= max, allowed)

export const address = (allowed: string, protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), allowed)

export const onOff = z.enum(['on', 'off'], 'on or off').transform((value) => value === 'on')

export const listOf = (value: string) => value.split(',').map((item) => item.trim())

/** An address that paths can be put behind. */
export function isBaseUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, search, hash, pathname } = new URL(value)
  const isBare = [username, password, search, hash].every((part) => part === '') && !value.includes('?')
  return /^https?:$/.test(protocol) && isBare && /^(?:\/[\w.~%@:+-]+)*\/?$/.test(pathname)
}
