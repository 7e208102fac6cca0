import { z } from 'zod'
import { ValidationError } from '../../domain/errors.ts'
import { isHandle, toHandle } from '../../domain/ids.ts'
import { foldName } from '../../domain/text/fold.ts'
import { lineFault, nameFault, showsSomething, trimUnseen } from '../../domain/text/shown.ts'

/** Checks one argument; `name` is its name for the client, with the path to it if it is nested. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  name: string | readonly string[],
  value: unknown,
): z.infer<Schema> {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const fields = checked.error.issues.map((issue) => ({
    path: [...(typeof name === 'string' ? [name] : name), ...issue.path.map(String)],
    reason: issue.message,
  }))
  throw new ValidationError(fields.map((field) => `${field.path.join('.')}: ${field.reason}`).join(' '), fields)
}

/** Whether the number of code points is in the bounds. PostgreSQL counts characters in the same way. */
function hasLength(text: string, minLength: number, maxLength: number): boolean {
  // A code point takes one or two UTF-16 units: most often that decides.
  if (text.length <= maxLength && text.length >= 2 * minLength) return true
  const { length } = Array.from(text)
  return length >= minLength && length <= maxLength
}

/** Text that PostgreSQL can store and every client can show: no NUL, no half of a surrogate pair. */
const storable = z
  .string()
  .refine((text) => !text.includes('\0'), { message: 'Must not contain the NUL character.', abort: true })
  .refine((text) => text.isWellFormed(), { message: 'Must be well-formed Unicode (no lone surrogates).', abort: true })

/** Lengths are counted in Unicode code points. */
export const within = (minLength: number, maxLength: number) =>
  storable.refine((text) => hasLength(text, minLength, maxLength), {
    message: `Must be ${String(minLength)} to ${String(maxLength)} characters long.`,
    abort: true,
  })

const visible = (schema: z.ZodType<string, string>) =>
  // An empty text is refused by its length.
  schema.refine((text) => text === '' || showsSomething(text), {
    message: 'Must show something: this is made of spaces, controls or other invisible characters alone.',
    abort: true,
  })

const onOneLine = (text: string, context: z.core.$RefinementCtx<string>) => {
  const message = lineFault(text)
  if (message !== null) context.addIssue({ code: 'custom', message, continue: false })
}

/**
 * A name or title: spaces and invisible characters around it are removed, and the rest is checked. Checked once before too,
 * as trimming hides faults.
 */
const line = (maxLength: number) =>
  visible(storable.transform((text) => text.trim()))
    .superRefine(onOneLine)
    .transform(trimUnseen)
    .pipe(within(1, maxLength).superRefine(onOneLine))

export const messageText = visible(within(1, 4000))
/** What one person tells another about a decision. */
export const note = visible(within(1, 1000))
export const title = line(120)
export const displayName = line(64).superRefine((text, context) => {
  const message = nameFault(text)
  if (message !== null) context.addIssue({ code: 'custom', message })
})
/** A name alone: where the file is kept has nothing to do with it, and no client is to be led elsewhere by it. */
export const fileName = line(255).refine((text) => !/[/\\]/.test(text) && text !== '.' && text !== '..', {
  message: 'Must be the name of a file, without / and \\.',
})
export const opKey = within(8, 64)
export const password = within(8, 256)
export const handle = z.string().transform(toHandle).refine(isHandle, {
  message: 'Must be 3 to 32 characters out of a-z, 0-9, _ and . (upper case counts as lower case).',
})
/** The name of a device among those of one person; the client chooses it. */
export const deviceId = within(1, 64)
/** In the same form as names are stored for the search. */
export const searchText = storable
  .transform((text) => text.trim())
  .pipe(within(1, 64))
  .transform(foldName)
  .refine((folded) => folded !== '', { message: 'Must hold a letter, a digit or a sign to search for.' })
/** A number larger than any seq is allowed: it counts as the newest one. */
export const seq = z.number().int().min(0, 'Must be 0 or more.')
export const positiveSeq = z.number().int().min(1, 'Must be 1 or more.')
/** Mark of a StreamCursor. Allows more letters than marks have today, so that they may become longer. */
export const mark = z.string().regex(/^[\w-]{1,16}$/, 'Must be the mark of a StreamCursor, as it was given.')
/** Ids of which each counts once, however often it is given. */
export const distinctIds = (maxLength: number) =>
  z
    .array(z.string())
    .transform((ids) => [...new Set(ids)])
    .refine((ids) => ids.length <= maxLength, `At most ${String(maxLength)} different ids can be given at once.`)
export const idList = (maxLength: number) =>
  z.array(z.string()).max(maxLength, `At most ${String(maxLength)} ids can be given at once.`)
