// Rocket.Chat: what mongoexport writes of its collections, one document a line, or the folders of its own CSV importer.
import type { Collector } from '../collector.ts'
import type { ImportedAttachment, ImportedReaction, Place } from '../model.ts'
import { checkDepth, readHead, readLines, readText } from '../source/reading.ts'
import type { SourceFile } from '../source/source.ts'
import { fieldsIn, fieldsOf, isFields, numberOf, textOf, textsOf, type Fields } from '../source/values.ts'
import { emojiNamed } from '../text/emoji.ts'
import { parseIso } from '../text/times.ts'
import { messagesIn, rootOf, type Opened, type Reader } from './reader.ts'
import { csvRootOf, readRocketchatCsv } from './rocketchat-csv.ts'

const isMessages = (name: string) => /^rocketchat_messages?\.json$/i.test(name)

export const rocketchat: Reader = {
  format: 'rocketchat',
  recognise: async (opened) => rootOf(opened, isMessages) !== null || (await csvRootOf(opened)) !== null,

  async read(opened, collector) {
    const root = rootOf(opened, isMessages)
    if (root === null) {
      await readRocketchatCsv(opened, collector)
      return
    }
    const fileOf = (...names: string[]) => names.flatMap((name) => opened.source.files.get(root + name) ?? []).at(0)
    const usersByName = new Map<string, string>()
    for await (const { row } of documents(fileOf('users.json', 'rocketchat_users.json'), opened, collector))
      addUser(row, usersByName, collector)
    const uploads = new Map<string, Fields>()
    for await (const { row } of documents(fileOf('rocketchat_uploads.json'), opened, collector))
      uploads.set(textOf(row._id) ?? '', row)
    const members = new Map<string, string[]>()
    for await (const { row } of documents(fileOf('rocketchat_subscription.json'), opened, collector)) {
      const [room, user] = [textOf(row.rid), textOf(fieldsOf(row.u)._id)]
      if (room === null || user === null) continue
      const present = members.get(room)
      if (present) present.push(user)
      else members.set(room, [user])
      collectName(user, fieldsOf(row.u), collector)
    }
    const closed = new Map<string, 'ROOM_TYPE' | 'ENCRYPTED'>()
    for await (const { row } of documents(fileOf('rocketchat_room.json'), opened, collector))
      addRoom(row, { members, closed, usersByName, collector })
    const messages = [...opened.source.files.values()].find(
      ({ path }) => path.startsWith(root) && isMessages(path.slice(root.length)),
    )
    for await (const { row, place } of documents(messages, opened, collector, true))
      addMessage(row, place, { opened, collector, closed, uploads, usersByName, root })
  },
}

