// WhatsApp's text file of one chat, as Android and iOS write it in the language of the phone.
import type { Collector } from '../collector.ts'
import { ImportError, type DateOrder, type ImportedAttachment, type Place } from '../model.ts'
import { readHead, readText } from '../source/reading.ts'
import type { Source, SourceFile } from '../source/source.ts'
import { createZonedClock, toUtc } from '../text/times.ts'
import { folderOf, type Opened, type Reader } from './reader.ts'
import { invisible, localTimeOf, parseDatedLine, provenOrder, type DatedLine } from './whatsapp-lines.ts'
import * as known from './whatsapp-words.ts'

/** What is no typed text stands behind U+200E, alone in its line or after what was typed with it. */
const marked = /^([^]*?)\u200E([^\n]+)([^]*)$/u

async function chatFileOf({ source }: Opened): Promise<SourceFile | undefined> {
  const texts = [...source.files.values()].filter(({ path }) => /\.txt$/i.test(path))
  const likely = (path: string) => (/(^|\/)(_chat|WhatsApp Chat[^/]*)\.txt$/i.test(path) ? 0 : 1)
  for (const file of texts.sort((a, b) => likely(a.path) - likely(b.path)).slice(0, 50)) {
    const lines = (await readHead(file)).split('\n').slice(0, 20)
    if (lines.some((line) => parseDatedLine(line) !== null)) return file
  }
  return undefined
}

export const whatsapp: Reader = {
  format: 'whatsapp',
  recognise: async (opened) => (await chatFileOf(opened)) !== undefined,

  async read(opened, collector) {
    const file = await chatFileOf(opened)
    if (!file) return
    const { kind = 'GROUP', title = null, timeZone } = collector.options
    if (timeZone === undefined)
      throw new ImportError(`${file.path} has local times: say in which zone they are, as --time-zone Europe/Berlin.`)
    const entries = split(await readText(file, opened.limits))
    const order = orderOf(
      entries.map(({ dated }) => dated),
      collector.options.dateOrder,
      file.path,
    )
    // Every chat has the same key: it is told by its title, or by the name of its file.
    collector.from(title ?? file.path)
    collector.conversation({ key: 'chat', kind, title, private: true })
    const clock = createZonedClock(timeZone)
    const kept = mergeUndated(entries, order)
    if (kept[0] && kept[0].line > 1)
      collector.warn(`What stands before line ${kept[0].line} has no date.`, { file: file.path, entry: 1 })
    for (const [index, { dated, line, text }] of kept.entries()) {
      const sentAtMs = clock.next(localTimeOf(dated, order)) ?? Number.NaN
      const place = { file: file.path, entry: line }
      addEntry(
        { key: `line:${index + 1}`, sentAtMs, index, text, isYearFirst: dated.isYearFirst },
        place,
        file,
        opened.source,
        collector,
      )
    }
  },
}

interface Entry {
  dated: DatedLine
  /** Number of its first line, from 1 on. */
  line: number
  /** What follows the time, over all of its lines. */
  text: string
}

function split(content: string): Entry[] {
  const entries: Entry[] = []
  const lines = content.replace(/^\uFEFF/, '').split(/\r\n|\n/)
  if (lines.at(-1) === '') lines.pop()
  for (const [index, line] of lines.entries()) {
    const dated = parseDatedLine(line)
    const last = entries.at(-1)
    if (dated) entries.push({ dated, line: index + 1, text: dated.rest })
    else if (last) last.text += `\n${line}`
  }
  return entries
}

function orderOf(lines: DatedLine[], told: DateOrder | undefined, path: string): DateOrder {
  const proven = provenOrder(lines)
  const order = told ?? proven
  if (order === null)
    throw new ImportError(
      `${path} does not tell a day from a month: say which comes first, as --date-order DMY or MDY.`,
    )
  const isPossible = (line: DatedLine) => toUtc(localTimeOf(line, order)) !== null
  const [first] = lines
  if (first && !isPossible(first))
    throw new ImportError(`${path}: ${first.parts.join('/')} is no date by --date-order ${order}.`)
  return order
}

/** What looks like a date and is none belongs to the text before it. */
function mergeUndated(entries: Entry[], order: DateOrder): Entry[] {
  const kept: Entry[] = []
  for (const entry of entries) {
    const last = kept.at(-1)
    if (last && toUtc(localTimeOf(entry.dated, order)) === null)
      last.text += `\n${entry.dated.parts.join('/')} ${entry.text}`
    else kept.push(entry)
  }
  return kept
}

