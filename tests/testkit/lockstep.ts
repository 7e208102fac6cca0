import { makers, nextWrite, askerOf, type Sent, type Situation } from '../chaos/writes.ts'
import { Chance } from '../chaos/chance.ts'
import type { Talk, World } from '../chaos/world.ts'
import { ask as post } from './api.ts'
import { ask } from './ask.ts'
import type { TestDatabase } from './database.ts'
import { keptQueries } from './kept.ts'
import { writeRarely } from './lockstep-writes.ts'
import { newKey, signUp, type Person } from './person.ts'
import type { ServerProcess } from './server.ts'
import { makeStaff } from './support.ts'

const peopleCount = 8

export interface LockstepOptions {
  database: TestDatabase
  /** Processes that keep answers, and one that keeps none. */
  keeping: ServerProcess[]
  plain: ServerProcess
  seed: number
  /** Answers to compare, at least. */
  count: number
  /** Ends at the first difference. */
  untilDifferent?: boolean
}

export interface Lockstep {
  compared: number
  /** Not compared, as the answer of the plain server itself changed meanwhile. */
  skipped: number
  differences: string[]
  /** How often each write was accepted. */
  writes: Record<string, number>
}

/** People, groups and pairs like those of the chaos run, and few of them, so that everything meets. */
async function populate(chance: Chance, url: string, database: TestDatabase): Promise<World> {
  const people: Person[] = []
  for (let index = 0; index < peopleCount; index++) people.push(await signUp(url, `Person ${String(index)}`))
  const staff = people.slice(-1)
  await makeStaff(database, ...staff)
  const flags = {
    isGroup: false,
    isSupport: false,
    churns: false,
    clears: false,
    doomed: false,
    blocks: false,
    headSeq: 0,
  }
  const talks: Talk[] = []
  for (let index = 0; index < 4; index++) {
    const owner = people[index]!
    const members = [owner, ...chance.shuffled(people.filter((person) => person !== owner)).slice(0, 5)]
    const id = await owner.createGroup(members.slice(1), `Group ${String(index)}`)
    talks.push({
      ...flags,
      id,
      owner,
      members,
      isGroup: true,
      churns: index === 0,
      clears: index < 2,
      doomed: index === 1,
    })
  }
  for (let index = 0; index < 4; index++) {
    const [owner, other] = [people[index]!, people[index + 3]!]
    talks.push({ ...flags, id: await owner.startDirect(other), owner, members: [owner, other], blocks: index === 0 })
  }
  const owner = people[0]!
  const query = `mutation ($input: OpenSupportInput!) { openSupport(input: $input) { ... on OpenSupportSuccess { conversation { id } } } }`
  const { data } = await post<{ openSupport: { conversation: { id: string } } }>(owner, query, {
    input: { opKey: newKey() },
  })
  talks.push({ ...flags, id: data!.openSupport.conversation.id, owner, members: [owner, ...staff], isSupport: true })
  const world: Partial<World> = { people, talks, staff, opened: [], files: new Map() }
  return world as World
}

/**
 * One write after the other, by any process, and after each the same questions to all processes: whatever was acknowledged must be in the
 * next answer of each, to the byte.
 */
export async function runLockstep(options: LockstepOptions): Promise<Lockstep> {
  const { database, keeping, plain, seed, count, untilDifferent = false } = options
  const chance = new Chance(seed)
  const world = await populate(chance, plain.url, database)
  const all = [...keeping, plain]
  const sentBy = new Map<Person, Sent[]>(world.people.map((person) => [person, []]))
  const run: Lockstep = { compared: 0, skipped: 0, differences: [], writes: {} }
  const at = (server: ServerProcess, person: Person) => person.at(server.url)

  const countWrite = (name: string) => {
    run.writes[name] = (run.writes[name] ?? 0) + 1
  }

  const write = async () => {
    const person = chance.pick(world.people)
    const sent = sentBy.get(person)!
    const situation: Situation = { world, chance, person, sent }
    if (chance.next() < 0.15) {
      countWrite(await writeRarely(situation, { database, server: chance.pick(all) }))
      return
    }
    const next = world.talks.some(({ members }) => members.includes(person)) ? nextWrite(situation) : null
    if (!next) return
    const asker = askerOf(next, person)
    const { data, text } = await post(at(chance.pick(all), asker), next.query, next.variables)
    const written = Object.values(data ?? {})[0] as { __typename: string; message?: { id: string; seq: number } } | null
    const { kind, talk } = next
    countWrite(`${kind} ${written?.__typename ?? text.slice(0, 80)}`)
    if (kind !== 'send' || !written?.message) return
    talk.headSeq = Math.max(talk.headSeq, written.message.seq)
    sentBy.get(asker)!.push({ talk, messageId: written.message.id })
  }

  /** Few, so that most have been asked before. */
  const questions = (person: Person): [string, object][] => {
    const own = world.talks.filter(({ members }) => members.includes(person))
    const id = chance.pick(chance.next() < 0.9 ? own.slice(0, 3) : world.talks).id
    const filter = chance.next() < 0.7 ? 'ACTIVE' : chance.pick(['ARCHIVED', 'UNREAD', 'MENTIONED', 'ALL'])
    return [
      [keptQueries.plainInbox, {}],
      [keptQueries.inbox, { filter, first: 4 }],
      [keptQueries.plainPage, { id }],
      [keptQueries.page, { id, last: 6 }],
    ]
  }

  const compare = async (person: Person) => {
    const asked = questions(person)
    const askAll = (server: ServerProcess) =>
      Promise.all(asked.map(([query, variables]) => ask(at(server, person), query, variables)))
    const wanted = await askAll(plain)
    const answers = await Promise.all(keeping.map(askAll))
    const after = await askAll(plain)
    for (const [place, [query, variables]] of asked.entries()) {
      const before = wanted[place]!
      if (before !== after[place]) {
        run.skipped++
        continue
      }
      for (const answer of answers.map((all) => all[place]!)) {
        run.compared++
        if (answer === before) continue
        let from = 0
        while (answer[from] === before[from]) from++
        const around = (text: string) => text.slice(Math.max(0, from - 200), from + 200)
        run.differences.push(
          `${person.handle} ${query.slice(0, 40)} ${JSON.stringify(variables)}\n- ${around(before)}\n+ ${around(answer)}`,
        )
      }
    }
  }

  // Everybody writes something first, so that there is something to read.
  for (const person of world.people) {
    for (const talk of world.talks.filter(({ members }) => members.includes(person))) {
      const { variables, query } = makers.send({ world, chance, person, sent: [] }, talk)
      await post(at(plain, person), query, variables)
    }
  }
  for (let step = 0; step < count && run.compared < count; step++) {
    if (untilDifferent && run.differences.length > 0) break
    // Most writes change nothing of what most people see.
    await write()
    await Promise.all(chance.shuffled(world.people.slice(0, 4)).slice(0, 2).map(compare))
    if (chance.next() < 0.5) await compare(chance.pick(world.people))
  }
  return run
}
