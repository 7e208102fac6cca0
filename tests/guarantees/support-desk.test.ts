import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { parse } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import { ask, expectErrors } from '../testkit/api.ts'
import { startPair, type Pair } from '../testkit/pair.ts'
import { persistently } from '../testkit/persistently.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { Reader } from '../testkit/reader.ts'
import { startServer } from '../testkit/server.ts'
import { makeStaff, setRole } from '../testkit/support.ts'

interface DeskEvent {
  __typename: string
  cursor: { streamId: string; eventSeq: number; mark: string }
  resume: string
  message?: { text: string | null }
  reason?: string
}

const DeskEvents = parse(/* GraphQL */ `
  subscription DeskEvents($resume: String, $after: [StreamCursorInput!]) {
    supportEvents(resume: $resume, after: $after) {
      __typename
      cursor {
        streamId
        eventSeq
        mark
      }
      resume
      ... on MessageEvent {
        ... on MessageSent {
          message {
            text
          }
        }
      }
      ... on SnapshotRequired {
        reason
      }
    }
  }
`) as TypedDocumentNode<{ supportEvents: DeskEvent }, { resume?: string | null; after?: object[] | null }>

let pair: Pair
let staff: Person
let other: Person
let users: Person[]

beforeAll(async () => {
  pair = await startPair()
  staff = await signUp(pair.urls[0], 'Staff')
  other = await signUp(pair.urls[1], 'Other staff')
  users = await Promise.all([0, 1, 2, 3].map((nth) => signUp(pair.urls[nth % 2]!, `User ${String(nth)}`)))
  await makeStaff(pair.database, staff, other)
})

const follow = (who: Person, resume: string | null = null, after: object[] | null = null) =>
  Reader.open(who, DeskEvents, { resume, after }, (data) => data.supportEvents)

async function open(user: Person): Promise<string> {
  const query = `mutation ($input: OpenSupportInput!) {
    openSupport(input: $input) { ... on OpenSupportSuccess { conversation { id } } } }`
  const { data, text } = await ask<{ openSupport: { conversation?: { id: string } } }>(user, query, {
    input: { opKey: newKey() },
  })
  const id = data?.openSupport.conversation?.id
  if (id === undefined) throw new Error(text)
  return id
}

/** The token of a page of the queue: everything after it is to come. */
async function tokenNow(who: Person): Promise<string> {
  const { data } = await persistently(() =>
    ask<{ supportQueue: { resume: string } }>(who, '{ supportQueue(first: 1) { resume } }'),
  )
  if (!data) throw new Error('no queue')
  return data.supportQueue.resume
}

const keyOf = ({ cursor }: DeskEvent) => `${cursor.streamId} ${String(cursor.eventSeq)}`

/** Events of each conversation are its first ones after the first seen, in order, each once. */
function expectWhole(events: readonly DeskEvent[]): void {
  const at = new Map<string, number>()
  for (const { __typename, cursor } of events) {
    expect(__typename).not.toBe('SnapshotRequired')
    const before = at.get(cursor.streamId)
    if (before !== undefined) expect(cursor.eventSeq).toBe(before + 1)
    at.set(cursor.streamId, cursor.eventSeq)
  }
}

