// Microsoft Teams, as tools for Graph save it: whole chats in the file of each member, channels by team. Keys are PascalCase
// from PowerShell and camelCase from Graph itself.
import type { Collector } from '../collector.ts'
import type { ImportedAttachment, ImportedReaction, Place } from '../model.ts'
import { fieldsIn, fieldsOf, idOf, isFields, listOf, textOf, type Fields } from '../source/values.ts'
import { plainHtml } from '../text/html.ts'
import { parseIso } from '../text/times.ts'
import { baseName, jsonHeadsOf, messagesIn, readJsonAt, readMessages, type Opened, type Reader } from './reader.ts'

const lower = (key: string) => key.charAt(0).toLowerCase() + key.slice(1)

/** All keys as Graph writes them. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (!isFields(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [lower(key), camelCased(inner)]))
}

/** A list, a page of Graph with value, or several pages. */
function pageOf(content: unknown): unknown[] | undefined {
  if (content === undefined) return undefined
  const cased = camelCased(content)
  const pages: unknown[] = Array.isArray(cased) ? cased : [cased]
  return pages.flatMap((page): unknown[] => (isFields(page) && Array.isArray(page.value) ? page.value : [page]))
}

const rowsOf = (content: unknown): Fields[] => fieldsIn(pageOf(content))

const isUsers = (name: string) => /^users_?list\.json$/i.test(name)
const isMessages = (name: string) => /^messages_.+\.json$/i.test(name)

export const teams: Reader = {
  format: 'teams',

  async recognise(opened) {
    const heads = [...(await jsonHeadsOf(opened))]
    return heads.some(
      ([path, head]) =>
        (isMessages(baseName(path)) && /"messageType"\s*:/i.test(head)) ||
        (isUsers(baseName(path)) && /"userPrincipalName"\s*:/i.test(head)) ||
        (/"messageType"\s*:/i.test(head) && /"(chatId|channelIdentity)"\s*:/i.test(head)),
    )
  },

  async read(opened, collector) {
    const paths = [...opened.source.files.keys()].filter((path) => /\.json$/i.test(path))
    for (const path of paths.filter((name) => isUsers(baseName(name))))
      for (const row of rowsOf(await readJsonAt(opened, path))) addUser(row, collector)
    const members = new Map<string, string[]>()
    for (const path of paths) {
      const [, team] = /^teamMembers_(.+)\.json$/i.exec(baseName(path)) ?? []
      if (team === undefined) continue
      const rows = rowsOf(await readJsonAt(opened, path))
      members.set(
        team,
        rows.flatMap((row) => textOf(row.userId) ?? textOf(row.id) ?? []),
      )
    }
    for (const path of paths) {
      const [, team] = /^channels_(.+)\.json$/i.exec(baseName(path)) ?? []
      if (team === undefined) continue
      for (const row of rowsOf(await readJsonAt(opened, path))) addChannel(row, members.get(team) ?? [], collector)
    }
    const heads = await jsonHeadsOf(opened)
    for (const path of paths) {
      const file = opened.source.files.get(path)
      const isNamed = isMessages(baseName(path))
      if (!file || !(isNamed || /"messageType"\s*:/i.test(heads.get(path) ?? ''))) continue
      const [, owner] = /^messages_(.+)\.json$/i.exec(baseName(path)) ?? []
      const content = pageOf(await readMessages(file, opened, collector))
      for (const { row, entry } of messagesIn(content, path, collector))
        addMessage(row, { file: path, entry }, { collector, opened, owner: owner ?? null })
    }
  },
}

function addUser(row: Fields, collector: Collector): void {
  const key = textOf(row.id)
  if (key === null) return
  const [handle = null] = textOf(row.userPrincipalName)?.split('@') ?? []
  // A principal name is no address that mail reaches: people are not matched by it.
  const known = { key, handle, name: textOf(row.displayName), email: textOf(row.mail) }
  collector.listedUser({ ...known, bot: false, active: row.accountEnabled !== false })
}

function addChannel(row: Fields, members: string[], collector: Collector): void {
  const key = textOf(row.id)
  if (key === null) return
  const isPrivate = (textOf(row.membershipType) ?? 'standard') !== 'standard'
  const title = textOf(row.displayName)
  const archived = row.isArchived === true
  collector.conversation({ key, kind: 'GROUP', title, private: isPrivate, archived, members: isPrivate ? [] : members })
}

interface Around {
  collector: Collector
  opened: Opened
  /** Whose file it is, or of which team. */
  owner: string | null
}

/** The id of a chat says whose it is, where two people or one have it. */
function chatPeople(key: string): string[] | null {
  const [, a, b] = /^19:([0-9a-f-]+)_([0-9a-f-]+)@unq\.gbl\.spaces$/i.exec(key) ?? []
  return a === undefined || b === undefined ? null : [...new Set([a, b])]
}

function addChat(key: string, { collector, owner }: Around): void {
  const isNotes = key === '48:notes'
  const members = chatPeople(key) ?? (isNotes && owner !== null ? [owner] : [])
  const kind = isNotes || members.length === 1 ? 'SELF' : members.length === 2 ? 'DIRECT' : 'GROUP'
  collector.conversation({ key, kind, title: null, private: true, members })
}

