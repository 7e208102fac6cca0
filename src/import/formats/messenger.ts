// Facebook's download of Messenger: message_1.json is the newest part of a thread, and each is newest first. End-to-end
// encrypted chats are a download of their own, with other keys. There are no ids: people are their names.
import type { Collector } from '../collector.ts'
import type { ImportedAttachment, ImportedReaction, Place } from '../model.ts'
import { fieldsIn, fieldsOf, isFields, listOf, numberOf, textOf, type Fields } from '../source/values.ts'
import { hashOf, KeyTable } from '../spool/key-table.ts'
import { mendMojibake } from '../text/mojibake.ts'
import { baseName, folderOf, jsonHeadsOf, messagesIn, readMessages, type Opened, type Reader } from './reader.ts'

const partFile = /^message_(\d+)\.json$/
const isThread = (head: string) => /"participants"\s*:\s*\[/.test(head) && !/"guild"\s*:/.test(head)

export const messenger: Reader = {
  format: 'messenger',
  async recognise(opened) {
    return [...(await jsonHeadsOf(opened, Infinity))].some(
      ([path, head]) => isThread(head) && (partFile.test(baseName(path)) || /"threadName"\s*:/.test(head)),
    )
  },

  async read(opened, collector) {
    const parts = new Map<string, { path: string; part: number }[]>()
    for (const [path, head] of await jsonHeadsOf(opened, Infinity)) {
      if (!isThread(head)) continue
      const part = partFile.exec(baseName(path))?.[1]
      const thread = part === undefined ? path.replace(/\.json$/i, '') : folderOf(path)
      parts.set(thread, [...(parts.get(thread) ?? []), { path, part: Number(part ?? 1) }])
    }
    for (const [thread, files] of parts) {
      files.sort((a, b) => a.part - b.part)
      await readThread(
        thread,
        files.map(({ path }) => path),
        opened,
        collector,
      )
    }
  },
}

const said = (value: unknown) => {
  const text = textOf(value)
  return text === null ? null : mendMojibake(text)
}

/** One row, under the names that the usual download has. */
const usual = (row: Fields): Fields =>
  'senderName' in row || 'timestamp' in row
    ? {
        ...{ sender_name: row.senderName, timestamp_ms: row.timestamp, content: row.text, is_unsent: row.isUnsent },
        ...{ files: row.media, reactions: row.reactions, type: row.type },
      }
    : row

interface Found {
  row: Fields
  place: Place
}

async function readThread(thread: string, paths: string[], opened: Opened, collector: Collector): Promise<void> {
  const found: Found[] = []
  let head: Fields | undefined
  for (const path of paths) {
    const file = opened.source.files.get(path)
    const content = file && (await readMessages(file, opened, collector))
    if (!isFields(content)) continue
    head ??= content
    for (const { row, entry } of messagesIn(content.messages, path, collector))
      found.push({ row: usual(row), place: { file: path, entry } })
  }
  if (!head) return
  const key = said(head.thread_path) ?? thread.replace(/\/$/, '')
  const names = listOf(head.participants).flatMap((person) => said(isFields(person) ? person.name : person) ?? [])
  const members = [...new Set(names)]
  if (members.length < names.length)
    collector.warn(`${key}: people of the same name cannot be told apart`, { file: paths[0] ?? thread })
  const isGroup = head.thread_type === 'RegularGroup' || 'joinable_mode' in head || names.length > 2
  const kind = isGroup ? 'GROUP' : names.length === 2 ? 'DIRECT' : names.length === 1 ? 'SELF' : 'GROUP'
  const title = kind === 'GROUP' ? (said(head.title) ?? said(head.threadName)) : null
  for (const name of members) collector.person(name, { name })
  const archived = /(^|\/)archived_threads\//.test(`${key}/${paths[0] ?? ''}`)
  collector.conversation({ key, kind, title, private: true, archived, members })
  // The newest is first: within one millisecond the last of the file was the first.
  found.reverse()
  const timeOf = ({ row }: Found) => numberOf(row.timestamp_ms) ?? Number.NaN
  const order = found.map((entry, index) => ({ ...entry, index }))
  order.sort((a, b) => timeOf(a) - timeOf(b) || a.index - b.index)
  const repeats = new KeyTable()
  for (const { row, place, index } of order) {
    const author = said(row.sender_name)
    const base = `${key}:${numberOf(row.timestamp_ms) ?? ''}:${author ?? ''}`
    const hash = hashOf(base)
    const count = (repeats.get(hash) ?? 0) + 1
    repeats.set(hash, count)
    const entry = { key: count === 1 ? base : `${base}#${count}`, author, index, conversation: key }
    addMessage(row, entry, place, opened, collector)
  }
}

interface Entry {
  key: string
  author: string | null
  index: number
  conversation: string
}

function addMessage(row: Fields, entry: Entry, place: Place, opened: Opened, collector: Collector): void {
  const { key, author, index, conversation } = entry
  const type = textOf(row.type)
  if (type === 'Subscribe' || type === 'Unsubscribe') {
    collector.skip(key, 'SYSTEM', place)
    return
  }
  if (typeof row.call_duration === 'number' || type?.toLowerCase() === 'call') {
    collector.skip(key, 'CALL', place)
    return
  }
  if (author === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  const sentAtMs = numberOf(row.timestamp_ms) ?? Number.NaN
  const base = { key, author, sentAtMs: Math.floor(sentAtMs), order: [sentAtMs, index] }
  const add = () => {
    collector.person(author, { name: author })
    collector.member(conversation, author)
  }
  if (row.is_unsent === true) {
    add()
    collector.message(conversation, { ...base, text: null, deleted: true }, place)
    return
  }
  const attachments = filesOf(row, folderOf(place.file), opened)
  const link = said(fieldsOf(row.share).link)
  const content = said(row.content) ?? ''
  const words = link === null || content.includes(link) ? [content] : [content, link]
  const text = words.filter((part) => part !== '').join('\n')
  if (text === '' && attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  add()
  collector.message(conversation, { ...base, text, attachments, reactions: reactionsOf(row, collector) }, place)
}

function filesOf(row: Fields, folder: string, { source }: Opened): ImportedAttachment[] {
  const lists = [row.photos, row.videos, row.audio_files, row.gifs, row.files].flatMap(fieldsIn)
  return [...lists, ...(isFields(row.sticker) ? [row.sticker] : [])].flatMap((file): ImportedAttachment[] => {
    const ref = said(file.uri)
    if (ref === null) return []
    const plain = ref.replace(/^\.\//, '').normalize('NFC')
    // From the root of the download, which may itself be in a folder; in the encrypted download beside the file.
    const above = folder.split('/').map((_, depth, steps) => steps.slice(0, depth).join('/'))
    const path = ['', ...above.map((step) => (step === '' ? '' : `${step}/`)), folder]
      .map((prefix) => prefix + plain)
      .find((candidate) => source.files.has(candidate))
    const found = { name: baseName(plain), mime: null, byteSize: null, ref }
    if (/^https?:/i.test(ref)) return [{ ...found, missing: 'REMOTE' }]
    return [path === undefined ? { ...found, missing: 'NOT_IN_EXPORT' } : { ...found, missing: null, path }]
  })
}

function reactionsOf(row: Fields, collector: Collector): ImportedReaction[] {
  const byEmoji = new Map<string, Set<string>>()
  for (const reaction of fieldsIn(row.reactions)) {
    const [emoji, actor] = [said(reaction.reaction), said(reaction.actor)]
    if (emoji === null || actor === null) continue
    byEmoji.set(emoji, (byEmoji.get(emoji) ?? new Set()).add(actor))
    collector.person(actor, { name: actor })
  }
  return [...byEmoji].map(([emoji, by]) => ({ emoji, by: [...by], count: by.size }))
}