test('staff get every event of support conversations, also of those opened later, in each process, and of no others', async () => {
  const before = await open(users[0]!)
  const direct = await users[0]!.startDirect(users[1]!)
  const readers = await Promise.all([staff, other].map(async (who) => follow(who, await tokenNow(who))))
  await users[0]!.send(before, 'From before')
  await users[0]!.send(direct, 'A secret')
  const later = await open(users[1]!)
  await users[1]!.send(later, 'New here')
  await other.send(later, 'Welcome')
  for (const reader of readers) {
    const events = await reader.waitForCount(5)
    expectWhole(events)
    expect(events.map(({ __typename, message }) => message?.text ?? __typename)).toEqual([
      'From before',
      'MemberJoined',
      'New here',
      'MemberJoined',
      'Welcome',
    ])
    expect(events.every(({ resume }) => resume.length <= 256)).toBe(true)
    reader.cut()
  }
  const refused = await follow(users[2]!)
  expect(await refused.waitForEnd()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
})

test('goes on from single cursors, and refuses those of other conversations', async () => {
  const id = await open(users[2]!)
  await users[2]!.send(id, 'One')
  await users[2]!.send(id, 'Two')
  const reader = await follow(staff, null, [{ streamId: id, eventSeq: 1 }])
  await users[2]!.send(id, 'Three')
  const events = await reader.waitForCount(3)
  expect(events.map(({ message }) => message?.text)).toEqual(['One', 'Two', 'Three'])
  expectWhole(events)
  // In the middle of what is behind, its token knows where.
  const rest = await follow(other, null, [{ streamId: id, eventSeq: 0 }])
  const [first] = await rest.waitForCount(1)
  rest.cut()
  const { data } = await ask<{ supportQueue: { resume: string } }>(staff, '{ supportQueue { resume } }')
  expect(data?.supportQueue.resume).toMatch(/^r1/)
  const again = await follow(other, first!.resume)
  expect((await again.waitForCount(3)).slice(0, 3).map(({ message }) => message?.text)).toEqual(['One', 'Two', 'Three'])
  const group = await users[0]!.createGroup([users[1]!])
  for (const streamId of [
    group,
    Buffer.from('Conversation:00000000-0000-7000-8000-000000000000').toString('base64url'),
  ]) {
    const refused = await follow(staff, null, [{ streamId, eventSeq: 0 }])
    expect(await refused.waitForEnd()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
  }
  const bad = await follow(staff, 'nonsense')
  expect(await bad.waitForEnd()).toMatchObject({ errors: [{ extensions: { code: 'VALIDATION_ERROR' } }] })
  // A token of somebody else says nothing of this reader, who is told so and goes on live.
  const lost = await follow(other, await tokenNow(staff))
  expect((await lost.waitForCount(1))[0]).toMatchObject({ __typename: 'SnapshotRequired', reason: 'UNKNOWN_CURSOR' })
  await users[2]!.send(id, 'Four')
  await lost.waitFor(({ message }) => message?.text === 'Four')
})

test('who is cut off again and again while everybody writes, and while a process is killed, gets every event once, in order', async () => {
  const third = await startServer({ databaseUrl: pair.database.url })
  const writers = [users[0]!, users[1]!.at(third.url), users[3]!]
  let resume = await tokenNow(staff)
  const start = resume
  const seen: DeskEvent[] = []
  const written = new Set<string>()
  const all = { written: false }
  const writing = writers.map(async (user, nth) => {
    const own = [await persistently(() => open(user)), await persistently(() => open(user))]
    for (let count = 0; count < 40; count++) {
      const at = nth === 1 && count >= 15 ? users[1]! : user
      // Killed in the middle of a write of its own: what it committed comes by the relays.
      if (nth === 1 && count === 15) third.kill('SIGKILL')
      const text = `${String(nth)} ${String(count)}`
      const key = newKey()
      await persistently(() => at.send(own[count % 2]!, text, key))
      if (count % 7 === 3)
        await persistently(() => (nth % 2 ? staff : other).send(own[0]!, `Answer ${text}`, `${key}x`))
      written.add(text)
    }
  })
  void Promise.all(writing).then(() => {
    all.written = true
  })
  for (let round = 0; !all.written || round < 3; round++) {
    const reader = await follow(round % 2 ? staff : staff.at(pair.urls[1]), resume)
    await new Promise((resolve) => setTimeout(resolve, 20 + ((round * 37) % 120)))
    reader.cut()
    seen.push(...reader.events)
    resume = reader.events.at(-1)?.resume ?? resume
  }
  await Promise.all(writing)
  const last = await users[0]!.send(await open(users[0]!), 'The last one')
  const reader = await follow(staff, resume)
  await reader.waitFor(({ cursor }) => cursor.streamId === last.ack.cursor.streamId && cursor.eventSeq === 2)
  seen.push(...reader.events)
  expectWhole(seen)
  expect(new Set(seen.map(keyOf)).size).toBe(seen.length)
  const texts = new Set(seen.map(({ message }) => message?.text))
  for (const text of written) expect(texts).toContain(text)
  // Whoever was away the whole time gets the same.
  const whole = await follow(staff.at(pair.urls[1]), start)
  await whole.waitFor(({ cursor }) => cursor.streamId === last.ack.cursor.streamId && cursor.eventSeq === 2)
  expect(whole.events.map(keyOf)).toEqual(seen.map(keyOf))
})

test('ends when its reader is no longer staff, in whatever process', async () => {
  const former = await signUp(pair.urls[0], 'Former')
  await makeStaff(pair.database, former)
  await expect.poll(async () => (await ask(former, '{ supportQueue { resume } }')).errors).toBeUndefined()
  const readers = await Promise.all([former, former.at(pair.urls[1])].map((who) => follow(who)))
  await setRole(pair.database, 'USER', former)
  for (const reader of readers) expect(await reader.waitForEnd()).toBe('completed')
  expectErrors(await ask(former, '{ supportQueue { resume } }'), 'FORBIDDEN')
})
