// Takes what a reader finds, in any order, and makes of it what is imported: each key once, in order, replies that point at
// something, and a line for everything that is left out.
import { circles, type Ways } from './spool/circles.ts'
import { hashOf, KeyTable, type KeyHash } from './spool/key-table.ts'
import type { Order } from './spool/order.ts'
import { Spool, SpoolFolder } from './spool/spool.ts'
import {
  ImportError,
  type Afterwards,
  type Format,
  type Imported,
  type ImportedConversation,
  type ImportedMessage,
  type ImportedUser,
  type OwnMember,
  type Place,
  type ReadOptions,
  type Skipped,
  type SkipReason,
  type Warning,
} from './model.ts'

export interface FoundMessage {
  key: string
  author: string | null
  text: string | null
  /** Names that it mentions are known only at the end: see finishTexts. */
  isUnfinished?: boolean
  sentAtMs: number
  order: Order
  replyTo?: string | null
  /** The source says already that the answered message is elsewhere: no warning. */
  edited?: boolean
  editedAtMs?: number | null
  deleted?: boolean
  reactions?: ImportedMessage['reactions']
  attachments?: ImportedMessage['attachments']
  topic?: string
  mentions?: readonly string[]
  mentionsEveryone?: boolean
  pinnedAtMs?: number
  own?: ImportedMessage['own']
}

interface Held {
  message: ImportedMessage
  isUnfinished: boolean
  place: Place
  /** As it came, from 0 on. */
  number: number
}

interface HeldConversation extends Omit<ImportedConversation, 'messages' | 'members'> {
  members: Set<string>
  count: number
  replies: { number: number; to: KeyHash }[]
  pins: Map<string, number>
}

export const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** 1 January of year 1 and 31 December 9999: what a date of four digits can be. */
const earliestMs = -62_135_596_800_000
const latestMs = 253_402_300_799_999

const isTime = (ms: number) => Number.isFinite(ms) && ms >= earliestMs && ms <= latestMs
/** What is no time is not known. */
const timeOrNull = (ms: number | null | undefined) => (ms != null && isTime(ms) ? ms : null)

const unlisted = { handle: null, name: null, email: null, bot: false, active: true, placeholder: true }

const hangingOn = ({ mentions, mentionsEveryone, pinnedAtMs }: FoundMessage) => ({
  ...(mentions && mentions.length > 0 && { mentions: [...new Set(mentions)] }),
  ...(mentionsEveryone === true && { mentionsEveryone }),
  ...(pinnedAtMs !== undefined && isTime(pinnedAtMs) && { pinnedAtMs }),
})

