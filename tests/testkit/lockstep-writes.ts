import type { Situation } from '../chaos/writes.ts'
import { ask as post } from './api.ts'
import { keyOf } from './ask.ts'
import type { TestDatabase } from './database.ts'
import { newKey } from './person.ts'
import type { ServerProcess } from './server.ts'
import { setRole } from './support.ts'

interface Place {
  database: TestDatabase
  /** The process that takes it. */
  server: ServerProcess
}

const mutation = (name: string) => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`
  return `mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`
}

const asking = { directMessagesFrom: 'NOBODY', groupAdditionsFrom: 'NOBODY', requestsEnabled: true }
const open = { directMessagesFrom: 'EVERYONE', groupAdditionsFrom: 'EVERYONE' }

/** Writes that no client makes, or seldom, each by its name. They answer what became of them, where that is told. */
const rare = {
  /** As a new token of the embedding product says it. */
  async name({ person }, { database }) {
    const id = keyOf(person.id)
    await database.query('UPDATE users SET display_name = $2 WHERE id = $1', [id, `Called ${newKey()}`])
  },
  /** As the erasure of a person goes on, before its last step. */
  async stretch({ world, chance, person }, { database }) {
    const ids = [keyOf(person.id), keyOf(chance.pick(world.talks).id)]
    await database.query(`SELECT parley_erase_messages($1, $2, $1, 0, $3)`, [...ids, chance.between(1, 10)])
  },
  async flush(_, { database }) {
    await database.query('SELECT parley_flush_receipts(NULL, NULL, 0)')
  },
  settings: (situation, place) => send(situation, place, 'updateSettings', chosen(situation)),
  /** Of those who are asked first it is a request, and is refused otherwise. */
  async begin(situation, place) {
    const { world, chance, person } = situation
    const userId = chance.pick(world.people.filter((other) => other !== person)).id
    return send(situation, place, 'startDirect', { userId })
  },
  async answer(situation, place) {
    const { chance, person } = situation
    const { data } = await post<{ inbox: { nodes: { conversation: { id: string } }[] } }>(
      person.at(place.server.url),
      '{ inbox(filter: REQUESTS) { nodes { conversation { id } } } }',
    )
    const waiting = data?.inbox.nodes ?? []
    if (waiting.length === 0) return
    const conversationId = chance.pick(waiting).conversation.id
    return send(situation, place, chance.pick(['acceptRequest', 'declineRequest']), { conversationId })
  },
  async ban(situation, place) {
    const { world, chance } = situation
    const talk = chance.pick(world.talks.filter(({ churns }) => churns))
    const userId = chance.pick(talk.members.filter((member) => member !== talk.owner)).id
    const input = { conversationId: talk.id, userId, banned: chance.next() < 0.4 }
    return send({ ...situation, person: talk.owner }, place, 'banMember', input)
  },
  async permissions(situation, place) {
    const { world, chance } = situation
    const talk = chance.pick(world.talks.filter(({ isGroup }) => isGroup))
    const input = { conversationId: talk.id, memberPermissions: chance.pick([[], ['ADD', 'PIN']]) }
    return send({ ...situation, person: talk.owner }, place, 'setMemberPermissions', input)
  },
  /** Everybody sees what role the staff have. */
  async role({ world, chance }, { database }) {
    await setRole(database, chance.pick(['STAFF', 'ADMIN']), ...world.staff)
  },
} satisfies Record<string, (situation: Situation, place: Place) => Promise<unknown>>

const kinds = Object.keys(rare) as (keyof typeof rare)[]

const chosen = ({ chance }: Situation) =>
  chance.pick<object>([{ readReceiptsEnabled: true }, { readReceiptsEnabled: false }, asking, asking, open])

async function send({ person }: Situation, { server }: Place, name: string, input: object): Promise<string> {
  const { data, text } = await post(person.at(server.url), mutation(name), { input })
  const { __typename } = (Object.values(data ?? {})[0] ?? {}) as { __typename?: string }
  return __typename ?? text.slice(0, 80)
}

/** One of them. What it was and what became of it. */
export async function writeRarely(situation: Situation, place: Place): Promise<string> {
  const kind = situation.chance.pick(kinds)
  const outcome = await rare[kind](situation, place)
  return typeof outcome === 'string' ? `${kind} ${outcome}` : kind
}