const firstColon = /^([^\n]*?):(?: |\u00A0|\u200E|$|\n)/
/** Where the year stands first, the colon can be a wide one, and have no blank behind it; that of an address is none. */
const tightColon = /^([^\n]*?)(?:：|:(?![\d/]))/

/** On Android a notice has no name; one that quotes a subject with a colon seems to have one. */
function nameOf(text: string, isYearFirst: boolean): string | null {
  const colon = firstColon.exec(text) ?? (isYearFirst ? tightColon.exec(text) : null)
  const name = colon?.[1]
  if (name === undefined || name.replace(invisible, '').trim() === '') return null
  const straight = name.split('"').length - 1
  const opening = (name.match(/[“„«]/g) ?? []).length
  const closing = (name.match(/[”»]/g) ?? []).length
  return straight % 2 === 1 || opening > closing ? null : name
}

interface Said {
  key: string
  sentAtMs: number
  index: number
  text: string
  isYearFirst: boolean
}

function addEntry(said: Said, place: Place, file: SourceFile, source: Source, collector: Collector): void {
  const { key, sentAtMs, index } = said
  const name = nameOf(said.text, said.isYearFirst)
  const notice = (text: string) => collector.skip(key, known.callWords.test(text) ? 'CALL' : 'SYSTEM', place)
  if (name === null) {
    notice(said.text.replace(invisible, ''))
    return
  }
  const author = name.replace(invisible, '').trim()
  const typed = said.text.slice(name.length + 1).replace(/^[ \u00A0]/, '')
  const hasMark = typed.startsWith('\u200E')
  const words = typed.replace(/^[\u200E\u200F]+/, '')
  const { title, kind } = collector.options
  if (author === title && kind !== 'DIRECT') {
    notice(words)
    return
  }
  // Only what is not typed has the mark; on Android some of these have none.
  if (known.callWords.test(words) && hasMark) {
    collector.skip(key, 'CALL', place)
    return
  }
  if (known.waiting.test(words)) {
    collector.skip(key, 'UNDECRYPTABLE', place)
    return
  }
  const base = { key, author, sentAtMs, order: [index] }
  if (known.deletedWords.test(words.trim())) {
    collector.person(author, { name: author })
    collector.member('chat', author)
    collector.message('chat', { ...base, text: null, deleted: true }, place)
    return
  }
  const edited = known.editedMark.test(words)
  const content = contentOf(typed.replace(known.editedMark, ''), folderOf(file.path), source)
  if (hasMark && content.attachments.length === 0 && !edited && !known.saidWithMark.test(words)) {
    notice(words)
    return
  }
  if (content.text === '' && content.attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  collector.person(author, { name: author })
  collector.member('chat', author)
  collector.message('chat', { ...base, ...content, edited }, place)
}

interface Content {
  text: string
  attachments: ImportedAttachment[]
}

/** Files stand alone in the first line on Android, and on iOS behind U+200E after what was typed with them. */
function contentOf(typed: string, folder: string, source: Source): Content {
  const nameless: ImportedAttachment = { name: null, mime: null, byteSize: null, ref: null, missing: 'NOT_IN_EXPORT' }
  const named = (name: string): ImportedAttachment => {
    const path = `${folder}${name}`.normalize('NFC')
    const found = { ...nameless, name, ref: name }
    return source.files.has(path) ? { ...found, missing: null, path } : found
  }
  const [, before = '', mark = '', after = ''] = marked.exec(typed) ?? []
  const caption = [before, after]
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('\n')
  const words = mark.replace(invisible, '').trim()
  const name = known.attachedMarked.exec(words)?.[1]
  if (name !== undefined) return { text: caption, attachments: [named(name)] }
  if (known.omittedMarked.test(words))
    return { text: caption, attachments: [{ ...nameless, name: known.omittedNamed.exec(words)?.[1] ?? null }] }
  const [line = '', ...rest] = typed.split('\n')
  const first = line.replace(invisible, '').trim()
  const file = known.fileAttached.exec(first)?.[1] ?? known.fileAttachedByName.exec(line.trim())?.[1]
  if (file !== undefined) return { text: rest.join('\n'), attachments: [named(file.replace(invisible, ''))] }
  if (known.omittedWhole.test(first) || known.omittedWords.test(first))
    return { text: rest.join('\n'), attachments: [nameless] }
  return { text: typed.replace(/^[\u200E\u200F]+/, '').replace(/^\u200E+/gm, ''), attachments: [] }
}
