import { ask } from '../../testkit/api.ts'
import type { Pair } from '../../testkit/pair.ts'
import { newKey, signUp, type Person } from '../../testkit/person.ts'
import { setRole } from '../../testkit/support.ts'

/** Who looks, in the order in which they try what changes something: those who may do most come last. */
export const viewers = ['outsider', 'former', 'suspended', 'blocked', 'staff', 'admin', 'member', 'groupAdmin'] as const
export type ViewerName = (typeof viewers)[number]

/** What may be named in an operation. */
export interface Ids {
  conversation: string
  /** Of Bob, in it. */
  message: string
  /** A plain member of the group. */
  bob: string
  /** Somebody else, with whom nobody here shares anything. */
  stranger: string
}

export interface World {
  people: Record<ViewerName, Person>
  owner: Person
  bob: Person
  stranger: Person
  /** Whoever is erased. */
  gone: Person
  support: string
  report: string
  /** Another group with the same people, as it was at first. */
  group(): Promise<Ids>
}

const done = async (answer: ReturnType<typeof ask>) => {
  const { data, errors } = await answer
  const [result] = Object.values(data ?? {}) as Record<string, unknown>[]
  if (errors || !result || 'code' in result) throw new Error(JSON.stringify({ data, errors }))
  return result
}

/** A mutation of a member of the world that is known to work. */
const run = (person: Person, field: string, input: object, selection = '__typename') => {
  const type = `${field[0]?.toUpperCase() ?? ''}${field.slice(1)}`
  const query = `mutation ($input: ${type}Input!) { ${field}(input: $input) { ... on ${type}Success { ${selection} } ... on Error { code reason } } }`
  return done(ask(person, query, { input }))
}

export async function makeWorld({ urls, database }: Pair): Promise<World> {
  const names = [...viewers, 'owner', 'bob', 'stranger', 'gone'] as const
  const made = await Promise.all(names.map((name, index) => signUp(urls[index % 2]!, name)))
  const person = (name: (typeof names)[number]) => made[names.indexOf(name)]!
  const people = Object.fromEntries(viewers.map((name) => [name, person(name)])) as World['people']
  const [owner, bob, stranger, gone] = [person('owner'), person('bob'), person('stranger'), person('gone')]
  await setRole(database, 'STAFF', people.staff)
  await setRole(database, 'ADMIN', people.admin)
  await run(bob, 'blockUser', { userId: people.blocked.id, blocked: true })
  await run(people.admin, 'suspendUser', { userId: people.suspended.id })
  const group = async (): Promise<Ids> => {
    const { former, suspended, blocked, member, groupAdmin } = people
    const conversation = await owner.createGroup([bob, former, suspended, blocked, member, groupAdmin], 'Ours')
    await run(owner, 'setMemberRole', { conversationId: conversation, userId: groupAdmin.id, role: 'ADMIN' })
    const { message } = await bob.send(conversation, 'Hello')
    await run(owner, 'removeMember', { conversationId: conversation, userId: former.id })
    return { conversation, message: message.id, bob: bob.id, stranger: stranger.id }
  }
  const opened = await run(bob, 'openSupport', { opKey: newKey() }, 'conversation { id }')
  const { message } = await group()
  const reported = await run(
    people.member,
    'reportMessage',
    { messageId: message, reason: 'SPAM', opKey: newKey() },
    'report { id }',
  )
  return {
    ...{ people, owner, bob, stranger, gone, group },
    support: (opened.conversation as { id: string }).id,
    report: (reported.report as { id: string }).id,
  }
}