function addMessage(row: Fields, place: Place, around: Around): void {
  const { collector } = around
  const id = idOf(row.id)
  const chat = textOf(row.chatId)
  const channel = textOf(fieldsOf(row.channelIdentity).channelId)
  const conversation = channel ?? chat
  if (id === null) {
    collector.skip(`${place.file}:${place.entry}`, 'UNSUPPORTED', place)
    return
  }
  if (conversation === null) {
    collector.skip(id, 'NO_CONVERSATION', place)
    return
  }
  const key = `${conversation}:${id}`
  const body = fieldsOf(row.body)
  const content = typeof body.content === 'string' ? body.content : ''
  const isEvent = textOf(row.messageType) !== 'message' || /^\s*<systemEventMessage\s*\/>\s*$/.test(content)
  if (isEvent) {
    collector.skip(key, 'SYSTEM', place)
    return
  }
  const author = authorOf(fieldsOf(row.from))
  if (author === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  const createdAt = textOf(row.createdDateTime)
  const sentAtMs = parseIso(createdAt) ?? Number.NaN
  const base = { key, author: author.key, sentAtMs, order: [sentAtMs, /^\d+$/.test(id) ? BigInt(id) : id] }
  const replyTo = replyOf(row, conversation, channel !== null)
  const add = () => {
    if (channel === null) addChat(conversation, around)
    collector.person(author.key, author)
    if (channel === null || !collector.hasConversation(conversation)) {
      if (!collector.hasConversation(conversation))
        collector.conversation({ key: conversation, kind: 'GROUP', title: null, private: false })
      // An app that speaks in a chat of two does not make it one of three.
      if (!(author.bot && chatPeople(conversation) !== null)) collector.member(conversation, author.key)
    }
  }
  if (textOf(row.deletedDateTime) !== null) {
    add()
    collector.message(conversation, { ...base, replyTo, text: null, deleted: true }, place)
    return
  }
  const isHtml = textOf(body.contentType)?.toLowerCase() === 'html'
  const plain = isHtml ? plainHtml(content) : { text: content, images: [] }
  const attachments = filesOf(row, plain.images)
  const words = plain.text === '' ? cardWords(row) : plain.text
  const text = [textOf(row.subject), words].filter((part) => part !== null && part !== '').join('\n')
  if (text === '' && attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  add()
  const editedAtMs = parseIso(row.lastEditedDateTime)
  const edits = { edited: editedAtMs !== null, editedAtMs }
  const reactions = reactionsOf(row, collector)
  const mentions = fieldsIn(row.mentions).flatMap(
    ({ mentioned }) => textOf(fieldsOf(fieldsOf(mentioned).user).id) ?? [],
  )
  collector.message(conversation, { ...base, ...edits, text, replyTo, attachments, reactions, mentions }, place)
}

function authorOf(from: Fields): { key: string; name: string | null; bot: boolean } | null {
  for (const [identity, bot] of [
    [fieldsOf(from.user), false],
    [fieldsOf(from.application), true],
    [fieldsOf(from.device), true],
  ] as const) {
    const key = textOf(identity.id)
    if (key !== null) return { key, name: textOf(identity.displayName), bot }
  }
  return null
}

/** In a channel the root of the thread; in a chat the message that is attached as a reference. */
function replyOf(row: Fields, conversation: string, isChannel: boolean): string | null {
  const root = idOf(row.replyToId)
  if (root !== null) return `${conversation}:${root}`
  const reference = fieldsIn(row.attachments).find(({ contentType }) => contentType === 'messageReference')
  const id = isChannel ? null : idOf(reference?.id)
  return id === null ? null : `${conversation}:${id}`
}

function filesOf(row: Fields, images: string[]): ImportedAttachment[] {
  const files = fieldsIn(row.attachments).filter(({ contentType, contentUrl }) => {
    const type = textOf(contentType) ?? ''
    return type === 'reference' || (textOf(contentUrl) !== null && !/messageReference|card/i.test(type))
  })
  return [
    ...files.map((file) => ({ name: textOf(file.name), ref: textOf(file.contentUrl) })),
    ...images.map((ref) => ({ name: null, ref })),
  ].map((file) => ({ ...file, mime: null, byteSize: null, missing: 'REMOTE' as const }))
}

/** Words of cards and of forwarded messages, when the message has no others. */
function cardWords(row: Fields): string {
  const words: string[] = []
  const collect = (value: unknown, key: string): void => {
    if (
      typeof value === 'string' &&
      value !== '' &&
      ['title', 'subtitle', 'text', 'originalMessageContent'].includes(key)
    )
      words.push(plainHtml(value).text)
    else if (Array.isArray(value)) for (const item of listOf(value)) collect(item, key)
    else if (isFields(value)) for (const [name, inner] of Object.entries(value)) collect(inner, name)
  }
  for (const { contentType, content } of fieldsIn(row.attachments)) {
    if (typeof content !== 'string' || !/card|forwardedMessageReference/i.test(textOf(contentType) ?? '')) continue
    try {
      collect(JSON.parse(content), '')
    } catch {
      // Not a card that can be read.
    }
  }
  return words.filter((part) => part !== '').join('\n')
}

const oldReactions: Readonly<Record<string, string>> = {
  ...{ like: '👍', heart: '❤️', laugh: '😆', surprised: '😮', sad: '😢', angry: '😠' },
}

function reactionsOf(row: Fields, collector: Collector): ImportedReaction[] {
  const byEmoji = new Map<string, Set<string>>()
  for (const reaction of fieldsIn(row.reactions)) {
    const type = textOf(reaction.reactionType)
    const user = fieldsOf(fieldsOf(reaction.user).user)
    const key = textOf(user.id)
    if (type === null || key === null) continue
    const custom = type === 'custom' ? `:${textOf(reaction.displayName) ?? 'custom'}:` : type
    const emoji = oldReactions[type] ?? custom
    byEmoji.set(emoji, (byEmoji.get(emoji) ?? new Set()).add(key))
    collector.person(key, { name: textOf(user.displayName) })
  }
  return [...byEmoji].map(([emoji, by]) => ({ emoji, by: [...by], count: by.size }))
}
