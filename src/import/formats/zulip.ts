// Zulip's realm export: tables by their names in its database, messages in files of a thousand.
import type { Collector } from '../collector.ts'
import type { ImportedAttachment, ImportedReaction, Place } from '../model.ts'
import { fieldsIn, fieldsOf, idOf, numberOf, textOf, type Fields } from '../source/values.ts'
import { mentionsInZulip } from '../text/mentions.ts'
import {
  baseName,
  jsonHeadsOf,
  messagesIn,
  readJsonAt,
  readMessages,
  rootOf,
  type Opened,
  type Reader,
} from './reader.ts'
import { zulipText } from './zulip-text.ts'

const messageFile = /^messages-\d+\.json$/

export const zulip: Reader = {
  format: 'zulip',

  async recognise(opened) {
    const root = rootOf(opened, (name) => name === 'realm.json')
    if (root === null) return false
    const head = (await jsonHeadsOf(opened)).get(`${root}realm.json`) ?? ''
    return /"zerver_\w+"/.test(head)
  },

  async read(opened, collector) {
    const root = rootOf(opened, (name) => name === 'realm.json') ?? ''
    const realm = fieldsOf(await readJsonAt(opened, `${root}realm.json`))
    const [own] = fieldsIn(realm.zerver_realm)
    collector.from(textOf(own?.uuid) ?? textOf(own?.string_id) ?? 'realm')
    const idByName = addUsers(realm, collector)
    const conversationOf = conversations(realm, collector)
    const reactions = reactionsByMessage(realm)
    const files = await attachmentsByMessage(opened, root)
    for (const file of opened.source.files.values()) {
      if (!file.path.startsWith(root) || !messageFile.test(baseName(file.path))) continue
      const content = await readMessages(file, opened, collector)
      for (const { row, entry } of messagesIn(fieldsOf(content).zerver_message, file.path, collector)) {
        addMessage(row, { file: file.path, entry }, { collector, conversationOf, reactions, files, idByName })
      }
    }
  },
}

/** Answers with who has which name: two of one name are nobody. */
function addUsers(realm: Fields, collector: Collector): Map<string, string> {
  const idByName = new Map<string, string>()
  const twice = new Set<string>()
  for (const table of ['zerver_userprofile', 'zerver_userprofile_mirrordummy', 'zerver_userprofile_crossrealm']) {
    const isCrossRealm = table.endsWith('crossrealm')
    for (const row of fieldsIn(realm[table])) {
      const key = idOf(row.id)
      if (key === null) continue
      const email = textOf(row.delivery_email) ?? textOf(row.email)
      const bot = typeof row.is_bot === 'boolean' ? row.is_bot : isCrossRealm
      const [handle = null] = email?.split('@') ?? []
      const name = textOf(row.full_name) ?? email
      collector.listedUser({ key, handle, name, email, bot, active: row.is_active !== false })
      if (name !== null && idByName.has(name)) twice.add(name)
      if (name !== null) idByName.set(name, key)
    }
  }
  for (const name of twice) idByName.delete(name)
  return idByName
}

interface Where {
  conversation: string
  isStream: boolean
}

/** Finds the conversation by recipient and sender. Those of streams are there at once, others with their first message. */
function conversations(realm: Fields, collector: Collector) {
  const recipients = new Map<string, { type: number | null; typeId: string }>()
  for (const row of fieldsIn(realm.zerver_recipient))
    recipients.set(idOf(row.id) ?? '', { type: numberOf(row.type), typeId: idOf(row.type_id) ?? '' })
  const subscribers = new Map<string, Set<string>>()
  const current = new Map<string, Set<string>>()
  for (const row of fieldsIn(realm.zerver_subscription)) {
    const [recipient, user] = [idOf(row.recipient), idOf(row.user_profile)]
    if (recipient === null || user === null) continue
    subscribers.set(recipient, (subscribers.get(recipient) ?? new Set()).add(user))
    if (row.active !== false) current.set(recipient, (current.get(recipient) ?? new Set()).add(user))
  }
  const ofStream = new Map<string, string>()
  for (const [id, { type, typeId }] of recipients) if (type === 2) ofStream.set(typeId, id)
  for (const row of fieldsIn(realm.zerver_stream)) {
    const id = idOf(row.id)
    if (id === null) continue
    collector.conversation({
      ...{ key: `stream:${id}`, kind: 'GROUP', title: textOf(row.name), private: row.invite_only === true },
      ...{ archived: row.deactivated === true, members: [...(current.get(ofStream.get(id) ?? '') ?? [])] },
    })
  }
  return (recipient: string, sender: string): Where | null => {
    const found = recipients.get(recipient)
    if (!found) return null
    if (found.type === 2) return { conversation: `stream:${found.typeId}`, isStream: true }
    // The recipient of a talk of two is the one who receives: the talk is this person and the sender.
    const people = new Set(found.type === 1 ? [found.typeId, sender] : (subscribers.get(recipient) ?? [sender]))
    const members = [...people].sort((a, b) => Number(a) - Number(b))
    const key = `dm:${members.join(',')}`
    const kind = members.length === 1 ? 'SELF' : members.length === 2 ? 'DIRECT' : 'GROUP'
    collector.conversation({ key, kind, title: null, private: true, members })
    return { conversation: key, isStream: false }
  }
}