export function createCollector(format: Format, options: ReadOptions) {
  const listed = new Map<string, ImportedUser>()
  const seen = new Map<string, ImportedUser>()
  const conversations = new Map<string, HeldConversation>()
  const folder = new SpoolFolder()
  const messages = new Spool<Held>(folder, true)
  const keys = new KeyTable()
  const skipped = new Spool<Skipped>(folder)
  const skippedByReason = new Map<SkipReason, number>()
  const warnings = new Spool<Warning>(folder)
  const attachments = { count: 0, missing: 0 }
  let hasHidden = false
  let finishText = (text: string) => text
  let entriesRead = 0
  let origin: string | null = null
  let afterwards: Afterwards | undefined

  const skip = (key: string, reason: SkipReason, place: Place): void => {
    entriesRead += 1
    skipped.add([key, reason], { key, reason, place })
    skippedByReason.set(reason, (skippedByReason.get(reason) ?? 0) + 1)
  }
  const warn = (text: string, place: Place): void => {
    warnings.add([], { text, place })
  }

  /** Who is known only by what they did. What is learnt first stays. */
  const person = (key: string, known: Partial<ImportedUser> = {}): void => {
    const user = seen.get(key) ?? { key, ...unlisted }
    user.handle ??= known.handle ?? null
    user.name ??= known.name ?? null
    user.email ??= known.email ?? null
    if (known.bot) user.bot = true
    seen.set(key, user)
  }

  function message(conversationKey: string, found: FoundMessage, place: Place): void {
    const conversation = conversations.get(conversationKey)
    if (!conversation) {
      skip(found.key, 'NO_CONVERSATION', place)
      return
    }
    const hash = hashOf(conversationKey, found.key)
    if (keys.has(hash)) {
      skip(found.key, 'DUPLICATE', place)
      return
    }
    if (!isTime(found.sentAtMs)) {
      warn(`${found.key}: its time is not a time between the years 1 and 9999`, place)
      skip(found.key, 'UNSUPPORTED', place)
      return
    }
    entriesRead += 1
    if (found.author === null) hasHidden = true
    else person(found.author)
    for (const reaction of found.reactions ?? []) for (const key of reaction.by) person(key)
    const { order, topic } = found
    const held: ImportedMessage = {
      ...{ key: found.key, author: found.author, text: found.deleted ? null : found.text, sentAtMs: found.sentAtMs },
      ...{ replyTo: found.replyTo ?? null, edited: found.edited ?? false, editedAtMs: timeOrNull(found.editedAtMs) },
      ...{ deleted: found.deleted ?? false, reactions: found.reactions ?? [], attachments: found.attachments ?? [] },
      ...(topic !== undefined && { topic }),
      ...(!found.deleted && hangingOn(found)),
      ...(found.own && { own: found.own }),
    }
    const number = keys.count
    keys.set(hash, number)
    conversation.count += 1
    if (held.replyTo !== null) conversation.replies.push({ number, to: hashOf(conversationKey, held.replyTo) })
    attachments.count += held.attachments.length
    attachments.missing += held.attachments.filter(({ missing }) => missing !== null).length
    messages.add([conversationKey, ...order], {
      message: held,
      isUnfinished: found.isUnfinished ?? false,
      place,
      number,
    })
  }

  /** The numbers of replies that are none: to themselves, to nothing, or round in a circle. */
  function wrongReplies({ key, replies }: HeldConversation, { parents, state }: Ways): Set<number> {
    const missing = new Set<number>()
    for (const { number, to } of replies) {
      const parent = keys.get(to)
      if (parent === undefined) missing.add(number)
      else parents[number] = parent
    }
    const starts = replies.map(({ number }) => number)
    const inCircles = new Set(circles({ parents, state }, starts))
    if (missing.size + inCircles.size === 0) return missing
    for (const { message: held, place, number } of messages.group(key)) {
      if (missing.has(number)) warn(`${held.key}: ${held.replyTo ?? ''} is not in the export`, place)
      if (inCircles.has(number)) warn(`${held.key}: it answers a message that answers it`, place)
    }
    return new Set([...missing, ...inCircles])
  }

  return {
    options,
    /** For sources whose keys are the same in every export: the first word for which of them it is. */
    from(name: string): void {
      origin ??= `${format}:${name}`
    },
    skip,
    warn,
    person,
    message,
    /** What is made of texts that could not be finished when they were found. */
    finishTexts(finish: (text: string) => string): void {
      finishText = finish
    },
    afterwards(found: Afterwards): void {
      afterwards = found
    },

    /** Somebody of the source's own list of people. */
    listedUser(user: Omit<ImportedUser, 'placeholder'>): void {
      if (!listed.has(user.key)) listed.set(user.key, { ...user, placeholder: false })
    },
    isListed: (key: string) => listed.has(key),
    userOf: (key: string) => listed.get(key) ?? seen.get(key),
    hasConversation: (key: string) => conversations.has(key),

    /** The first one of a key counts; members add up. */
    conversation(
      found: Omit<ImportedConversation, 'messages' | 'members' | 'archived'> & {
        archived?: boolean
        members?: string[]
      },
    ): void {
      const present = conversations.get(found.key)
      const members = found.members ?? []
      for (const key of members) person(key)
      if (present) for (const key of members) present.members.add(key)
      else
        conversations.set(found.key, {
          ...found,
          archived: found.archived ?? false,
          members: new Set(members),
          ...{ count: 0, replies: [], pins: new Map<string, number>() },
        })
    },
    /** A message is pinned, says another entry of the source. */
    pin(conversationKey: string, messageKey: string, atMs: number): void {
      const conversation = conversations.get(conversationKey)
      if (isTime(atMs)) conversation?.pins.set(messageKey, atMs)
    },
    /** These are, and none that were before. */
    pinOnly(conversationKey: string, messageKeys: readonly string[], atMs: number | null): void {
      const conversation = conversations.get(conversationKey)
      if (conversation && atMs !== null && isTime(atMs))
        conversation.pins = new Map(messageKeys.map((key) => [key, atMs]))
    },
    /** Who has left has a row too, and is no member. */
    ownMember(conversationKey: string, userKey: string, member: OwnMember): void {
      const conversation = conversations.get(conversationKey)
      conversation?.own?.members.set(userKey, member)
      if (member.leftAt === null) conversation?.members.add(userKey)
      if (!listed.has(userKey)) person(userKey)
    },
    member(conversationKey: string, userKey: string): void {
      person(userKey)
      conversations.get(conversationKey)?.members.add(userKey)
    },

    discard: () => folder.remove(),

    finish(): Imported {
      if (conversations.size === 0 && entriesRead === 0) throw new ImportError(`There is nothing of ${format} in it.`)
      const users = [...listed.values(), ...[...seen.values()].filter(({ key }) => !listed.has(key))]
      const ways = { parents: new Int32Array(keys.count).fill(-1), state: new Uint8Array(keys.count) }
      const inOrder = [...conversations.values()].sort((a, b) => byText(a.key, b.key))
      const read = inOrder.map((conversation) => messagesOf(conversation, ways))
      return {
        ...{ format, options, origin, skipped, skippedByReason, warnings, entriesRead, attachments, hasHidden },
        ...(afterwards && { afterwards }),
        users: users.sort((a, b) => byText(a.key, b.key)),
        conversations: read,
        close: folder.remove,
      }
    },
  }

  function messagesOf(held: HeldConversation, ways: Ways): ImportedConversation {
    const wrong = wrongReplies(held, ways)
    const { key, kind, title, private: isPrivate, archived, own, members, count, pins } = held
    return {
      ...{ key, kind, title, private: isPrivate, archived },
      ...(own && { own }),
      members: [...members].sort(byText),
      messages: {
        count,
        *[Symbol.iterator]() {
          for (const { message: found, isUnfinished, number } of messages.group(key)) {
            if (wrong.has(number)) found.replyTo = null
            if (isUnfinished) found.text = finishText(found.text ?? '')
            const pinnedAtMs = pins.size === 0 || found.deleted ? undefined : pins.get(found.key)
            if (pinnedAtMs !== undefined) found.pinnedAtMs = pinnedAtMs
            yield found
          }
        },
      },
    }
  }
}

export type Collector = ReturnType<typeof createCollector>
