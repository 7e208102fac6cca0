// Telegram Desktop's export: result.json of one chat or of a whole account, files beside it.
import type { Collector } from '../collector.ts'
import { ImportError, type ConversationKind, type ImportedReaction, type Place } from '../model.ts'
import { checkDepth, readText } from '../source/reading.ts'
import { fieldsIn, fieldsOf, idOf, numberOf, textOf, type Fields } from '../source/values.ts'
import { repairTelegramJson } from '../text/telegram-json.ts'
import { createZonedClock, parseIso, type ZonedClock } from '../text/times.ts'
import {
  folderOf,
  isLong,
  jsonHeadsOf,
  messagesIn,
  readLong,
  type LongFile,
  type Opened,
  type Reader,
} from './reader.ts'
import { telegramFiles, telegramText } from './telegram-content.ts'

const kinds: Readonly<Record<string, ConversationKind>> = {
  ...{ personal_chat: 'DIRECT', bot_chat: 'DIRECT', saved_messages: 'SELF' },
  ...{ verification_codes: 'DIRECT', replies: 'DIRECT' },
}

const isOneChat =
  /"type"\s*:\s*"(personal_chat|bot_chat|saved_messages|(private|public)_\w+|verification_codes|replies)"/
const isAccount = /"(personal_information|chats|left_chats)"\s*:\s*\{/

async function resultsOf(opened: Opened): Promise<string[]> {
  const heads = await jsonHeadsOf(opened)
  return [...heads]
    .filter(
      ([, head]) =>
        (isOneChat.test(head) && /"messages"\s*:/.test(head)) || (isAccount.test(head) && !/"zerver_/.test(head)),
    )
    .map(([path]) => path)
}

export const telegram: Reader = {
  format: 'telegram',
  recognise: async (opened) => (await resultsOf(opened)).length > 0,

  async read(opened, collector) {
    for (const path of await resultsOf(opened)) {
      const file = opened.source.files.get(path)
      if (!file) continue
      const long = isLong(file, opened)
        ? await readLong(file, opened, collector, ['messages'], repairTelegramJson)
        : undefined
      if (!long && isLong(file, opened)) continue
      const result = long?.head ?? fieldsOf(parse(await readText(file, opened.limits), path, opened))
      const owner = addOwner(fieldsOf(result.personal_information), collector)
      for (const contact of fieldsIn(fieldsOf(result.contacts).list)) addContact(contact, collector)
      const lists = [result.chats, result.left_chats].map((list) => fieldsIn(fieldsOf(list).list))
      const around = { owner, path, opened, collector }
      const chats = new Map<unknown, Chat>()
      for (const chat of Array.isArray(result.messages) ? [result] : lists.flat()) {
        const begun = beginChat(chat, around)
        if (begun) chats.set(chat, begun)
      }
      if (long) await addLong(long, chats, path)
      else for (const [chat, { add }] of chats) addAll(messagesIn(fieldsOf(chat).messages, path, collector), path, add)
    }
  },
}

function parse(text: string, path: string, { limits }: Opened): unknown {
  try {
    checkDepth(text, limits.jsonDepth, path)
    return JSON.parse(text) as unknown
  } catch (error) {
    if (error instanceof ImportError) throw error
    try {
      return JSON.parse(repairTelegramJson(text)) as unknown
    } catch (cause) {
      throw new ImportError(`${path} is no valid JSON, also when mended: ${(cause as Error).message}`, { cause })
    }
  }
}

const fullName = (row: Fields) =>
  textOf([textOf(row.first_name), textOf(row.last_name)].filter((part) => part !== null).join(' '))

function addOwner(row: Fields, collector: Collector): string | null {
  const id = idOf(row.user_id)
  if (id === null) return null
  const handle = textOf(row.username)?.replace(/^@/, '') ?? null
  collector.listedUser({ key: `user${id}`, handle, name: fullName(row), email: null, bot: false, active: true })
  return `user${id}`
}

function addContact(row: Fields, collector: Collector): void {
  const id = idOf(row.user_id)
  if (id === null || id === '0') return
  const known = { key: `user${id}`, handle: null, name: fullName(row), email: null }
  collector.listedUser({ ...known, bot: false, active: true })
}

interface Around {
  /** Whose account it is; null in the file of one chat. */
  owner: string | null
  path: string
  opened: Opened
  collector: Collector
}

interface Chat {
  add: (row: Fields, place: Place) => void
}

/** By id and not by place: so local time, where there is no other, runs forward. */
function addAll(rows: { row: Fields; entry: number }[], path: string, add: Chat['add']): void {
  rows.sort((a, b) => (numberOf(a.row.id) ?? 0) - (numberOf(b.row.id) ?? 0))
  for (const { row, entry } of rows) add(row, { file: path, entry })
}

/** All objects of a file that have messages, in the order of the file. */
function withMessages(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(withMessages)
  return Object.entries(fieldsOf(value)).flatMap(([key, inner]) =>
    key === 'messages' && Array.isArray(inner) ? [value] : withMessages(inner),
  )
}

/** In the order of the file, which is that of the ids in all that were seen. */
async function addLong({ head, rows }: LongFile, chats: ReadonlyMap<unknown, Chat>, path: string): Promise<void> {
  const owners = withMessages(head)
  for await (const { row, list, entry } of rows()) chats.get(owners[list])?.add(row, { file: path, entry })
}

function beginChat(chat: Fields, around: Around): Chat | null {
  const { collector, owner, path } = around
  const key = idOf(chat.id)
  if (key === null) return null
  const type = textOf(chat.type) ?? ''
  const kind = kinds[type] ?? 'GROUP'
  const members =
    kind === 'SELF' ? [`user${key}`] : kind === 'DIRECT' ? [`user${key}`, ...(owner === null ? [] : [owner])] : []
  if (kind !== 'GROUP') collector.person(`user${key}`, { name: textOf(chat.name), bot: type === 'bot_chat' })
  const title = kind === 'GROUP' ? textOf(chat.name) : null
  collector.conversation({ key, kind, title, private: !type.startsWith('public_'), members })
  let clock: ZonedClock | undefined
  const timeOf = (row: Fields): number => {
    const unixtime = Number(textOf(row.date_unixtime) ?? Number.NaN)
    if (Number.isFinite(unixtime)) return unixtime * 1000
    clock ??= clockOf(collector, path)
    return localTime(row.date, clock)
  }
  const aroundMessage = { ...around, chat: key, kind, timeOf }
  return {
    add: (row, place) => {
      addMessage(row, place, aroundMessage)
    },
  }
}

function clockOf(collector: Collector, path: string): ZonedClock {
  const { timeZone } = collector.options
  if (timeZone === undefined)
    throw new ImportError(`${path} has local times: say in which zone it was exported, as --time-zone Europe/Berlin.`)
  return createZonedClock(timeZone)
}

function localTime(date: unknown, clock: ZonedClock): number {
  const asUtc = parseIso(date)
  if (asUtc === null) return Number.NaN
  const at = new Date(asUtc)
  const day = { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() }
  const time = { hour: at.getUTCHours(), minute: at.getUTCMinutes(), second: at.getUTCSeconds() }
  return clock.next({ ...day, ...time }) ?? Number.NaN
}

interface AroundMessage extends Around {
  chat: string
  kind: ConversationKind
  timeOf: (row: Fields) => number
}

/** In old files a sender is a number. */
const personKey = (value: unknown) => (typeof value === 'number' ? `user${value}` : textOf(value))

function addMessage(row: Fields, place: Place, around: AroundMessage): void {
  const { collector, chat, kind, opened, path, timeOf } = around
  const id = numberOf(row.id)
  if (id === null) {
    collector.skip(`${place.file}:${place.entry}`, 'UNSUPPORTED', place)
    return
  }
  const key = `${chat}:${id}`
  if (row.type === 'service') {
    const pinned = row.action === 'pin_message' ? numberOf(row.message_id) : null
    if (pinned !== null) collector.pin(chat, `${chat}:${pinned}`, timeOf(row))
    collector.skip(key, /call/.test(textOf(row.action) ?? '') ? 'CALL' : 'SYSTEM', place)
    return
  }
  if (row.type !== 'message') {
    collector.skip(key, 'UNSUPPORTED', place)
    return
  }
  const name = textOf(row.from)
  const author = personKey(row.from_id) ?? name
  if (author === null) {
    collector.skip(key, 'NO_AUTHOR', place)
    return
  }
  const text = telegramText(row)
  const attachments = telegramFiles(row, folderOf(path), opened.source)
  if (text === '' && attachments.length === 0) {
    collector.skip(key, 'EMPTY', place)
    return
  }
  collector.person(author, { name })
  if (author.startsWith('user') && kind !== 'SELF') collector.member(chat, author)
  const reactions = reactionsOf(row)
  for (const reaction of fieldsIn(row.reactions))
    for (const recent of fieldsIn(reaction.recent)) {
      const by = personKey(recent.from_id)
      if (by !== null) collector.person(by, { name: textOf(recent.from) })
    }
  collector.message(
    chat,
    {
      ...{ key, author, text, sentAtMs: timeOf(row), order: [id], attachments, reactions },
      ...editOf(row, key, place, around),
      replyTo: replyOf(row, key, place, around),
      // By name where somebody has no username; a username does not tell who it is.
      mentions: fieldsIn(row.text_entities).flatMap(({ type, user_id: id }) =>
        type === 'mention_name' ? (personKey(idOf(id) === null ? null : `user${idOf(id)}`) ?? []) : [],
      ),
    },
    place,
  )
}

/** The server marks a message as edited with its first reaction too, and a reaction overwrites the time of a real edit. */
function editOf(row: Fields, key: string, place: Place, { collector }: Around) {
  if (textOf(row.edited) === null && textOf(row.edited_unixtime) === null) return {}
  if (fieldsIn(row.reactions).length > 0) {
    collector.warn(`${key}: that it was edited may come from a reaction`, place)
    return {}
  }
  const unixtime = Number(textOf(row.edited_unixtime) ?? Number.NaN)
  const { timeZone } = collector.options
  const local = timeZone === undefined ? null : localTime(row.edited, createZonedClock(timeZone))
  return { edited: true, editedAtMs: Number.isFinite(unixtime) ? unixtime * 1000 : local }
}

function replyOf(row: Fields, key: string, place: Place, { collector, chat }: AroundMessage): string | null {
  const to = numberOf(row.reply_to_message_id)
  if (to === null) return null
  const peer = textOf(row.reply_to_peer_id)
  if (peer === null || peer.replace(/^(user|chat|channel)/, '') === chat) return `${chat}:${to}`
  collector.warn(`${key}: the answered message is in another chat`, place)
  return null
}

const reactionsOf = (row: Fields): ImportedReaction[] =>
  fieldsIn(row.reactions).flatMap((reaction) => {
    const custom = textOf(reaction.document_id)
    const paid = reaction.type === 'paid' ? '⭐' : null
    const emoji = textOf(reaction.emoji) ?? (custom === null ? paid : `:${custom}:`)
    const by = [...new Set(fieldsIn(reaction.recent).flatMap((recent) => personKey(recent.from_id) ?? []))]
    return emoji === null ? [] : [{ emoji, by, count: Math.max(numberOf(reaction.count) ?? 0, by.length) }]
  })
