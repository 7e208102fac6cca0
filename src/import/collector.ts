// Takes what a reader finds, in any order, and makes of it what is imported: each key once, in order, replies that point at
// something, and a line for everything that is left out.
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

/** Compared part by part: numbers before texts. */
export type Order = readonly (number | bigint | string)[]

export interface FoundMessage {
  key: string
  author: string | null
  /** A function where the names it mentions are known only at the end. */
  text: string | null | (() => string)
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
  message: Omit<ImportedMessage, 'text'> & { text: FoundMessage['text'] }
  order: Order
  place: Place
}

interface HeldConversation extends Omit<ImportedConversation, 'messages' | 'members'> {
  members: Set<string>
  messages: Map<string, Held>
}

export const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

export function compareOrder(a: Order, b: Order): number {
  for (let part = 0; part < a.length; part += 1) {
    const left = a[part] ?? 0
    const right = b[part] ?? 0
    if (left === right) continue
    return left < right ? -1 : 1
  }
  return 0
}

/** 1 January of year 1 and 31 December 9999: what a date of four digits can be. */
const earliestMs = -62_135_596_800_000
const latestMs = 253_402_300_799_999

const unlisted = { handle: null, name: null, email: null, bot: false, active: true, placeholder: true }

const hangingOn = ({ mentions, mentionsEveryone, pinnedAtMs }: FoundMessage) => ({
  ...(mentions && mentions.length > 0 && { mentions: [...new Set(mentions)] }),
  ...(mentionsEveryone === true && { mentionsEveryone }),
  ...(pinnedAtMs !== undefined && { pinnedAtMs }),
})

export function createCollector(format: Format, options: ReadOptions) {
  const listed = new Map<string, ImportedUser>()
  const seen = new Map<string, ImportedUser>()
  const conversations = new Map<string, HeldConversation>()
  const skipped: Skipped[] = []
  const warnings: Warning[] = []
  let entriesRead = 0
  let origin: string | null = null
  let afterwards: Afterwards | undefined

  const skip = (key: string, reason: SkipReason, place: Place): void => {
    entriesRead += 1
    skipped.push({ key, reason, place })
  }
  const warn = (text: string, place: Place): void => {
    warnings.push({ text, place })
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
    if (conversation.messages.has(found.key)) {
      skip(found.key, 'DUPLICATE', place)
      return
    }
    if (!Number.isFinite(found.sentAtMs) || found.sentAtMs < earliestMs || found.sentAtMs > latestMs) {
      warn(`${found.key}: its time is not a time between the years 1 and 9999`, place)
      skip(found.key, 'UNSUPPORTED', place)
      return
    }
    entriesRead += 1
    if (found.author !== null) person(found.author)
    for (const reaction of found.reactions ?? []) for (const key of reaction.by) person(key)
    const { order, topic } = found
    const held: Held['message'] = {
      ...{ key: found.key, author: found.author, text: found.deleted ? null : found.text, sentAtMs: found.sentAtMs },
      ...{ replyTo: found.replyTo ?? null, edited: found.edited ?? false, editedAtMs: found.editedAtMs ?? null },
      ...{ deleted: found.deleted ?? false, reactions: found.reactions ?? [], attachments: found.attachments ?? [] },
      ...(topic !== undefined && { topic }),
      ...(!found.deleted && hangingOn(found)),
      ...(found.own && { own: found.own }),
    }
    conversation.messages.set(found.key, { message: held, order, place })
  }

  /** A reply to itself, to nothing, or round in a circle is none. */
  function mendReplies(messages: Map<string, Held>): void {
    const settled = new Set<string>()
    for (const start of messages.values()) {
      const trail = new Set<string>()
      for (let at: Held | undefined = start; at && !settled.has(at.message.key);) {
        const { message: current, place }: Held = at
        trail.add(current.key)
        const parent: string | null = current.replyTo
        if (parent === null) break
        if (!messages.has(parent)) {
          warn(`${current.key}: ${parent} is not in the export`, place)
          current.replyTo = null
        } else if (trail.has(parent)) {
          warn(`${current.key}: it answers a message that answers it`, place)
          current.replyTo = null
        }
        at = current.replyTo === null ? undefined : messages.get(parent)
      }
      for (const key of trail) settled.add(key)
    }
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
          messages: new Map(),
        })
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

    finish(): Imported {
      if (conversations.size === 0 && entriesRead === 0) throw new ImportError(`There is nothing of ${format} in it.`)
      const users = [...listed.values(), ...[...seen.values()].filter(({ key }) => !listed.has(key))]
      return {
        ...{ format, options, origin, skipped, warnings, entriesRead },
        ...(afterwards && { afterwards }),
        users: users.sort((a, b) => byText(a.key, b.key)),
        conversations: [...conversations.values()]
          .sort((a, b) => byText(a.key, b.key))
          .map(({ members, messages, ...rest }) => {
            mendReplies(messages)
            const inOrder = [...messages.values()].sort((a, b) => compareOrder(a.order, b.order))
            messages.clear()
            return {
              ...rest,
              members: [...members].sort(byText),
              messages: inOrder.map(({ message: { text, ...held } }) => {
                const { key, author, ...others } = held
                return { key, author, text: typeof text === 'function' ? text() : text, ...others }
              }),
            }
          }),
      }
    },
  }
}

export type Collector = ReturnType<typeof createCollector>
