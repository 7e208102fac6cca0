import { ValidationError } from './errors.ts'
import { fromBase64url } from './ids.ts'

/** Arguments of a Relay connection, as the client gave them. */
export interface PageArgs {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
}

export interface PageLimits {
  defaultSize: number
  maxSize: number
}

/** A checked page request. `backward` counts from the end; rows still come in the connection's order. */
export interface Page {
  size: number
  backward: boolean
  after: string | null
  before: string | null
}

export interface PageOf<Row> {
  rows: Row[]
  /** Computed only when requested: most operations ask for the last row's cursor alone. */
  cursorOf: (row: Row) => string
  hasNextPage: HasMore
  hasPreviousPage: HasMore
}

/** Whether there are more rows; called only when a client asks. */
export type HasMore = () => boolean | Promise<boolean>

/** `whenNeither`: the end from which to count when neither `first` nor `last` is given. */
export function checkPage(args: PageArgs, limits: PageLimits, whenNeither: 'first' | 'last' = 'first'): Page {
  const { first, last } = args
  if (first != null && last != null) {
    throw new ValidationError('Give `first` or `last`, not both.', [
      { path: ['last'], reason: 'not together with first' },
    ])
  }
  for (const [name, value] of Object.entries({ first, last })) {
    if (value != null && (value < 0 || value > limits.maxSize)) {
      const message = `\`${name}\` must be from 0 to ${String(limits.maxSize)}, not ${String(value)}.`
      throw new ValidationError(message, [{ path: [name], reason: message }])
    }
  }
  return {
    size: first ?? last ?? limits.defaultSize,
    backward: last != null || (first == null && whenNeither === 'last'),
    after: args.after ?? null,
    before: args.before ?? null,
  }
}

/** Cursors are opaque to clients: a kind, so that a cursor of another list is refused, and the row's place. */
export function encodeCursor(kind: string, parts: readonly (string | number | boolean)[]): string {
  return Buffer.from(JSON.stringify([kind, ...parts])).toString('base64url')
}

export function decodeCursor<T>(
  kind: string,
  argument: string,
  cursor: string,
  check: (parts: unknown[]) => T | null,
): T {
  let parts: T | null = null
  try {
    const decoded: unknown = JSON.parse(fromBase64url(cursor) ?? '')
    if (Array.isArray(decoded) && decoded[0] === kind) parts = check(decoded.slice(1))
  } catch {
    // Not a cursor of ours; refused below.
  }
  if (parts === null) {
    const message = `\`${argument}\` is not a cursor of this list. Use pageInfo.endCursor or an edge's cursor.`
    throw new ValidationError(message, [{ path: [argument], reason: message }])
  }
  return parts
}

const endOfYear9999Ms = 253_402_300_799_999

/** Whether a part of a cursor is a time that Date and PostgreSQL can both hold. */
export const isMomentMs = (part: unknown): part is number =>
  Number.isSafeInteger(part) && (part as number) >= 0 && (part as number) <= endOfYear9999Ms

/**
 * Removes the extra row that was read to see whether there are more, and reverses rows that were read backwards. `isBehind`
 * tells whether there is a row at the cursor from which the page was read, or on the other side of it: the cursor's own row
 * may be gone.
 */
export function toPage<Row>(rows: Row[], page: Page, cursorOf: (row: Row) => string, isBehind: HasMore): PageOf<Row> {
  const hasMore = () => rows.length > page.size
  const none = () => false
  const kept = rows.slice(0, page.size)
  if (page.backward) kept.reverse()
  return {
    rows: kept,
    cursorOf,
    hasNextPage: !page.backward ? hasMore : page.before === null ? none : isBehind,
    hasPreviousPage: page.backward ? hasMore : page.after === null ? none : isBehind,
  }
}
