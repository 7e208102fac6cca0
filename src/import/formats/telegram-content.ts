import type { ImportedAttachment, MissingReason } from '../model.ts'
import type { Source } from '../source/source.ts'
import { fieldsOf, isFields, listOf, numberOf, textOf, type Fields } from '../source/values.ts'
import { baseName } from './reader.ts'

/** A text, or a list of texts and objects. */
function plain(value: unknown): string {
  if (typeof value === 'string') return value
  return listOf(value)
    .map((part) => {
      if (typeof part === 'string') return part
      const { text, type, href } = fieldsOf(part)
      const words = typeof text === 'string' ? text : ''
      return type === 'text_link' && typeof href === 'string' && href !== words ? `${words} (${href})` : words
    })
    .join('')
}

/** Messages that are something else than words: what can be said of them in words. */
export function telegramText(row: Fields): string {
  const text = plain(row.text) || plain(row.text_entities)
  if (text !== '') return text
  const place = fieldsOf(row.location_information)
  const contact = fieldsOf(row.contact_information)
  const words = [
    plain(fieldsOf(row.poll).question),
    ...[textOf(row.place_name), textOf(row.address)],
    isFields(row.location_information)
      ? `${numberOf(place.latitude) ?? '?'}, ${numberOf(place.longitude) ?? '?'}`
      : null,
    ...[textOf(contact.first_name), textOf(contact.last_name), textOf(contact.phone_number)],
    ...[textOf(row.game_title), textOf(fieldsOf(row.invoice_information).title), textOf(fieldsOf(row.todo_list).title)],
    textOf(fieldsOf(row.dice).emoji),
  ]
  return words.filter((part) => part !== null && part !== '').join('\n')
}

/** What Telegram writes instead of a path; a name may stand before it. */
const sentences: [RegExp, MissingReason][] = [
  [/\s*\(File not included[^()]*\)$/, 'NOT_IN_EXPORT'],
  [/\s*\(File exceeds maximum size[^()]*\)$/, 'TOO_LARGE'],
  [/\s*\(File unavailable[^()]*\)$/, 'UNAVAILABLE'],
]

export function telegramFiles(row: Fields, folder: string, source: Source): ImportedAttachment[] {
  const found: ImportedAttachment[] = []
  for (const [field, size] of [
    ['photo', 'photo_file_size'],
    ['file', 'file_size'],
  ] as const) {
    const value = textOf(row[field])
    if (value === null) continue
    const isFile = field === 'file'
    const mime = isFile ? textOf(row.mime_type) : null
    const fileName = isFile ? textOf(row.file_name) : null
    const byteSize = numberOf(row[size])
    const sentence = sentences.find(([pattern]) => pattern.test(value))
    if (sentence) {
      const name = fileName ?? textOf(baseName(value.replace(sentence[0], '')))
      found.push({ name, mime, byteSize, ref: null, missing: sentence[1] })
      continue
    }
    const path = `${folder}${value}`.normalize('NFC')
    const isThere = source.files.has(path)
    found.push({
      ...{ name: fileName ?? baseName(value), mime, byteSize, ref: value },
      ...(isThere ? { missing: null, path } : { missing: 'NOT_IN_EXPORT' }),
    })
  }
  return found
}
