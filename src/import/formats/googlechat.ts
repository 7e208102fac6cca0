// Google Chat, as Takeout writes it: a folder for each space or talk with group_info.json, messages.json and the files. Nothing of
// the format is documented; what is known was read from tools that read it.
import type { Collector } from '../collector.ts'
import type { ImportedAttachment, ImportedReaction, Place } from '../model.ts'
import { fieldsIn, fieldsOf, textOf, textsOf, type Fields } from '../source/values.ts'
import { parseWordedDate } from '../text/worded-dates.ts'
import { baseName, folderOf, messagesIn, readJsonAt, readMessages, type Opened, type Reader } from './reader.ts'

/** Of each talk: `Google Chat/Groups/Space AAAA/`. */
function foldersOf({ source }: Opened): string[] {
  const folders = [...source.files.keys()].filter((path) => baseName(path) === 'messages.json').map(folderOf)
  return folders.filter((folder) => source.files.has(`${folder}group_info.json`))
}

export const googlechat: Reader = {
  format: 'googlechat',
  recognise: (opened) => Promise.resolve(foldersOf(opened).length > 0),

  async read(opened, collector) {
    for (const path of opened.source.files.keys())
      if (baseName(path) === 'user_info.json')
        addPerson(fieldsOf(fieldsOf(await readJsonAt(opened, path)).user), collector, true)
    for (const folder of foldersOf(opened)) await readTalk(folder, opened, collector)
  },
}

/** By address; who deleted their account has none. */
const keyOf = (person: Fields) => textOf(person.email)?.toLowerCase() ?? textOf(person.name)

function addPerson(person: Fields, collector: Collector, isListed: boolean): string | null {
  const key = keyOf(person)
  if (key === null) return null
  const email = textOf(person.email)
  const handle = email?.split('@')[0] ?? null
  const known = { handle, name: textOf(person.name), email, bot: /bot/i.test(textOf(person.user_type) ?? '') }
  if (isListed) collector.listedUser({ key, ...known, active: true })
  else collector.person(key, known)
  return key
}

async function readTalk(folder: string, opened: Opened, collector: Collector): Promise<void> {
  const info = fieldsOf(await readJsonAt(opened, `${folder}group_info.json`))
  const file = opened.source.files.get(`${folder}messages.json`)
  const content = file && fieldsOf(await readMessages(file, opened, collector))
  const key = baseName(folder.slice(0, -1)) || 'chat'
  const rows = messagesIn(content?.messages, `${folder}messages.json`, collector)
  const members = fieldsIn(info.members).flatMap((member) => addPerson(member, collector, true) ?? [])
  const people = new Set([...members, ...rows.flatMap(({ row }) => keyOf(fieldsOf(row.creator)) ?? [])])
  const isTalk = key.startsWith('DM ')
  const kind = isTalk && people.size === 2 ? 'DIRECT' : isTalk && people.size === 1 ? 'SELF' : 'GROUP'
  const name = textOf(info.name)
  // What Google itself calls a talk without a name.
  const title = kind === 'GROUP' && name !== 'Group Chat' ? name : null
  collector.conversation({ key, kind, title, private: true, members: kind === 'GROUP' ? members : [...people] })
  const repeats = new Map<string, number>()
  for (const { row, entry } of rows) {
    const place = { file: `${folder}messages.json`, entry }
    addMessage(row, entry - 1, place, { conversation: key, folder, opened, collector, repeats })
  }
}

interface Around {
  conversation: string
  folder: string
  opened: Opened
  collector: Collector
  /** How often each key was made that the file does not give. */
  repeats: Map<string, number>
}

