import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import {
  LeaveConversationDocument,
  LogoutDocument,
  RemoveMemberDocument,
  SetTypingDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import type { Pair } from '../testkit/pair.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import { startServer } from '../testkit/server.ts'
import { sharedPair } from '../testkit/shared.ts'
import { subscribeBySse } from '../testkit/sse.ts'

/*
 * When typing ends for another reason than its time, somebody else who began to type before, and says nothing more, tells
 * so: their end by time comes after it.
 */

let pair: Pair
beforeAll(async () => {
  pair = await sharedPair()
})

/** Ann types, Bob reads, Cid does what the test needs; all are in a group. */
async function group(urls: readonly [string, string] = pair.urls) {
  const [ann, bob, cid] = [await signUp(urls[0]), await signUp(urls[1]), await signUp(urls[0])]
  const id = await ann.createGroup([bob, cid])
  return { ann, bob, cid, id }
}

type Reading = Awaited<ReturnType<Person['typingEvents']>>

/** What a reader was told of these people, as `ann +` and `ann -`. */
const toldOf = (reader: Reading, people: Record<string, Person>) =>
  reader.events.flatMap(({ user, typing }) =>
    Object.entries(people)
      .filter(([, person]) => person.id === user.id)
      .map(([name]) => `${name} ${typing ? '+' : '-'}`),
  )

const untilTold = (reader: Reading, people: Record<string, Person>, lines: string[]) =>
  vi.waitFor(() => expect(toldOf(reader, people)).toEqual(lines), { timeout: 20_000 })

/** A reader that has surely begun: somebody types until it hears of that. */
async function reading(person: Person, id: string, somebody: Person): Promise<Reading> {
  const reader = await person.typingEvents(id)
  while (reader.events.length === 0 && reader.ended === null) {
    await somebody.setTyping(id, true)
    await delay(100)
  }
  return reader
}

async function typeOnSocket(person: Person, id: string): Promise<RawSocket> {
  const socket = await RawSocket.connect(person)
  const answered = new Promise<void>((resolve) => {
    socket.onData = (_, data) => {
      expect(data).toEqual({ setTyping: true })
      resolve()
    }
  })
  socket.begin('typing', SetTypingDocument, { input: { conversationId: id, typing: true } })
  await answered
  return socket
}

describe.concurrent('typing', () => {
  test('is told on and off to the readers on every server, also to those who come later, and not to oneself', async () => {
    const { ann, bob, cid, id } = await group()
    const [there, here] = [await reading(bob, id, cid), await reading(bob.at(pair.urls[0]), id, cid)]
    const own = await reading(ann.at(pair.urls[1]), id, cid)
    expect(await ann.setTyping(id, true)).toBe(true)
    for (const reader of [there, here]) await untilTold(reader, { ann }, ['ann +'])
    expect(there.events.at(-1)).toMatchObject({
      conversationId: id,
      typing: true,
      user: { id: ann.id, handle: ann.handle, displayName: 'Somebody' },
    })
    const later = await bob.typingEvents(id)
    await untilTold(later, { ann }, ['ann +'])
    expect(await ann.setTyping(id, false)).toBe(true)
    for (const reader of [there, here, later]) await untilTold(reader, { ann }, ['ann +', 'ann -'])
    expect(toldOf(own, { ann })).toEqual([])
  })

  test('ends by itself when the server it was set through is killed', async () => {
    const third = await startServer({ databaseUrl: pair.database.url })
    const { ann, bob, cid, id } = await group([third.url, pair.urls[1]])
    const reader = await reading(bob, id, cid)
    await typeOnSocket(ann, id)
    await untilTold(reader, { ann }, ['ann +'])
    third.kill('SIGKILL')
    await third.exited
    await untilTold(reader, { ann }, ['ann +', 'ann -'])
  })

  test('ends with the message, also when that goes through another server', async () => {
    const { ann, bob, cid, id } = await group()
    const reader = await reading(bob, id, cid)
    await untilTold(reader, { cid }, ['cid +'])
    await ann.setTyping(id, true)
    await untilTold(reader, { ann }, ['ann +'])
    await ann.at(pair.urls[1]).send(id, 'Done')
    await untilTold(reader, { ann, cid }, ['cid +', 'ann +', 'ann -', 'cid -'])
  })

  test('ends when the socket closes through which it was set', async () => {
    const { ann, bob, cid, id } = await group()
    const reader = await reading(bob, id, cid)
    const socket = await typeOnSocket(ann, id)
    await untilTold(reader, { ann, cid }, ['cid +', 'ann +'])
    socket.socket.terminate()
    await untilTold(reader, { ann, cid }, ['cid +', 'ann +', 'ann -', 'cid -'])
  })

  test('is at most one event a second for each person, whatever comes', async () => {
    const { ann, bob, cid, id } = await group()
    const sse = await subscribeBySse(
      bob,
      'subscription ($id: ID!) { typingEvents(conversationId: $id) { typing user { id } } }',
      { id },
    )
    const reader = await reading(bob, id, cid)
    const ofSse = () =>
      sse.results.filter(({ data }) => (data?.typingEvents as { user: { id: string } }).user.id === ann.id)
    const startedAtMs = performance.now()
    let typing = false
    while (performance.now() - startedAtMs < 3_500) await ann.setTyping(id, (typing = !typing))
    if (!typing) await ann.setTyping(id, true)
    await vi.waitFor(() => expect(toldOf(reader, { ann }).at(-1)).toBe('ann +'), { timeout: 20_000 })
    const most = 1 + (performance.now() - startedAtMs) / 1_000
    for (const told of [toldOf(reader, { ann }), ofSse()]) {
      expect(told.length).toBeGreaterThan(1)
      expect(told.length).toBeLessThanOrEqual(most)
    }
    // Each is a change.
    expect(toldOf(reader, { ann })).toEqual(toldOf(reader, { ann }).map((_, index) => (index % 2 ? 'ann -' : 'ann +')))
  })

  test('of somebody who is removed ends for the others, and they can set nothing more', async () => {
    const { ann, bob, cid, id } = await group()
    const reader = await reading(bob, id, ann)
    await untilTold(reader, { ann }, ['ann +'])
    await cid.setTyping(id, true)
    await untilTold(reader, { cid }, ['cid +'])
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: id, userId: cid.id } })
    expect(await cid.setTyping(id, true)).toBe(false)
    await untilTold(reader, { ann, cid }, ['ann +', 'cid +', 'cid -', 'ann -'])
  })

  test('cannot be set or read by who is not in the conversation', async () => {
    const { ann, bob, cid, id } = await group()
    const eve = await signUp(pair.urls[0])
    const reader = await reading(bob, id, cid)
    expect(await eve.setTyping(id, true)).toBe(false)
    for (const conversationId of [id, 'nonsense', eve.id]) {
      const refused = await eve.typingEvents(conversationId)
      expect(await refused.waitForEnd()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] })
    }
    expect(await ann.setTyping(id, true)).toBe(true)
    await untilTold(reader, { ann, eve }, ['ann +'])
  })

  test.each(['', 'nonsense', 'Q29udmVyc2F0aW9uOng', '\0'])('with the id %j is answered false', async (id) => {
    const somebody = await signUp(pair.urls[0])
    expect(await somebody.setTyping(id, true)).toBe(false)
    expect(await somebody.setTyping(id, false)).toBe(false)
  })

  test('needs a viewer', async () => {
    const { data, errors } = await ask(
      pair.urls[0],
      'mutation { setTyping(input: { conversationId: "x", typing: true }) }',
    )
    expect([data, errors?.[0]?.extensions.code]).toEqual([null, 'UNAUTHENTICATED'])
  })

  test.each([
    [
      'is removed',
      (owner: Person, reader: Person, id: string) =>
        owner.client.request(RemoveMemberDocument, { input: { conversationId: id, userId: reader.id } }),
    ],
    [
      'leaves',
      (_: Person, reader: Person, id: string) =>
        reader.client.request(LeaveConversationDocument, { input: { conversationId: id } }),
    ],
  ])('is over for a reader who %s', async (_, leave) => {
    const { ann, bob, cid, id } = await group()
    const reader = await reading(bob, id, cid)
    await leave(ann, bob, id)
    expect(await reader.waitForEnd()).toBe('completed')
    const sawBefore = reader.events.length
    const others = await reading(cid, id, ann)
    await untilTold(others, { ann }, ['ann +'])
    expect(reader.events).toHaveLength(sawBefore)
  })

  test('is over for a reader whose session ends', async () => {
    const { bob, cid, id } = await group()
    const reader = await reading(bob, id, cid)
    const sse = await subscribeBySse(bob, 'subscription ($id: ID!) { typingEvents(conversationId: $id) { typing } }', {
      id,
    })
    await bob.at(pair.urls[0]).client.request(LogoutDocument, {})
    expect(await reader.waitForEnd()).toEqual({ closeCode: 4401 })
    expect(await sse.waitForEnd()).toBe('cut')
  })

  test('is told to a reader that stalled as it is by then', async () => {
    const { ann, bob, cid, id } = await group()
    const reader = await reading(bob, id, cid)
    const lively = await reading(bob, id, cid)
    reader.stall()
    await ann.setTyping(id, true)
    await untilTold(lively, { ann }, ['ann +'])
    reader.resume()
    await untilTold(reader, { ann }, ['ann +'])
  })

  test('goes by the process alone when there is no Redis', async () => {
    const server = await startServer({ databaseUrl: (await createTestDatabase()).url, redisUrl: null })
    const { ann, bob, cid, id } = await group([server.url, server.url])
    const reader = await reading(bob, id, cid)
    const socket = await typeOnSocket(ann, id)
    await untilTold(reader, { ann, cid }, ['cid +', 'ann +'])
    await ann.send(id, 'Done')
    await untilTold(reader, { ann, cid }, ['cid +', 'ann +', 'ann -', 'cid -'])
    socket.begin('again', SetTypingDocument, { input: { conversationId: id, typing: true } })
    await untilTold(reader, { ann }, ['ann +', 'ann -', 'ann +'])
    socket.socket.terminate()
    await untilTold(reader, { ann }, ['ann +', 'ann -', 'ann +', 'ann -'])
    await server.stop()
  })

  test('of many conversations on one socket ends with it in each', async () => {
    const { ann, bob, cid, id } = await group()
    const ids = [id]
    while (ids.length < 12) ids.push(await ann.createGroup([bob, cid]))
    const readers = await Promise.all(ids.map((each) => reading(bob, each, cid)))
    const socket = await RawSocket.connect(ann)
    for (const [nth, each] of ids.entries())
      socket.begin(String(nth), SetTypingDocument, { input: { conversationId: each, typing: true } })
    for (const reader of readers) await untilTold(reader, { ann }, ['ann +'])
    socket.socket.close(1000)
    for (const reader of readers) await untilTold(reader, { ann }, ['ann +', 'ann -'])
    expect(pair.servers.map((server) => server.logs()).join('')).not.toContain('MaxListenersExceededWarning')
  })
})
