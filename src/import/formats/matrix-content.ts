import type { ImportedAttachment } from '../model.ts'
import type { Source } from '../source/source.ts'
import { fieldsIn, fieldsOf, isFields, numberOf, textOf, textsOf, type Fields } from '../source/values.ts'
import { folderOf } from './reader.ts'

export interface Relation {
  type: string | null
  target: string | null
  /** What it answers: in a thread the root, unless it is a reply to another message there. */
  replyTo: string | null
}

export function relationOf(event: Fields): Relation {
  const relation = fieldsOf(fieldsOf(event.content)['m.relates_to'])
  const type = textOf(relation.rel_type)
  const target = textOf(relation.event_id)
  const answered = textOf(fieldsOf(relation['m.in_reply_to']).event_id)
  const isInThread = type === 'm.thread'
  const isForOldClients = isInThread && (relation.is_falling_back === true || answered === null)
  return { type, target, replyTo: isForOldClients ? target : answered }
}

const fileTypes = new Set(['m.image', 'm.file', 'm.audio', 'm.video'])

export const isFileMessage = (type: string, content: Fields) =>
  type === 'm.sticker' || fileTypes.has(textOf(content.msgtype) ?? '')

/** Old clients put the quoted words before the text of a reply. */
function withoutQuote(body: string): string {
  if (!/^> (\* )?</.test(body)) return body
  const lines = body.split('\n')
  const end = lines.findIndex((line) => !line.startsWith('> '))
  if (end < 0) return ''
  return lines.slice(lines[end] === '' ? end + 1 : end).join('\n')
}

/** Stable and unstable names of the extensible events. */
const worded = (value: unknown): string | null =>
  typeof value === 'string'
    ? value
    : (textOf(fieldsOf(value)['org.matrix.msc1767.text']) ??
      textOf(fieldsOf(value).body) ??
      fieldsIn(fieldsOf(value)['m.text']).flatMap(({ body }) => textOf(body) ?? [])[0] ??
      null)

export function matrixText(type: string, content: Fields, isReply: boolean): string {
  const poll = content['org.matrix.msc3381.poll.start'] ?? content['m.poll'] ?? content['m.poll.start']
  if (isFields(poll)) return worded(poll.question) ?? worded(content) ?? ''
  const body = textOf(content.body) ?? ''
  if (isFileMessage(type, content)) {
    const name = textOf(content.filename)
    return name !== null && name !== body ? (isReply ? withoutQuote(body) : body) : ''
  }
  const said = isReply ? withoutQuote(body) : body
  return content.msgtype === 'm.emote' && said !== '' ? `/me ${said}` : said
}

const linkedPerson = /href="https:\/\/matrix\.to\/#\/((?:@|%40)[^"/?]+)"/g

/** Before there was a field for it, a mention was a link to the person; a quoted message links to its author too. */
export function mentionsIn(content: Fields): string[] {
  if ('m.mentions' in content) return textsOf(fieldsOf(content['m.mentions']).user_ids)
  const html = (textOf(content.formatted_body) ?? '').replace(/<mx-reply>[^]*?<\/mx-reply>/g, '')
  return [...html.matchAll(linkedPerson)].map(([, id = '']) => id.replace(/%40/g, '@').replace(/%3A/gi, ':'))
}

const folders = ['images/', 'files/', 'videos/', 'audio/', 'stickers/']

export interface MatrixFiles {
  attachmentOf: (content: Fields, sentAtMs: number) => ImportedAttachment
}

/** Element puts files in folders by kind, each with the date before the ending, in the words of whoever exported. */
export function createMatrixFiles(path: string, source: Source): MatrixFiles {
  const root = folderOf(path)
  const exported = [...source.files.keys()].filter((file) => folders.some((folder) => file.startsWith(root + folder)))
  const taken = new Set<string>()
  const pad = (value: number) => String(value).padStart(2, '0')

  function pathOf(name: string, sentAtMs: number): string | undefined {
    const dot = name.lastIndexOf('.')
    const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
    const candidates = exported.filter((file) => {
      const own = file.slice(file.indexOf('/', root.length) + 1)
      if (taken.has(file)) return false
      // Stickers and voice messages get another ending.
      return own === name || (own.startsWith(`${stem}-`) && (own.endsWith(ending) || /\.(png|ogg)$/.test(own)))
    })
    const at = new Date(sentAtMs)
    // The zone is that of the exporting machine: minutes and seconds are the same in nearly all of them.
    const moment = new RegExp(`${pad(at.getUTCMinutes())}\\D${pad(at.getUTCSeconds())}`)
    return candidates.find((file) => moment.test(file)) ?? candidates[0]
  }

  return {
    attachmentOf(content, sentAtMs) {
      const name = textOf(content.filename) ?? textOf(content.body)
      const info = fieldsOf(content.info)
      const known = { name, mime: textOf(info.mimetype), byteSize: numberOf(info.size) }
      const found = name === null ? undefined : pathOf(name.normalize('NFC'), sentAtMs)
      if (found !== undefined) {
        taken.add(found)
        return { ...known, ref: found, missing: null }
      }
      const ref = textOf(content.url) ?? textOf(fieldsOf(content.file).url)
      return { ...known, ref, missing: exported.length > 0 ? 'NOT_IN_EXPORT' : 'REMOTE' }
    },
  }
}
