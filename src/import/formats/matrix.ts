// Matrix events of a room: Element's export, with or without files, and raw dumps of other tools.
import type { Collector } from '../collector.ts'
import type { ImportedReaction, Place, SkipReason } from '../model.ts'
import { fieldsOf, isFields, numberOf, textOf, textsOf, type Fields } from '../source/values.ts'
import { jsonHeadsOf, readRows, type LongFile, type Opened, type Reader } from './reader.ts'
import {
  createMatrixFiles,
  isFileMessage,
  matrixText,
  mentionsIn,
  relationOf,
  type MatrixFiles,
} from './matrix-content.ts'

const isExport = (head: string) => /"event_id"\s*:\s*"\$/.test(head) || /"(room_creator|exported_by)"\s*:/.test(head)

export const matrix: Reader = {
  format: 'matrix',
  recognise: async (opened) => [...(await jsonHeadsOf(opened)).values()].some(isExport),

  async read(opened, collector) {
    for (const [path, head] of await jsonHeadsOf(opened)) {
      const file = isExport(head) ? opened.source.files.get(path) : undefined
      if (!file) continue
      const read = await readRows(file, opened, collector, ['messages', 'chunk', 'events'])
      if (read) await readRoom({ title: textOf(read.head.room_name), path, events: read.rows, opened, collector })
    }
  },
}

interface Room {
  title: string | null
  path: string
  /** In order, as often as they are needed. */
  events: LongFile['rows']
  opened: Opened
  collector: Collector
}

interface Edit {
  content: Fields
  atMs: number | null
}

interface Around {
  collector: Collector
  files: MatrixFiles
  /** What edits, reactions and redactions that are events of their own say of other events. */
  edits: Map<string, Edit>
  reactions: Map<string, ImportedReaction[]>
  redacted: Set<string>
  /** Who sent each event. */
  senders: Map<string, string>
  /** The name under which each person last joined. */
  names: Map<string, string>
}

const bare = (emoji: string) => emoji.replaceAll('\uFE0F', '')

const keyOf = (event: Fields, place: Place) => textOf(event.event_id) ?? `${place.file}:${place.entry}`

async function readRoom({ title, path, events, opened, collector }: Room): Promise<void> {
  const { rooms, ...around } = await gather(events, collector)
  const { title: told, kind = 'GROUP' } = collector.options
  const shown = kind === 'GROUP' ? (told ?? title) : (told ?? null)
  const [only = path] = rooms
  for (const key of rooms.size === 0 ? [path] : rooms)
    collector.conversation({ key, kind, title: shown, private: true })
  const files = createMatrixFiles(path, opened.source)
  for await (const { row: event, entry } of events()) {
    if (event.type === 'm.room.pinned_events')
      collector.pinOnly(
        textOf(event.room_id) ?? only,
        textsOf(fieldsOf(event.content).pinned),
        numberOf(event.origin_server_ts),
      )
    addEvent(event, textOf(event.room_id) ?? only, entry, { file: path, entry }, { ...around, collector, files })
  }
}

/** A look at all events before they are taken in order. */
async function gather(events: LongFile['rows'], collector: Collector) {
  const rooms = new Set<string>()
  const names = new Map<string, string>()
  const senders = new Map<string, string>()
  const edits = new Map<string, Edit>()
  const reactions = new Map<string, ImportedReaction[]>()
  const redacted = new Set<string>()
  for await (const { row: event } of events(false)) {
    const room = textOf(event.room_id)
    if (room !== null) rooms.add(room)
    const [id, sender] = [textOf(event.event_id), textOf(event.sender)]
    if (id !== null && sender !== null) senders.set(id, sender)
    const name = textOf(fieldsOf(event.content).displayname)
    const whose = textOf(event.state_key)
    if (event.type === 'm.room.member' && name !== null && whose !== null) names.set(whose, name)
    const target = textOf(event.redacts) ?? textOf(fieldsOf(event.content).redacts)
    if (event.type === 'm.room.redaction' && target !== null) redacted.add(target)
  }
  for await (const { row: event } of events(false)) {
    const sender = textOf(event.sender)
    const { type, target } = relationOf(event)
    if (sender === null || target === null || redacted.has(textOf(event.event_id) ?? '')) continue
    const content = fieldsOf(fieldsOf(event.content)['m.new_content'])
    if (type === 'm.replace' && senders.get(target) === sender)
      edits.set(target, { content, atMs: numberOf(event.origin_server_ts) })
    const emoji = textOf(fieldsOf(fieldsOf(event.content)['m.relates_to']).key)
    if (event.type !== 'm.reaction' || type !== 'm.annotation' || emoji === null || !senders.has(target)) continue
    const present = reactions.get(target) ?? []
    reactions.set(target, present)
    // Some clients leave out the selector that asks for the coloured picture.
    const same = present.find((reaction) => bare(reaction.emoji) === bare(emoji))
    if (!same) present.push({ emoji, by: [sender], count: 1 })
    else if (!same.by.includes(sender)) same.count = same.by.push(sender)
    collector.person(sender, { name: names.get(sender) ?? null })
  }
  return { edits, reactions, redacted, names, senders, rooms }
}

