import { expect, test } from 'vitest'
import { createTestDatabase } from '../testkit/database.ts'
import { ask } from '../testkit/ask.ts'
import { effort } from '../testkit/effort.ts'
import { countedEnv, keptOf, keptQueries } from '../testkit/kept.ts'
import { runLockstep } from '../testkit/lockstep.ts'
import { newKey, signUp } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

const count = effort(10_000, 400)
const seed = effort(Date.now() % 1_000_000, 7)
// What is flushed between two answers would make them differ.
const quiet = { RECEIPT_FLUSH_INTERVAL_MS: '60000', HOUSEKEEPING_INTERVAL_MS: '3600000', RECEIPT_GATHER_MEMBERS: '6' }

const timeout = effort(3_600_000, 120_000)

test(
  `kept answers are those of a process that keeps none, after writes of every kind by all of them (seed ${String(seed)})`,
  { timeout },
  async () => {
    const database = await createTestDatabase()
    const start = (env: Record<string, string>) => startServer({ databaseUrl: database.url, env: { ...quiet, ...env } })
    const [one, other, plain] = await Promise.all([start(countedEnv), start(countedEnv), start({ READ_CACHE_MB: '0' })])
    const run = await runLockstep({ database, keeping: [one, other], plain, seed, count })
    if (effort(true, process.env.LOCKSTEP_LOG !== undefined))
      console.log(JSON.stringify({ ...run, kept: await keptOf(one) }))
    expect(run.differences.slice(0, 3)).toEqual([])
    expect(run.compared).toBeGreaterThanOrEqual(count)
    expect(run.skipped).toBeLessThan(run.compared / 10)
    const { hits, parts, misses } = await keptOf(one)
    // Otherwise nothing was compared but one execution with another.
    expect(hits).toBeGreaterThan(count / 40)
    expect(misses).toBeGreaterThan(count / 40)
    expect(parts).toBeGreaterThan(count / 100)
    expect(Object.keys(run.writes).length).toBeGreaterThan(effort(20, 4))
  },
)

test('without the look at the log the same comparison finds differences', async () => {
  const database = await createTestDatabase()
  const start = (env: Record<string, string>) => startServer({ databaseUrl: database.url, env: { ...quiet, ...env } })
  const [unproven, plain] = await Promise.all([
    start({ READ_CACHE_MB: '64', PARLEY_FAULT: 'keep-unproven:1' }),
    start({ READ_CACHE_MB: '0' }),
  ])
  const run = await runLockstep({ database, keeping: [unproven], plain, seed: 7, count: 400, untilDifferent: true })
  expect(run.differences).not.toEqual([])
})

test(
  'while all write at once through two processes, everybody reads what was acknowledged before, and nothing that was taken back',
  async () => {
    const database = await createTestDatabase()
    const servers = await Promise.all([0, 1].map(() => startServer({ databaseUrl: database.url, env: countedEnv })))
    const people = await Promise.all(Array.from({ length: 6 }, (_, index) => signUp(servers[index % 2]!.url)))
    const groups: string[] = []
    for (const owner of people.slice(0, 4)) groups.push(await owner.createGroup(people.filter((one) => one !== owner)))
    /** Texts that were edited or deleted, and this was acknowledged. */
    const gone = new Set<string>()
    const wrong: string[] = []
    let readCount = 0
    const live = async (index: number) => {
      const at = (turn: number) => people[index]!.at(servers[(index + turn) % 2]!.url)
      for (let turn = 0; turn < effort(200, 25); turn++) {
        const group = groups[(index + turn) % groups.length]!
        const text = `written ${newKey()}`
        const { message } = await at(turn).send(group, text)
        let shown: string | null = text
        if (turn % 3 === 1) {
          shown = `edited ${newKey()}`
          await at(turn).edit(message.id, shown)
          gone.add(text)
        } else if (turn % 3 === 2) {
          shown = null
          await at(turn).remove(message.id)
          gone.add(text)
        }
        const goneBefore = [...gone]
        const reader = at(turn + 1)
        const [page, inbox] = await Promise.all([
          ask(reader, keptQueries.plainPage, { id: group }),
          ask(reader, keptQueries.plainInbox, {}),
        ])
        readCount++
        interface Shown {
          data: { conversation: { messages: { nodes: { id: string; seq: number; text: string | null }[] } } }
        }
        const { nodes } = (JSON.parse(page.slice(4)) as Shown).data.conversation.messages
        const own = nodes.find(({ id }) => id === message.id)
        const isWhole = nodes.every(({ seq }, place) => seq === nodes[0]!.seq + place)
        if (own?.text !== shown || !isWhole) wrong.push(`${String(shown)} is not in ${page}`)
        for (const lost of goneBefore)
          if (page.includes(lost) || inbox.includes(lost)) wrong.push(`${lost} is in ${page} or ${inbox}`)
      }
    }
    await Promise.all(people.map((_, index) => live(index)))
    expect(wrong.slice(0, 2)).toEqual([])
    const figures = await Promise.all(servers.map(keptOf))
    // Otherwise everything was executed.
    expect(figures[0]!.parts + figures[1]!.parts).toBeGreaterThan(readCount / 10)
  },
  timeout,
)
