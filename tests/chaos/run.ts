// Breaks everything that can break while people write and read. Then decides whether anything was lost, repeated, out of
// order or different from what was promised. Run: npm run chaos -- --minutes 5 --seed 1, and with --attackers while somebody
// attacks the servers too.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Attackers } from './attackers.ts'
import { Chance } from './chance.ts'
import { collect, supportHeads, untilCaughtUp } from './collect.ts'
import { DeskReader } from './desk-reader.ts'
import { Faults } from './faults.ts'
import { ChaosReader } from './reader.ts'
import { report } from './report.ts'
import { isClean, judge } from './verdict.ts'
import { logTails, World } from './world.ts'
import { Writer } from './writer.ts'

const writesPerSecond = 80
const devicesPerPerson = 2
const catchUpTimeoutMs = 60_000
/** Access tokens are valid for 15 minutes, and nothing here refreshes them. */
const maxSeconds = 14 * 60
const shownDetails = 15

function readArguments(): { seconds: number; seed: number; quiet: boolean; attackers: boolean } {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      quiet: { type: 'boolean', default: false },
      attackers: { type: 'boolean', default: false },
    },
  })
  const seconds = values.seconds !== undefined ? Number(values.seconds) : Number(values.minutes ?? '1') * 60
  const seed = Number(values.seed)
  if (!(seconds > 0 && seconds <= maxSeconds) || !Number.isInteger(seed)) {
    throw new Error(`--minutes or --seconds up to ${maxSeconds} s, and --seed with a whole number`)
  }
  return { seconds, seed, quiet: values.quiet, attackers: values.attackers }
}

function makeReaders(world: World, chance: Chance): ChaosReader[] {
  return world.people.flatMap((person, index) => {
    // Of the staff only the inbox, until they have answered.
    const own = world.talks.filter(({ members, owner, isSupport }) =>
      isSupport ? owner === person : members.includes(person),
    )
    return [null, null, chance.pick(own).id].map((conversationId, device) => {
      const byToken = device === 1
      const follows = conversationId !== null ? 'conversation' : byToken ? 'inbox by token' : 'inbox by cursors'
      const name = `reader ${index + 1}${'abc'[device] ?? ''} (${follows})`
      return new ChaosReader({ name, person, conversationId, byToken, world, chance: chance.fork() })
    })
  })
}

function makeWriters(world: World, chance: Chance): Writer[] {
  const count = world.people.length * devicesPerPerson
  return Array.from({ length: count }, (_, index) => {
    const person = world.people[index % world.people.length]!
    const meanPauseMs = (count / writesPerSecond) * 1_000
    return new Writer({ name: `device ${index + 1}`, person, world, chance: chance.fork(), meanPauseMs })
  })
}

async function chaos(world: World, chance: Chance, given: ReturnType<typeof readArguments>) {
  const { seconds, seed, quiet } = given
  const startedMs = Date.now()
  const say = (what: string) => {
    if (!quiet) console.log(`${((Date.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${what}`)
  }
  await world.start()
  const readers = makeReaders(world, chance.fork())
  const writers = makeWriters(world, chance.fork())
  const desks = world.staff.map((person, index) => new DeskReader(world, person, chance.fork(), `desk ${index + 1}`))
  await Promise.all(readers.map((reader) => reader.begin()))
  const opened = await supportHeads(world)
  await Promise.all(desks.map((desk) => desk.begin(opened)))
  say(`${world.people.length} people, ${writers.length} writing devices, ${readers.length} readers`)
  const reading = [...readers, ...desks].map((reader) => reader.run())
  const writing = writers.map((writer) => writer.run())
  const faults = new Faults(world, [...readers, ...desks], chance.fork(), say)
  const breaking = faults.run()
  const attackers = new Attackers(world, chance.fork(), say)
  const attacking = given.attackers ? attackers.run() : null

  await sleep(seconds * 1_000)
  say('everything is mended, and all writes under way are settled')
  attackers.stop()
  await Promise.all([faults.stop(), breaking, attacking])
  for (const writer of writers) writer.stop()
  await Promise.all(writing)
  say('waiting for the readers')
  const missing = await untilCaughtUp(world, readers, desks, catchUpTimeoutMs)
  say('judging')
  const history = await collect(world, writers, readers, desks)
  for (const reader of [...readers, ...desks]) reader.stop()
  await Promise.all(reading)
  const verdict = judge(history)
  report({ verdict, writers, readers: [...readers, ...desks], faults, attackers, seed, seconds })
  if (isClean(verdict)) return true
  console.log(`\nSeed ${seed}. The first of ${verdict.details.length} findings:`)
  for (const detail of [...verdict.details.slice(0, shownDetails), ...missing.slice(0, 5)]) console.log(`- ${detail}`)
  for (const { name, journal } of readers) {
    if (!verdict.details.some((detail) => detail.includes(name))) continue
    const file = join(world.logDir, `${name.split(' ').slice(0, 2).join('-')}.journal`)
    writeFileSync(file, journal.join('\n'))
    console.log(`What ${name} got: ${file}`)
  }
  console.log(`\nWhat the servers said last:\n${logTails(world.logDir, 40)}`)
  return false
}

const given = readArguments()
const chance = new Chance(given.seed)
const world = new World(chance.fork())
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Under npm one Ctrl-C arrives twice. The second must not end this process before everything that it started has ended.
  process.on(signal, () => {
    void world.stop().finally(() => process.exit(130))
  })
}
try {
  process.exitCode = (await chaos(world, chance, given)) ? 0 : 1
} catch (error) {
  console.error(error)
  console.error(logTails(world.logDir, 40))
  process.exitCode = 1
}
world.keepLogs = process.exitCode !== 0
await world.stop()
// Ends in spite of open sockets and timers of clients.
process.exit()