/** One a line, or all in a list (--jsonArray). */
async function* documents(
  file: SourceFile | undefined,
  opened: Opened,
  collector: Collector,
  areEntries = false,
): AsyncGenerator<{ row: Fields; place: Place }> {
  if (!file) return
  if (/^\uFEFF?\s*\[/.test(await readHead(file))) {
    const text = await readText(file, opened.limits)
    checkDepth(text, opened.limits.jsonDepth, file.path)
    const list: unknown = JSON.parse(text)
    const rows = areEntries
      ? messagesIn(list, file.path, collector)
      : fieldsIn(list).map((row) => ({ row, entry: undefined }))
    for (const { row, entry } of rows) yield { row, place: { file: file.path, ...(entry !== undefined && { entry }) } }
    return
  }
  for await (const lines of readLines(file, opened.limits)) {
    for (const { number, text } of lines) {
      if (text?.trim() === '') continue
      const place = { file: file.path, entry: number }
      const row = text === null ? undefined : parseLine(text, opened)
      if (row) yield { row, place }
      else {
        collector.warn(text === null ? 'The line is too long.' : 'The line is no JSON object.', place)
        if (areEntries) collector.skip(`${file.path}:${number}`, 'UNSUPPORTED', place)
      }
    }
  }
}

function parseLine(text: string, { limits }: Opened): Fields | undefined {
  try {
    checkDepth(text, limits.jsonDepth, 'The line')
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** `{"$date":"…Z"}`, `{"$date":{"$numberLong":"…"}}`, `{"$date":123}`; also without the wrapping. */
export function mongoDate(value: unknown): number | null {
  const inner: unknown = isFields(value) ? value.$date : value
  if (typeof inner === 'number') return Math.floor(inner)
  if (isFields(inner)) return Number.isNaN(Number(inner.$numberLong ?? 'x')) ? null : Number(inner.$numberLong)
  return parseIso(inner)
}

const sizeOf = (value: unknown): number | null =>
  numberOf(value) ?? (isFields(value) ? numberOf(Number(value.$numberLong ?? value.$numberInt ?? Number.NaN)) : null)

function addUser(row: Fields, usersByName: Map<string, string>, collector: Collector): void {
  const key = textOf(row._id)
  if (key === null) return
  const handle = textOf(row.username)
  const email = fieldsIn(row.emails).flatMap((entry) => textOf(entry.address) ?? [])[0] ?? null
  const bot = row.type === 'bot' || row.type === 'app' || textsOf(row.roles).includes('bot')
  collector.listedUser({ key, handle, name: textOf(row.name), email, bot, active: row.active !== false })
  if (handle !== null) usersByName.set(handle, key)
}

const collectName = (key: string, u: Fields, collector: Collector) => {
  if (!collector.isListed(key)) collector.person(key, { handle: textOf(u.username), name: textOf(u.name) })
}

interface Rooms {
  members: Map<string, string[]>
  closed: Map<string, 'ROOM_TYPE' | 'ENCRYPTED'>
  usersByName: Map<string, string>
  collector: Collector
}

function addRoom(row: Fields, { members, closed, usersByName, collector }: Rooms): void {
  const key = textOf(row._id)
  if (key === null) return
  const type = textOf(row.t)
  if (type !== 'c' && type !== 'p' && type !== 'd') return void closed.set(key, 'ROOM_TYPE')
  if (row.encrypted === true) return void closed.set(key, 'ENCRYPTED')
  const archived = row.archived === true
  if (type !== 'd') {
    const title = textOf(row.fname) ?? textOf(row.name)
    const people = members.get(key) ?? []
    collector.conversation({ key, kind: 'GROUP', title, private: type === 'p', archived, members: people })
    return
  }
  const named = textsOf(row.usernames).flatMap((name) => usersByName.get(name) ?? [])
  const ids = textsOf(row.uids)
  const people = [...new Set(ids.length > 0 ? ids : named.length > 0 ? named : (members.get(key) ?? []))]
  const kind = people.length === 1 ? 'SELF' : people.length === 2 ? 'DIRECT' : 'GROUP'
  collector.conversation({ key, kind, title: null, private: true, archived, members: people })
}

interface Around extends Omit<Rooms, 'members'> {
  opened: Opened
  uploads: Map<string, Fields>
  root: string
}

function addMessage(row: Fields, place: Place, around: Around): void {
  const { collector, closed } = around
  const key = textOf(row._id)
  if (key === null) {
    collector.skip(`${place.file}:${place.entry}`, 'UNSUPPORTED', place)
    return
  }
  const room = textOf(row.rid) ?? ''
  const reason = closed.get(room)
  if (reason) {
    collector.skip(key, reason, place)
    return
  }
  if (!collector.hasConversation(room)) {
    collector.skip(key, 'NO_CONVERSATION', place)
    return
  }
  // A hidden row is an older version, or a message that is deleted although its words are still there.
  if (row._hidden === true) {
    collector.skip(key, textOf(row.parent) ? 'HISTORY_COPY' : 'DELETED', place)
    return
  }
  const type = textOf(row.t)
  if (type === 'e2e') {
    collector.skip(key, 'ENCRYPTED', place)
    return
  }
  if (type !== null && type !== 'rm') {
    collector.skip(key, 'SYSTEM', place)
    return
  }
  const u = fieldsOf(row.u)
  const author = textOf(u._id)
  if (author === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  const sentAtMs = mongoDate(row.ts) ?? Number.NaN
  const base = { key, author, sentAtMs, order: [sentAtMs, key], replyTo: textOf(row.tmid) }
  const deleted = type === 'rm'
  const attachments = deleted ? [] : filesOf(row, around)
  const text = deleted ? null : wordsOf(row, attachments)
  if (text === '' && attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  collectName(author, u, collector)
  const editedAtMs = deleted ? null : mongoDate(row.editedAt)
  const reactions = deleted ? [] : reactionsOf(row, key, place, around)
  const edits = { edited: editedAtMs !== null, editedAtMs, deleted }
  collector.message(room, { ...base, text, ...edits, ...mentionsOf(row), reactions, attachments }, place)
}

/** Groups that are mentioned have words for ids. */
function mentionsOf(row: Fields) {
  const ids = fieldsIn(row.mentions).flatMap(({ _id }) => textOf(_id) ?? [])
  const pinnedAtMs = row.pinned === true ? (mongoDate(row.pinnedAt) ?? mongoDate(row.ts)) : null
  return {
    ...{ mentions: ids, mentionsEveryone: ids.some((id) => id === 'all' || id === 'here') },
    ...(pinnedAtMs !== null && { pinnedAtMs }),
  }
}

/** Words typed with a file are its description; those of integrations are attached. */
function wordsOf(row: Fields, attachments: ImportedAttachment[]): string {
  const attached = fieldsIn(row.attachments)
  const said = [textOf(row.msg), ...attached.map(({ description }) => textOf(description))].filter(
    (text) => text !== null,
  )
  if (said.length > 0 || attachments.length > 0) return [...new Set(said)].join('\n')
  return attached
    .map(({ title, text, fallback }) => [textOf(title), textOf(text) ?? textOf(fallback)].filter(Boolean).join('\n'))
    .filter((text) => text !== '')
    .join('\n')
}

function filesOf(row: Fields, { opened, uploads, root }: Around): ImportedAttachment[] {
  const files = Array.isArray(row.files) ? fieldsIn(row.files) : isFields(row.file) ? [row.file] : []
  return files.flatMap((file) => {
    const ref = textOf(file._id)
    const upload = uploads.get(ref ?? '') ?? {}
    // A made thumbnail is a file of its own.
    if (file.typeGroup === 'thumb' || upload.typeGroup === 'thumb') return []
    const name = textOf(file.name) ?? textOf(upload.name)
    const path = [`${root}uploads/${ref}`, `${root}${ref}`, `${root}uploads/${ref}/${name}`].find((candidate) =>
      opened.source.files.has(candidate),
    )
    return {
      ...{
        name,
        mime: textOf(file.type) ?? textOf(upload.type),
        byteSize: sizeOf(file.size) ?? sizeOf(upload.size),
        ref,
      },
      missing: upload.complete === true || path !== undefined ? null : ('NOT_IN_EXPORT' as const),
      ...(path !== undefined && { path }),
    }
  })
}

/** Names that JoyPixels, whose emoji Rocket.Chat has, gives to other pictures than Slack's do. */
const ownNames = new Map<string, string>([
  ...([
    ['satellite', '📡'],
    ['umbrella', '☔'],
    ['snowman', '⛄'],
  ] as const),
  ...([
    ['city_sunset', '🌇'],
    ['medal', '🏅'],
    ['email', '📧'],
  ] as const),
])

/** By username, which may be an old one: then only the count tells of that person. */
function reactionsOf(row: Fields, key: string, place: Place, { collector, usersByName }: Around): ImportedReaction[] {
  return Object.entries(fieldsOf(row.reactions)).map(([name, reaction]) => {
    const usernames = [...new Set(textsOf(fieldsOf(reaction).usernames))]
    const by = usernames.flatMap((username) => {
      const user = usersByName.get(username)
      if (user === undefined) collector.warn(`${key}: a reaction by ${username}, whom nobody knows`, place)
      return user ?? []
    })
    const plain = name.replace(/^:|:$/g, '')
    return { emoji: ownNames.get(plain) ?? emojiNamed(plain), by, count: usernames.length }
  })
}
