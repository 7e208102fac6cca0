// Files of others are not trusted to have the types they should have: each value is asked for by its type, and is absent else.

export type Fields = Readonly<Record<string, unknown>>

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})
export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [])
export const fieldsIn = (value: unknown): Fields[] => listOf(value).filter(isFields)

/** A text that is not empty. */
export const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
export const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null

/** Ids are numbers in some files and texts in others of the same kind. */
export const idOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null

export const textsOf = (value: unknown): string[] =>
  listOf(value).flatMap((item) => (typeof item === 'string' && item !== '' ? [item] : []))
