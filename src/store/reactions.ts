import { tableOfParameters, type Database } from './database/database.ts'
import type { MessageKey } from './messages.ts'

/** An emoji of a message with which somebody reacts now. */
export interface ReactionKind {
  /** Its number among the emoji of the message. */
  kind: number
  /** In its fully-qualified form. */
  emoji: string
  count: number
}

export interface KindKey extends MessageKey {
  kind: number
}

export interface OwnReactionsKey extends MessageKey {
  viewerId: string
}

/** Somebody who reacts to a message. */
export interface Reactor {
  userId: string
  /** eventSeq of the event with which they did. */
  eventSeq: number
}

export interface ReactedByRequest extends MessageKey {
  /** In its fully-qualified form. */
  emoji: string
  afterEventSeq: number
  limit: number
}

/** Emoji of a message (parley_toggle_reaction). The limits make the planner look each message up: a join may read all. */
const maxKinds = 20
/** Reactions that are read at once to know who of all viewers reacts to a message. */
const maxReactors = 1_000

/**
 * Reads of reactions, one statement for any number of messages. Every method rejects with UNAVAILABLE when the database does
 * not answer in time.
 */
export interface ReactionStore {
  /** For each message its emoji, oldest first. Reads one row for each, however many people react. */
  kinds(keys: readonly MessageKey[], payer?: string): Promise<ReactionKind[][]>
  /** The emoji of these numbers; null for one that is gone with its message. */
  emoji(keys: readonly KindKey[], payer?: string): Promise<(string | null)[]>
  /** For each message the kinds that the viewer reacts with. */
  own(keys: readonly OwnReactionsKey[], payer?: string): Promise<ReadonlySet<number>[]>
  /** For each message who reacts with which kind; null where they are too many. */
  reactors(keys: readonly MessageKey[], payer?: string): Promise<(ReadonlyMap<number, ReadonlySet<string>> | null)[]>
  /** For each request the people who react with the emoji, earliest first. */
  reactedBy(requests: readonly ReactedByRequest[], payer?: string): Promise<Reactor[][]>
}

const readKinds = {
  name: 'read_reaction_kinds',
  text: `SELECT r.place::int, k.kind, k.emoji, k.count
    FROM ${tableOfParameters('uuid', 'int')} WITH ORDINALITY AS r(conversation_id, seq, place)
    CROSS JOIN LATERAL (SELECT * FROM reaction_kinds
      WHERE conversation_id = r.conversation_id AND message_seq = r.seq AND since_event_seq IS NOT NULL
      ORDER BY since_event_seq LIMIT ${String(maxKinds)}) k
    ORDER BY r.place, k.since_event_seq`,
}

const readEmoji = {
  name: 'read_reaction_emoji',
  text: `SELECT r.place::int, k.emoji
    FROM ${tableOfParameters('uuid', 'int', 'int')} WITH ORDINALITY AS r(conversation_id, seq, kind, place)
    CROSS JOIN LATERAL (SELECT * FROM reaction_kinds
      WHERE conversation_id = r.conversation_id AND message_seq = r.seq AND kind = r.kind LIMIT 1) k`,
}

const readOwn = {
  name: 'read_own_reactions',
  text: `SELECT r.place::int, x.kind
    FROM ${tableOfParameters('uuid', 'int', 'uuid')} WITH ORDINALITY AS r(conversation_id, seq, user_id, place)
    CROSS JOIN LATERAL (SELECT kind FROM reactions
      WHERE conversation_id = r.conversation_id AND message_seq = r.seq AND user_id = r.user_id LIMIT ${String(maxKinds)}) x`,
}

const readReactors = {
  name: 'read_reactors',
  text: `SELECT r.place::int, x.kind, x.user_id AS "userId"
    FROM ${tableOfParameters('uuid', 'int')} WITH ORDINALITY AS r(conversation_id, seq, place)
    CROSS JOIN LATERAL (SELECT kind, user_id FROM reactions
      WHERE conversation_id = r.conversation_id AND message_seq = r.seq LIMIT ${String(maxReactors + 1)}) x`,
}

const readReactedBy = {
  name: 'read_reacted_by',
  text: `SELECT r.place::int, x.user_id AS "userId", x.event_seq AS "eventSeq"
    FROM ${tableOfParameters('uuid', 'int', 'text', 'int', 'int')}
      WITH ORDINALITY AS r(conversation_id, seq, emoji, after_event_seq, max_rows, place)
    CROSS JOIN LATERAL (SELECT * FROM reaction_kinds
      WHERE conversation_id = r.conversation_id AND message_seq = r.seq AND emoji = r.emoji LIMIT 1) k
    CROSS JOIN LATERAL (SELECT user_id, event_seq FROM reactions
      WHERE conversation_id = k.conversation_id AND message_seq = k.message_seq AND kind = k.kind
        AND event_seq > r.after_event_seq
      ORDER BY event_seq LIMIT r.max_rows) x
    ORDER BY r.place, x.event_seq`,
}

/** Rows by the place of the request that they answer, counted from 1. */
interface Placed extends Record<string, unknown> {
  place: number
}

const columns = (keys: readonly MessageKey[]) => [keys.map((key) => key.conversationId), keys.map((key) => key.seq)]

export function createReactionStore(db: Database): ReactionStore {
  return {
    async kinds(keys, payer) {
      const rows = await db.run<Placed & ReactionKind>(readKinds, columns(keys), payer)
      const kinds = keys.map((): ReactionKind[] => [])
      for (const { place, kind, emoji, count } of rows) kinds[place - 1]?.push({ kind, emoji, count })
      return kinds
    },
    async emoji(keys, payer) {
      const values = [...columns(keys), keys.map((key) => key.kind)]
      const rows = await db.run<Placed & { emoji: string }>(readEmoji, values, payer)
      const found = new Map(rows.map(({ place, emoji }) => [place, emoji]))
      return keys.map((_, index) => found.get(index + 1) ?? null)
    },
    async own(keys, payer) {
      const values = [...columns(keys), keys.map((key) => key.viewerId)]
      const rows = await db.run<Placed & { kind: number }>(readOwn, values, payer)
      const own = keys.map(() => new Set<number>())
      for (const { place, kind } of rows) own[place - 1]?.add(kind)
      return own
    },
    async reactors(keys, payer) {
      const rows = await db.run<Placed & { kind: number; userId: string }>(readReactors, columns(keys), payer)
      const found = keys.map(() => ({ count: 0, people: new Map<number, Set<string>>() }))
      for (const { place, kind, userId } of rows) {
        const reactors = found[place - 1]
        if (!reactors) continue
        reactors.count++
        const people = reactors.people.get(kind)
        if (people) people.add(userId)
        else reactors.people.set(kind, new Set([userId]))
      }
      return found.map(({ count, people }) => (count > maxReactors ? null : people))
    },
    async reactedBy(requests, payer) {
      const values = [
        ...columns(requests),
        requests.map((request) => request.emoji),
        requests.map((request) => request.afterEventSeq),
        requests.map((request) => request.limit),
      ]
      const rows = await db.run<Placed & Reactor>(readReactedBy, values, payer)
      const reactors = requests.map((): Reactor[] => [])
      for (const { place, userId, eventSeq } of rows) reactors[place - 1]?.push({ userId, eventSeq })
      return reactors
    },
  }
}