const messageTypes = new Set([
  ...['m.room.message', 'm.sticker', 'm.poll.start', 'org.matrix.msc3381.poll.start', 'm.room.encrypted'],
])

function addEvent(event: Fields, room: string, index: number, place: Place, around: Around): void {
  const { collector, edits, names, redacted } = around
  const key = keyOf(event, place)
  const type = textOf(event.type) ?? ''
  const content = fieldsOf(event.content)
  if (/^(m|org\.matrix\.\w+)\.call\b/.test(type)) {
    collector.skip(key, 'CALL', place)
    return
  }
  if (!messageTypes.has(type) || 'state_key' in event) {
    collector.skip(key, 'SYSTEM', place)
    return
  }
  const author = textOf(event.sender)
  if (author === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  const sentAtMs = numberOf(event.origin_server_ts) ?? Number.NaN
  const base = { key, author, sentAtMs, order: [index] }
  const name = names.get(author) ?? null
  const add = (handle: string | null) => {
    collector.person(author, { handle, name })
    collector.member(room, author)
  }
  const { type: relation, target, replyTo } = relationOf(event)
  if (relation === 'm.replace' && redacted.has(key)) {
    collector.skip(key, 'DELETED', place)
    return
  }
  if (redacted.has(key) || isFields(fieldsOf(event.unsigned).redacted_because) || Object.keys(content).length === 0) {
    add(null)
    collector.message(room, { ...base, text: null, deleted: true }, place)
    return
  }
  if (type === 'm.room.encrypted' || content.msgtype === 'm.bad.encrypted') {
    collector.skip(key, 'UNDECRYPTABLE', place)
    return
  }
  if (relation === 'm.replace' && target !== null) {
    collector.skip(key, editReason(event, target, place, around), place)
    return
  }
  if (textOf(content.msgtype)?.startsWith('m.key.verification')) {
    collector.skip(key, 'SYSTEM', place)
    return
  }
  const bundled = fieldsOf(fieldsOf(fieldsOf(event.unsigned)['m.relations'])['m.replace'])
  const replaced = fieldsOf(fieldsOf(bundled.content)['m.new_content'])
  const edit = edits.get(key)
  const last = edit?.content ?? (Object.keys(replaced).length > 0 ? replaced : content)
  const editedAtMs = edit ? edit.atMs : numberOf(bundled.origin_server_ts)
  const attachments = isFileMessage(type, last) ? [around.files.attachmentOf(last, sentAtMs)] : []
  const text = matrixText(type, last, replyTo !== null)
  if (text === '' && attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  add(/^@([^:]+):/.exec(author)?.[1] ?? null)
  collector.message(
    room,
    {
      ...{ ...base, text, replyTo, attachments, reactions: around.reactions.get(key) ?? [] },
      mentions: mentionsIn(last),
      mentionsEveryone: fieldsOf(last['m.mentions']).room === true,
      ...{ edited: edit !== undefined || 'event_id' in bundled || editedAtMs !== null, editedAtMs },
    },
    place,
  )
}

function editReason(event: Fields, target: string, place: Place, { collector, senders }: Around): SkipReason {
  const author = senders.get(target)
  if (author !== undefined) return author === event.sender ? 'EDIT_APPLIED' : 'EDIT_BY_OTHER'
  collector.warn(`${keyOf(event, place)}: ${target}, which it changes, is not in the export`, place)
  return 'UNSUPPORTED'
}
