// Takes what a reader finds, in any order, and makes of it what is imported: each key once, in order, replies that point at
// something, and a line for everything that is left out.
import { heldCodec, isTime, type FoundMessage } from './held.ts'
import { circles, type Ways } from './spool/circles.ts'
import { hashOf, KeyTable, type KeyHash } from './spool/key-table.ts'
import { SpoolFolder } from './spool/part.ts'
import { Spool } from './spool/spool.ts'
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

interface HeldConversation extends Omit<ImportedConversation, 'messages' | 'members'> {
  members: Set<string>
  count: number
  replies: { number: number; to: KeyHash }[]
  pins: Map<string, number>
}

export const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** Of most messages. */
const none: never[] = []

const unlisted = { handle: null, name: null, email: null, bot: false, active: true, placeholder: true }

/** Takes what one reader finds. */
export class Collector {
  readonly options: ReadOptions
  private readonly format: Format
  private readonly listed = new Map<string, ImportedUser>()
  private readonly seen = new Map<string, ImportedUser>()
  private readonly conversations = new Map<string, HeldConversation>()
  private readonly folder = new SpoolFolder()
  private readonly messages = new Spool(this.folder, true, heldCodec())
  private readonly keys = new KeyTable()
  private readonly skipped = new Spool<Skipped>(this.folder)
  private readonly skippedByReason = new Map<SkipReason, number>()
  private readonly warnings = new Spool<Warning>(this.folder)
  private readonly attachments = { count: 0, missing: 0 }
  private hasHidden = false
  private finishText = (text: string) => text
  private entriesRead = 0
  private origin: string | null = null
  private found: Afterwards | undefined

  constructor(format: Format, options: ReadOptions) {
    this.format = format
    this.options = options
  }

  /** For sources whose keys are the same in every export: the first word for which of them it is. */
  from(name: string): void {
    this.origin ??= `${this.format}:${name}`
  }

  skip(key: string, reason: SkipReason, place: Place): void {
    this.entriesRead += 1
    this.skipped.add([key, reason], { key, reason, place })
    this.skippedByReason.set(reason, (this.skippedByReason.get(reason) ?? 0) + 1)
  }

  warn(text: string, place: Place): void {
    this.warnings.add([], { text, place })
  }

  /** What is made of texts that could not be finished when they were found. */
  finishTexts(finish: (text: string) => string): void {
    this.finishText = finish
  }

  afterwards(found: Afterwards): void {
    this.found = found
  }

  /** Somebody of the source's own list of people. */
  listedUser(user: Omit<ImportedUser, 'placeholder'>): void {
    if (!this.listed.has(user.key)) this.listed.set(user.key, { ...user, placeholder: false })
  }

  isListed(key: string): boolean {
    return this.listed.has(key)
  }

  userOf(key: string): ImportedUser | undefined {
    return this.listed.get(key) ?? this.seen.get(key)
  }

  /** Who is known only by what they did. What is learnt first stays. */
  person(key: string, known?: Partial<ImportedUser>): void {
    let user = this.seen.get(key)
    if (!user) this.seen.set(key, (user = { key, ...unlisted }))
    if (!known) return
    user.handle ??= known.handle ?? null
    user.name ??= known.name ?? null
    user.email ??= known.email ?? null
    if (known.bot) user.bot = true
  }

  hasConversation(key: string): boolean {
    return this.conversations.has(key)
  }

  /** The first one of a key counts; members add up. */
  conversation(
    found: Omit<ImportedConversation, 'messages' | 'members' | 'archived'> & { archived?: boolean; members?: string[] },
  ): void {
    const present = this.conversations.get(found.key)
    const members = found.members ?? []
    for (const key of members) this.person(key)
    if (present) for (const key of members) present.members.add(key)
    else
      this.conversations.set(found.key, {
        ...found,
        archived: found.archived ?? false,
        members: new Set(members),
        ...{ count: 0, replies: [], pins: new Map<string, number>() },
      })
  }

  member(conversationKey: string, userKey: string): void {
    this.person(userKey)
    this.conversations.get(conversationKey)?.members.add(userKey)
  }

  /** Who has left has a row too, and is no member. */
  ownMember(conversationKey: string, userKey: string, member: OwnMember): void {
    const conversation = this.conversations.get(conversationKey)
    conversation?.own?.members.set(userKey, member)
    if (member.leftAt === null) conversation?.members.add(userKey)
    if (!this.listed.has(userKey)) this.person(userKey)
  }

  /** A message is pinned, says another entry of the source. */
  pin(conversationKey: string, messageKey: string, atMs: number): void {
    const conversation = this.conversations.get(conversationKey)
    if (isTime(atMs)) conversation?.pins.set(messageKey, atMs)
  }

