// A message on its way from its reader to whoever takes it: in a spool in between, as a text. Most messages have a text and nothing else,
// so what is usual is not written.
import type { ImportedMessage, OwnMessage, Place } from './model.ts'
import type { Order } from './spool/order.ts'
import type { Codec } from './spool/spool.ts'

/** A message as a reader finds it. */
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
  own?: OwnMessage
}

/** 1 January of year 1 and 31 December 9999: what a date of four digits can be. */
const earliestMs = -62_135_596_800_000
const latestMs = 253_402_300_799_999

export const isTime = (ms: number): boolean => Number.isFinite(ms) && ms >= earliestMs && ms <= latestMs

/** What most messages have nothing of. */
type Extras = Partial<Omit<ImportedMessage, 'key' | 'author' | 'text' | 'sentAtMs'>> & { isUnfinished?: boolean }

function extrasOf(found: FoundMessage): Extras | undefined {
  const { replyTo, reactions, attachments, topic, mentions, pinnedAtMs, own } = found
  const deleted = found.deleted === true
  // What is no time is not known.
  const editedAtMs = found.editedAtMs != null && isTime(found.editedAtMs) ? found.editedAtMs : null
  const hasReactions = reactions !== undefined && reactions.length > 0
  const hasAttachments = attachments !== undefined && attachments.length > 0
  const hasMentions = mentions !== undefined && mentions.length > 0 && !deleted
  const mentionsEveryone = found.mentionsEveryone === true && !deleted
  const isPinned = pinnedAtMs !== undefined && isTime(pinnedAtMs) && !deleted
  const isChanged = found.isUnfinished === true || found.edited === true || editedAtMs !== null || deleted
  const isHungOn = hasReactions || hasAttachments || hasMentions || mentionsEveryone || isPinned
  if (replyTo == null && topic === undefined && !own && !isChanged && !isHungOn) return undefined
  return {
    ...(found.isUnfinished === true && { isUnfinished: true }),
    ...(replyTo != null && { replyTo }),
    ...(found.edited === true && { edited: true }),
    ...(editedAtMs !== null && { editedAtMs }),
    ...(deleted && { deleted }),
    ...(hasReactions && { reactions }),
    ...(hasAttachments && { attachments }),
    ...(topic !== undefined && { topic }),
    ...(own && { own }),
    ...(hasMentions && { mentions: [...new Set(mentions)] }),
    ...(mentionsEveryone && { mentionsEveryone }),
    ...(isPinned && { pinnedAtMs }),
  }
}

export interface Held {
  message: ImportedMessage
  isUnfinished: boolean
  place: Place
  /** As it came, from 0 on. */
  number: number
}

/** What is added to a spool of messages; what comes out of it is whole. */
export interface Holding {
  found: FoundMessage
  place: Place
  number: number
}

type Written = [
  ...[number: number, file: number, entry: number | null, key: string, author: string | null, text: string | null],
  ...[sentAtMs: number, extras?: Extras],
]

export function heldCodec(): Codec<Holding, Held> {
  const files: string[] = []
  const numbers = new Map<string, number>()
  const numberOf = (file: string) => {
    let number = numbers.get(file)
    if (number === undefined) {
      number = files.push(file) - 1
      numbers.set(file, number)
    }
    return number
  }
  return {
    write({ found, place, number }) {
      const { key, author, text, sentAtMs } = found
      const extras = extrasOf(found)
      const shown = found.deleted === true ? null : text
      // Spread they would take twice as long.
      // prettier-ignore
      const written: Written = [number, numberOf(place.file), place.entry ?? null, key, author, shown, sentAtMs]
      if (extras) written.push(extras)
      return JSON.stringify(written)
    },
    read(json) {
      const [number, file, entry, key, author, text, sentAtMs, extras] = JSON.parse(json) as Written
      const message: ImportedMessage = {
        key,
        author,
        text,
        sentAtMs,
        replyTo: extras?.replyTo ?? null,
        edited: extras?.edited ?? false,
        editedAtMs: extras?.editedAtMs ?? null,
        deleted: extras?.deleted ?? false,
        reactions: extras?.reactions ?? [],
        attachments: extras?.attachments ?? [],
      }
      if (extras) addRare(message, extras)
      const place: Place = { file: files[file] ?? '' }
      if (entry !== null) place.entry = entry
      return { message, isUnfinished: extras?.isUnfinished ?? false, place, number }
    },
  }
}

function addRare(message: ImportedMessage, { topic, mentions, mentionsEveryone, pinnedAtMs, own }: Extras): void {
  if (topic !== undefined) message.topic = topic
  if (mentions) message.mentions = mentions
  if (mentionsEveryone !== undefined) message.mentionsEveryone = mentionsEveryone
  if (pinnedAtMs !== undefined) message.pinnedAtMs = pinnedAtMs
  if (own) message.own = own
}
