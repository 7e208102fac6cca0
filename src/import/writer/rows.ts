// A message of the source as rows of the tables: cut where it is too long, files that are not there as words.
import { LRUCache } from 'lru-cache'
import { toEmoji } from '../../domain/text/emoji.ts'
import type { ImportedAttachment, ImportedMessage, OwnMessage } from '../model.ts'
import type { KeyHash } from '../spool/key-table.ts'
import { messageIdOf } from './keys.ts'

/** Code points of one message. */
const maxTextLength = 4000
/** Kinds of reactions of one message, as the API allows them. */
const maxReactionKinds = 20
/** People whom one message mentions, as the API allows them. */
const maxMentions = 50
/** Files of one message, as the API allows them. */
const maxAttachments = 10

export interface ReactionRow {
  emoji: string
  by: string[]
}

export interface MessageRow {
  /** Of the message that it is, or is a part of. */
  key: string
  clientMessageId: string
  /** Of the clientMessageId. */
  idHash: KeyHash
  author: string | null
  text: string | null
  sentAtMs: number
  editedAtMs: number | null
  deleted: boolean
  /** Key of the answered message. */
  replyTo: string | null
  reactions: ReactionRow[]
  attachments: ImportedAttachment[]
  /** Keys of people. */
  mentions: string[]
  mentionsEveryone: boolean
  pinnedAtMs: number | null
  own: OwnMessage | null
}

export interface NotKept {
  key: string
  what: string
}

/** PostgreSQL's texts have no NUL, and what shows nothing at all is no text here. */
const storable = (text: string) => text.replaceAll('\0', '\uFFFD')

function shownMissing({ name, ref, link = ref ?? '' }: ImportedAttachment): string {
  if (/^(https?|mxc):\/\//i.test(link)) return name === null ? link : `${name} (${link})`
  return `[${name ?? 'file'}]`
}

function cut(text: string): string[] {
  if (text.length <= maxTextLength) return [text]
  const letters = Array.from(text)
  const parts: string[] = []
  for (let from = 0; from < letters.length; from += maxTextLength)
    parts.push(letters.slice(from, from + maxTextLength).join(''))
  return parts
}

/** Of most messages most lists are empty. */
const none: never[] = []

export function rowsOf(
  source: string,
  conversation: string,
  message: ImportedMessage,
  nowMs: number,
  lose: (what: string) => void,
): MessageRow[] {
  const { key, author } = message
  const here = message.attachments.length === 0 ? none : message.attachments.filter(({ missing }) => missing === null)
  const missing = message.attachments.length === 0 ? none : message.attachments.filter((each) => each.missing !== null)
  for (const { name, missing: why } of missing) lose(`attachment ${name ?? 'without a name'}: ${why ?? ''}`)
  const words =
    missing.length === 0
      ? (message.text ?? '')
      : [message.text ?? '', ...missing.map(shownMissing)].filter((part) => part !== '').join('\n')
  const reactions = reactionsOf(message, lose)
  if (message.sentAtMs > nowMs) lose('its time is in the future: it has the time of the import')
  const sentAtMs = Math.min(message.sentAtMs, nowMs)
  const edited = message.edited && !message.deleted ? (message.editedAtMs ?? sentAtMs) : null
  const texts = message.deleted ? [''] : cut(storable(words))
  const filePages = message.deleted ? 1 : Math.ceil(here.length / maxAttachments)
  const rows: MessageRow[] = []
  for (let part = 0; part < Math.max(texts.length, filePages); part += 1) {
    const isFirst = part === 0
    const { text: clientMessageId, hash: idHash } = messageIdOf(source, conversation, key, part)
    rows.push({
      key,
      clientMessageId,
      idHash,
      author,
      // Nothing is no text.
      text: texts[part] || null,
      sentAtMs,
      editedAtMs: edited === null ? null : Math.min(edited, nowMs),
      deleted: message.deleted,
      replyTo: isFirst ? message.replyTo : null,
      reactions: isFirst ? reactions : none,
      attachments:
        message.deleted || here.length === 0 ? none : here.slice(part * maxAttachments, (part + 1) * maxAttachments),
      mentions: isFirst && message.mentions ? message.mentions.slice(0, maxMentions) : none,
      mentionsEveryone: isFirst && message.mentionsEveryone === true,
      pinnedAtMs: isFirst && message.pinnedAtMs !== undefined ? Math.min(message.pinnedAtMs, nowMs) : null,
      own: message.own ?? null,
    })
  }
  return rows
}

/** There are few, and looking one up takes longer than all else that is done for a message. */
const emojis = new LRUCache<string, { emoji: string | null }>({ max: 5_000 })

function emojiOf(text: string): string | null {
  let known = emojis.get(text)
  if (!known) emojis.set(text, (known = { emoji: toEmoji(text) }))
  return known.emoji
}

function reactionsOf({ reactions }: ImportedMessage, lose: (what: string) => void): ReactionRow[] {
  if (reactions.length === 0) return none
  const byEmoji = new Map<string, Set<string>>()
  for (const { emoji, by, count } of reactions) {
    const known = emojiOf(emoji)
    if (known === null) lose(`reaction ${emoji}: an emoji of the source alone`)
    else if (!byEmoji.has(known) && byEmoji.size >= maxReactionKinds) lose(`reaction ${emoji}: too many kinds`)
    else {
      const people = byEmoji.get(known) ?? new Set()
      for (const person of by) people.add(person)
      byEmoji.set(known, people)
      if (count > by.length) lose(`reaction ${emoji}: ${count - by.length} people whom the source does not name`)
    }
  }
  return [...byEmoji].flatMap(([emoji, by]) => (by.size === 0 ? [] : [{ emoji, by: [...by] }]))
}