  /** These are, and none that were before. */
  pinOnly(conversationKey: string, messageKeys: readonly string[], atMs: number | null): void {
    const conversation = this.conversations.get(conversationKey)
    if (conversation && atMs !== null && isTime(atMs))
      conversation.pins = new Map(messageKeys.map((key) => [key, atMs]))
  }

  message(conversationKey: string, found: FoundMessage, place: Place): void {
    const conversation = this.conversations.get(conversationKey)
    if (!conversation) {
      this.skip(found.key, 'NO_CONVERSATION', place)
      return
    }
    const hash = hashOf(found.key, conversationKey)
    if (this.keys.has(hash)) {
      this.skip(found.key, 'DUPLICATE', place)
      return
    }
    if (!isTime(found.sentAtMs)) {
      this.warn(`${found.key}: its time is not a time between the years 1 and 9999`, place)
      this.skip(found.key, 'UNSUPPORTED', place)
      return
    }
    this.entriesRead += 1
    if (found.author === null) this.hasHidden = true
    else this.person(found.author)
    for (const reaction of found.reactions ?? none) for (const key of reaction.by) this.person(key)
    const number = this.keys.count
    this.keys.set(hash, number)
    conversation.count += 1
    if (found.replyTo != null) conversation.replies.push({ number, to: hashOf(found.replyTo, conversationKey) })
    for (const { missing } of found.attachments ?? none) {
      this.attachments.count += 1
      if (missing !== null) this.attachments.missing += 1
    }
    this.messages.add([conversationKey, ...found.order], { found, place, number })
  }

  discard(): void {
    this.folder.remove()
  }

  finish(): Imported {
    const { format, options, origin, skipped, skippedByReason, warnings, entriesRead, attachments, hasHidden } = this
    const { conversations, listed, seen, keys, found } = this
    if (conversations.size + listed.size + entriesRead === 0)
      throw new ImportError(`There is nothing of ${format} in it.`)
    const users = [...listed.values(), ...[...seen.values()].filter(({ key }) => !listed.has(key))]
    const ways = { parents: new Int32Array(keys.count).fill(-1), state: new Uint8Array(keys.count) }
    const inOrder = [...conversations.values()].sort((a, b) => byText(a.key, b.key))
    const read = inOrder.map((conversation) => this.conversationOf(conversation, ways))
    return {
      ...{ format, options, origin, skipped, skippedByReason, warnings, entriesRead, attachments, hasHidden },
      ...(found && { afterwards: found }),
      users: users.sort((a, b) => byText(a.key, b.key)),
      conversations: read,
      close: this.folder.remove,
    }
  }

  private conversationOf(held: HeldConversation, ways: Ways): ImportedConversation {
    const wrong = this.wrongReplies(held, ways)
    const { key, kind, title, private: isPrivate, archived, own, members, count } = held
    return {
      ...{ key, kind, title, private: isPrivate, archived },
      ...(own && { own }),
      members: [...members].sort(byText),
      messages: { count, [Symbol.iterator]: () => this.messagesOf(held, wrong) },
    }
  }

  private *messagesOf({ key, pins }: HeldConversation, wrong: Set<number>): Generator<ImportedMessage> {
    for (const { message, isUnfinished, number } of this.messages.group(key)) {
      if (wrong.has(number)) message.replyTo = null
      if (isUnfinished) message.text = this.finishText(message.text ?? '')
      const pinnedAtMs = pins.size === 0 || message.deleted ? undefined : pins.get(message.key)
      if (pinnedAtMs !== undefined) message.pinnedAtMs = pinnedAtMs
      yield message
    }
  }

  /** The numbers of replies that are none: to themselves, to nothing, or round in a circle. */
  private wrongReplies({ key, replies }: HeldConversation, { parents, state }: Ways): Set<number> {
    const missing = new Set<number>()
    for (const { number, to } of replies) {
      const parent = this.keys.get(to)
      if (parent === undefined) missing.add(number)
      else parents[number] = parent
    }
    const starts = replies.map(({ number }) => number)
    const inCircles = new Set(circles({ parents, state }, starts))
    if (missing.size + inCircles.size === 0) return missing
    for (const { message, place, number } of this.messages.group(key)) {
      if (missing.has(number)) this.warn(`${message.key}: ${message.replyTo ?? ''} is not in the export`, place)
      if (inCircles.has(number)) this.warn(`${message.key}: it answers a message that answers it`, place)
    }
    return new Set([...missing, ...inCircles])
  }
}