function addMessage(row: Fields, index: number, place: Place, around: Around): void {
  const { conversation, collector, repeats } = around
  const creator = fieldsOf(row.creator)
  const deleted = row.message_state === 'DELETED' || textOf(row.deleted_date) !== null
  const said = textOf(row.created_date) ?? (deleted ? textOf(row.deleted_date) : null)
  const made = `${conversation}:${said ?? ''}:${keyOf(creator) ?? ''}`
  const count = (repeats.get(made) ?? 0) + 1
  // Old exports have no ids.
  const id = textOf(row.message_id)
  if (id === null) repeats.set(made, count)
  const key = id ?? (count === 1 ? made : `${made}#${count}`)
  const author = keyOf(creator)
  if (author === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  const sentAtMs = said === null ? null : parseWordedDate(said)
  if (sentAtMs === null) {
    collector.warn(`${key}: ${said ?? 'nothing'} is no date that can be read`, place)
    collector.skip(key, 'UNSUPPORTED', place)
    return
  }
  const base = { key, author, sentAtMs, order: [sentAtMs, index], replyTo: replyOf(row, key) }
  if (deleted) {
    addPerson(creator, collector, false)
    collector.message(conversation, { ...base, text: null, deleted: true }, place)
    return
  }
  const notes = fieldsIn(row.annotations)
  if (notes.some((note) => 'call_data' in fieldsOf(note.gsuite_integration_metadata)) && textOf(row.text) === null) {
    collector.skip(key, 'CALL', place)
    return
  }
  const attachments = [...filesOf(row, around), ...notes.flatMap(driveFile)]
  const text = textOf(row.text) ?? textOf(row.fallback_text) ?? notes.map(wordsOf).filter(Boolean).join('\n')
  if (text === '' && attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  addPerson(creator, collector, false)
  const editedAt = textOf(row.updated_date)
  collector.message(
    conversation,
    {
      ...{ ...base, text, attachments, reactions: reactionsOf(row, collector), edited: editedAt !== null },
      editedAtMs: editedAt === null ? null : parseWordedDate(editedAt),
    },
    place,
  )
}

/** What it quotes, else the first message of its topic, whose id ends with that of the topic. */
function replyOf(row: Fields, key: string): string | null {
  const quoted = textOf(fieldsOf(row.quoted_message_metadata).message_id)
  if (quoted !== null) return quoted
  const [topic, steps] = [textOf(row.topic_id), key.split('/')]
  if (topic === null || steps.length < 2 || steps.at(-1) === topic) return null
  return [...steps.slice(0, -1), topic].join('/')
}

function filesOf(row: Fields, { folder, opened }: Around): ImportedAttachment[] {
  return fieldsIn(row.attached_files).map((file) => {
    const exported = textOf(file.export_name)
    const name = textOf(file.original_name) ?? exported
    const path = `${folder}${exported ?? ''}`.normalize('NFC')
    const found = { name, mime: null, byteSize: null, ref: exported }
    return opened.source.files.has(path) ? { ...found, missing: null, path } : { ...found, missing: 'NOT_IN_EXPORT' }
  })
}

function driveFile(note: Fields): ImportedAttachment[] {
  const { id, title } = fieldsOf(note.drive_metadata)
  const file = textOf(id)
  if (file === null) return []
  const ref = `https://drive.google.com/open?id=${file}`
  return [{ name: textOf(title), mime: null, byteSize: null, ref, missing: 'REMOTE' }]
}

/** Of a message without a text: a meeting, a task, an event of the calendar. */
function wordsOf(note: Fields): string {
  const suite = fieldsOf(note.gsuite_integration_metadata)
  const task = fieldsOf(fieldsOf(suite.tasks_data).task_properties)
  const event = fieldsOf(fieldsOf(suite.calendar_event_data).calendar_event)
  const meeting = fieldsOf(fieldsOf(note.video_call_metadata).meeting_space)
  const { url } = fieldsOf(note.url_metadata)
  const address = textOf(url) ?? textOf(fieldsOf(url).private_do_not_access_or_else_safe_url_wrapped_value)
  return textOf(task.title) ?? textOf(event.title) ?? textOf(meeting.meeting_url) ?? address ?? ''
}

const reactionsOf = (row: Fields, collector: Collector): ImportedReaction[] =>
  fieldsIn(row.reactions).flatMap((reaction) => {
    const emoji = fieldsOf(reaction.emoji)
    const code = textOf(fieldsOf(emoji.custom_emoji).shortcode)?.replace(/^:|:$/g, '')
    const shown = textOf(emoji.unicode) ?? (code === undefined ? null : `:${code}:`)
    const by = [...new Set(textsOf(reaction.reactor_emails).map((email) => email.toLowerCase()))]
    for (const email of by) collector.person(email, { email, handle: email.split('@')[0] ?? null })
    return shown === null ? [] : [{ emoji: shown, by, count: by.length }]
  })
