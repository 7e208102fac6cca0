import { v7 } from 'uuid'

/** Ids sort by the time they were made, which keeps indexes compact. */
export const newId = (): string => v7()

/** Before all ids, for who goes through them in their order. */
export const firstId = '00000000-0000-0000-0000-000000000000'

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export const isUuid = (text: string): boolean => uuidShape.test(text)

/** Only ASCII is put in lower case: for JavaScript a Kelvin sign is a capital k too. */
export const toHandle = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** In lower case: handles ignore case. */
export const isHandle = (text: string): boolean => /^[a-z0-9_.]{3,32}$/.test(text)

/**
 * Null unless the text is exactly as we write it: Node also accepts the other alphabet, padding, spaces and stray last
 * bits.
 */
export function fromBase64url(text: string): string | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes.toString() : null
}