const emojiOf = (row: Fields): string => {
  const code = textOf(row.emoji_code) ?? ''
  if (row.reaction_type === 'unicode_emoji' && /^[0-9a-f]{1,6}(-[0-9a-f]{1,6})*$/i.test(code)) {
    const points = code.split('-').map((point) => Number.parseInt(point, 16))
    if (points.every((point) => point <= 0x10ffff)) return String.fromCodePoint(...points)
  }
  return `:${textOf(row.emoji_name) ?? code}:`
}

function reactionsByMessage(realm: Fields): Map<string, ImportedReaction[]> {
  const found = new Map<string, ImportedReaction[]>()
  for (const row of fieldsIn(realm.zerver_reaction)) {
    const [message, user] = [idOf(row.message), idOf(row.user_profile)]
    if (message === null || user === null) continue
    const reactions = found.get(message) ?? []
    found.set(message, reactions)
    const emoji = emojiOf(row)
    const present = reactions.find((reaction) => reaction.emoji === emoji)
    if (!present) reactions.push({ emoji, by: [user], count: 1 })
    else if (!present.by.includes(user)) present.count = present.by.push(user)
  }
  return found
}

async function attachmentsByMessage(opened: Opened, root: string): Promise<Map<string, ImportedAttachment[]>> {
  const found = new Map<string, ImportedAttachment[]>()
  const tables = fieldsOf(await readJsonAt(opened, `${root}attachment.json`))
  for (const row of fieldsIn(tables.zerver_attachment)) {
    const ref = textOf(row.path_id)
    if (ref === null) continue
    const path = `${root}uploads/${ref}`.normalize('NFC')
    const isThere = opened.source.files.has(path)
    const attached: ImportedAttachment = {
      ...{ name: textOf(row.file_name), mime: textOf(row.content_type), byteSize: numberOf(row.size), ref },
      ...(isThere ? { missing: null, path } : { missing: 'NOT_IN_EXPORT' }),
    }
    for (const message of Array.isArray(row.messages) ? (row.messages as unknown[]) : []) {
      const key = idOf(message)
      if (key !== null) found.set(key, [...(found.get(key) ?? []), attached])
    }
  }
  return found
}

/** last_edit_time is set by moves between topics too: the history, where there is one, tells. */
function isEdited(row: Fields): boolean {
  if (numberOf(row.last_edit_time) === null) return false
  let history: unknown = row.edit_history
  if (typeof history === 'string') {
    try {
      history = JSON.parse(history) as unknown
    } catch {
      return true
    }
  }
  return !Array.isArray(history) || history.length === 0 || fieldsIn(history).some((step) => 'prev_content' in step)
}

interface Around {
  collector: Collector
  conversationOf: (recipient: string, sender: string) => Where | null
  reactions: Map<string, ImportedReaction[]>
  files: Map<string, ImportedAttachment[]>
  idByName: Map<string, string>
}

function addMessage(
  row: Fields,
  place: Place,
  { collector, conversationOf, reactions, files, idByName }: Around,
): void {
  const key = idOf(row.id)
  if (key === null) {
    collector.skip(`${place.file}:${place.entry}`, 'UNSUPPORTED', place)
    return
  }
  const sender = idOf(row.sender)
  if (sender === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  const where = conversationOf(idOf(row.recipient) ?? '', sender)
  if (!where) {
    collector.skip(key, 'NO_CONVERSATION', place)
    return
  }
  const content = typeof row.content === 'string' ? row.content : ''
  const text = zulipText(content, (id) => collector.userOf(id)?.name ?? null)
  const attachments = files.get(key) ?? []
  if (text === '' && attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  const sentAtMs = Math.round((numberOf(row.date_sent) ?? Number.NaN) * 1000)
  const edited = isEdited(row)
  collector.message(
    where.conversation,
    {
      ...{ key, author: sender, text, sentAtMs, order: [sentAtMs, Number(key)], attachments, edited },
      editedAtMs: edited ? Math.round((numberOf(row.last_edit_time) ?? 0) * 1000) : null,
      ...mentionsInZulip(content, (name) => idByName.get(name)),
      reactions: reactions.get(key) ?? [],
      ...(where.isStream && { topic: typeof row.subject === 'string' ? row.subject : '' }),
    },
    place,
  )
}
