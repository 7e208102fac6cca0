// DiscordChatExporter's JSON: a file a channel, or several, in any order, that may overlap.
import type { Collector } from '../collector.ts'
import type { ImportedAttachment, ImportedReaction, Place } from '../model.ts'
import { fieldsIn, fieldsOf, idOf, numberOf, textOf, type Fields } from '../source/values.ts'
import { parseIso } from '../text/times.ts'
import { folderOf, jsonHeadsOf, readRows, type Opened, type Reader } from './reader.ts'

/** Types of messages that somebody said. All others are notices, with invented words. */
const said = new Set(['Default', 'Reply', '0', '19', '20', '23'])
const threadStarter = '21'

const isExport = (head: string) => /^\uFEFF?\s*\{\s*"guild"\s*:/.test(head) && /"channel"\s*:\s*\{/.test(head)

export const discord: Reader = {
  format: 'discord',
  recognise: async (opened) => [...(await jsonHeadsOf(opened, Infinity)).values()].some(isExport),

  async read(opened, collector) {
    const paths = [...(await jsonHeadsOf(opened, Infinity))].filter(([, head]) => isExport(head)).map(([path]) => path)
    const exportedAt = new Map<string, number>()
    for (const [path, head] of await jsonHeadsOf(opened, Infinity))
      exportedAt.set(path, parseIso(/"exportedAt"\s*:\s*"([^"]+)"/.exec(head)?.[1]) ?? 0)
    // Of a message that is in several files the newest export has the last text.
    paths.sort((a, b) => (exportedAt.get(b) ?? 0) - (exportedAt.get(a) ?? 0))
    for (const path of paths) {
      const file = opened.source.files.get(path)
      const read = file && (await readRows(file, opened, collector, ['messages']))
      const channel = fieldsOf(read?.head.channel)
      const conversation = idOf(channel.id)
      if (!read || conversation === null) continue
      const type = textOf(channel.type) ?? ''
      const kind = type === 'DirectTextChat' ? 'DIRECT' : 'GROUP'
      const title = kind === 'DIRECT' ? null : textOf(channel.name)
      const isPrivate = type.startsWith('Direct') || /private/i.test(type)
      const archived = channel.isArchived === true
      collector.conversation({ key: conversation, kind, title, private: isPrivate, archived })
      for await (const { row, entry } of read.rows())
        addMessage(row, { file: path, entry }, { conversation, opened, collector })
    }
  },
}

interface Around {
  conversation: string
  opened: Opened
  collector: Collector
}

function addMessage(row: Fields, place: Place, { conversation, opened, collector }: Around): void {
  const key = idOf(row.id)
  if (key === null || !/^\d+$/.test(key)) {
    collector.skip(`${place.file}:${place.entry}`, 'UNSUPPORTED', place)
    return
  }
  const type = idOf(row.type) ?? ''
  if (type === 'Call' || type === '3') {
    collector.skip(key, 'CALL', place)
    return
  }
  if (type === threadStarter) {
    collector.skip(key, 'DUPLICATE', place)
    return
  }
  if (!said.has(type)) {
    collector.skip(key, 'SYSTEM', place)
    return
  }
  const author = idOf(fieldsOf(row.author).id)
  if (author === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  const forwarded = fieldsOf(row.forwardedMessage)
  const attachments = [row, forwarded].flatMap((part) => filesOf(part, folderOf(place.file), opened))
  const text =
    textOf(row.content) ?? textOf(forwarded.content) ?? ([row, forwarded].map(embeddedWords).join('') || pollWords(row))
  if (text === '' && attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  addPerson(fieldsOf(row.author), collector)
  collector.member(conversation, author)
  const editedAtMs = parseIso(row.timestampEdited)
  collector.message(
    conversation,
    {
      ...{ key, author, text, sentAtMs: parseIso(row.timestamp) ?? Number.NaN, order: [BigInt(key)], attachments },
      ...{ edited: editedAtMs !== null, editedAtMs, replyTo: replyOf(row, type, conversation) },
      ...{ mentions: fieldsIn(row.mentions).flatMap(({ id }) => idOf(id) ?? []) },
      mentionsEveryone: /@(everyone|here)\b/.test(text),
      ...(row.isPinned === true && { pinnedAtMs: parseIso(row.timestamp) ?? Number.NaN }),
      reactions: reactionsOf(row, collector),
    },
    place,
  )
}

function addPerson(person: Fields, collector: Collector): string | null {
  const key = idOf(person.id)
  if (key === null) return null
  const name = textOf(person.nickname) ?? textOf(person.name)
  collector.person(key, { handle: textOf(person.name), name, bot: person.isBot === true })
  return key
}

/** Pins, threads and forwards have references too, which are no replies. */
function replyOf(row: Fields, type: string, conversation: string): string | null {
  const { messageId, channelId, type: referenceType } = fieldsOf(row.reference)
  if ((type !== 'Reply' && type !== '19') || referenceType === 'Forward') return null
  const channel = idOf(channelId)
  return channel === null || channel === conversation ? idOf(messageId) : null
}

const embeddedWords = (row: Fields): string =>
  fieldsIn(row.embeds)
    .map((embed) => {
      const fields = fieldsIn(embed.fields).flatMap(({ name, value }) => [textOf(name), textOf(value)])
      return [textOf(embed.title), textOf(embed.description), ...fields].filter((part) => part !== null).join('\n')
    })
    .filter((words) => words !== '')
    .join('\n')

/** Which its exporter may write once Discord's own names of a poll reach it. */
const pollWords = (row: Fields): string => {
  const { question } = fieldsOf(row.poll)
  return textOf(question) ?? textOf(fieldsOf(question).text) ?? ''
}

function filesOf(row: Fields, folder: string, { source }: Opened): ImportedAttachment[] {
  const attached = (name: unknown, byteSize: unknown, url: unknown): ImportedAttachment => {
    const ref = textOf(url)
    const found = { name: textOf(name), mime: null, byteSize: numberOf(byteSize), ref }
    if (ref === null || /^https?:/i.test(ref)) return { ...found, missing: 'REMOTE' }
    // With --media the address is a path beside the file, its separators those of the machine.
    const plain = `${folder}${ref.replaceAll('\\', '/')}`.normalize('NFC')
    const path = [plain, safeDecode(plain)].find((candidate) => source.files.has(candidate))
    return path === undefined ? { ...found, missing: 'NOT_IN_EXPORT' } : { ...found, missing: null, path }
  }
  return [
    ...fieldsIn(row.attachments).map((file) => attached(file.fileName, file.fileSizeBytes, file.url)),
    ...fieldsIn(row.stickers).map((sticker) => attached(sticker.name, null, sticker.sourceUrl)),
  ]
}

function safeDecode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const reactionsOf = (row: Fields, collector: Collector): ImportedReaction[] =>
  fieldsIn(row.reactions).flatMap((reaction) => {
    const emoji = fieldsOf(reaction.emoji)
    const name = textOf(emoji.name) ?? textOf(emoji.code)
    if (name === null) return []
    const by = [...new Set(fieldsIn(reaction.users).flatMap((person) => addPerson(person, collector) ?? []))]
    // A standard emoji has no id, and its name is the picture.
    const shown = idOf(emoji.id) === null ? name : `:${name}:`
    return [{ emoji: shown, by, count: Math.max(numberOf(reaction.count) ?? 0, by.length) }]
  })
