import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import type { TypedDocument } from '../../sdk/src/requests/document.ts'
import { MessagesDocument } from '../../sdk/src/generated/graphql.ts'
import { closeCodes } from '../../src/transport/websocket/close-codes.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { effort } from '../testkit/effort.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import { residentMb } from '../testkit/resident.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

/*
 * The arithmetic: 200 stalled sockets × 500 messages = 100,000 deliveries. Each asks for the longest text there is (4,000
 * characters of 4 bytes) four times, which makes frames of 65 KB: 32 MB for a socket, 6.5 GB for all. The kernel takes
 * about 4 MB of a socket (the largest tcp_wmem, and what the receiver announced), or 60 events: then it is stalled. That
 * is not memory of the server; the other 440 events of each socket must stay in the log.
 *
 * The bound: a stalled socket costs one frame as a text and as bytes, its positions and the subscription itself: under
 * 200 KB, or 40 MB for the 200; and the process the ring (4 MB) and its garbage, which V8 gives back late.
 * 300 MB has a reserve for that, and is a fifth of what the sockets' own limit of 8 MB would let them hold.
 */
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const stalledCount = effort(200, 50)
const healthyCount = 5
const messageCount = effort(500, 250)
const boundMb = effort(300, 200)
const text = '💬'.repeat(4_000)

const HeavyDocument = parse(`subscription ($conversationId: ID!, $after: Int) {
  conversationEvents(conversationId: $conversationId, after: $after) {
    __typename
    ... on StreamEvent { cursor { eventSeq } }
    ... on MessageSent { message { ${range(1, 4)
      .map((copy) => `text${copy}: text`)
      .join(' ')} } }
  }
}`)
const LightDocument = parse(`subscription ($conversationId: ID!, $after: Int) {
  conversationEvents(conversationId: $conversationId, after: $after) {
    __typename
    ... on StreamEvent { cursor { eventSeq } }
  }
}`)

let server: ServerProcess
let ann: Person
let bob: Person

beforeAll(async () => {
  server = await startServer({ databaseUrl: (await createTestDatabase()).url })
  ann = await signUp(server.url)
  bob = await signUp(server.url)
})

type Subscriber = RawSocket & { seqs: number[] }

/** Keeps the numbers of the events only. */
async function subscribe(
  person: Person,
  conversationId: string,
  after: number,
  document: TypedDocument,
): Promise<Subscriber> {
  const seqs: number[] = []
  const raw = Object.assign(await RawSocket.connect(person), { seqs })
  raw.onData = (_, data) => {
    const event = (data as { conversationEvents: { __typename: string; cursor: { eventSeq: number } } })
      .conversationEvents
    if (event.__typename !== 'MessageSent') throw new Error(`unexpected ${event.__typename}`)
    seqs.push(event.cursor.eventSeq)
  }
  raw.begin('1', document, { conversationId, after })
  return raw
}

const many = (person: Person, count: number, conversationId: string, document: TypedDocument) =>
  Promise.all(range(1, count).map(() => subscribe(person, conversationId, 0, document)))

async function untilAllHave(subscribers: readonly Subscriber[], count: number): Promise<void> {
  while (subscribers.some(({ seqs }) => seqs.length < count)) {
    const gone = subscribers.find(({ closeCode, seqs }) => closeCode !== null && seqs.length < count)
    if (gone) throw new Error(`closed with ${String(gone.closeCode)} after ${gone.seqs.length} of ${count} events`)
    await delay(20)
  }
}

async function sendAll(conversationId: string, count: number): Promise<void> {
  let left = count
  const worker = async () => {
    while (left-- > 0) await ann.send(conversationId, text)
  }
  await Promise.all([worker(), worker(), worker(), worker()])
}

test(`${stalledCount} sockets that stop reading cost the server next to nothing, hold up nobody, and come back without a loss or a repeat`, async () => {
  // The same work with readers that read: what the process keeps of it (code, heap) is there before and after.
  const rehearsal = await ann.startDirect(await signUp(server.url))
  const others = await many(ann, stalledCount, rehearsal, HeavyDocument)
  await sendAll(rehearsal, 15)
  await untilAllHave(others, 15)
  for (const { socket } of others) socket.terminate()

  const conversationId = await ann.startDirect(bob)
  await ann.send(conversationId, 'Is everybody here?')
  const healthy = await many(bob, healthyCount, conversationId, LightDocument)
  const stalled = await many(bob, stalledCount, conversationId, HeavyDocument)
  await untilAllHave([...healthy, ...stalled], 1)
  const beforeMb = residentMb(server.pid)
  for (const { socket } of stalled) socket.pause()
  let peakMb = beforeMb
  const watching = setInterval(() => (peakMb = Math.max(peakMb, residentMb(server.pid))), 50)

  await sendAll(conversationId, messageCount)
  await untilAllHave(healthy, messageCount + 1)
  for (const { seqs } of healthy) expect(seqs).toEqual(range(1, messageCount + 1))

  // Nobody sees from outside when the server gives up on a socket that does not read: one after the other asks.
  const asking = [...stalled]
  for (const probe of asking) {
    probe.socket.resume()
    const code = await Promise.race([probe.closed, untilAllHave([probe], messageCount + 1).catch(() => null)])
    if (code !== undefined) break
    await delay(1_000)
  }
  clearInterval(watching)
  console.log(
    `resident: ${beforeMb.toFixed(0)} MB before, ${peakMb.toFixed(0)} MB at the most while ${stalledCount} were stalled`,
  )
  expect(peakMb - beforeMb).toBeLessThan(boundMb)

  for (const { socket } of stalled) socket.resume()
  const isDone = ({ closeCode, seqs }: Subscriber) => closeCode !== null || seqs.length === messageCount + 1
  await expect.poll(() => stalled.every(isDone), { timeout: 30_000 }).toBe(true)
  const closed = stalled.filter(({ closeCode }) => closeCode !== null)
  // A few have read on in time, and the keep-alive may find a socket dead before the limit does.
  const told = closed.filter(({ closeCode }) => closeCode === closeCodes.TOO_SLOW)
  expect(told.length).toBeGreaterThan(stalledCount / 2)

  const comeBack = async (before: Subscriber) => {
    const last = before.seqs.at(-1)!
    expect(before.seqs).toEqual(range(1, last))
    const after = await subscribe(bob, conversationId, last, LightDocument)
    await untilAllHave([after], messageCount + 1 - last)
    expect(after.seqs).toEqual(range(last + 1, messageCount + 1))
    after.socket.terminate()
  }
  // All at once, each with megabytes of texts to be read from the log: they wait their turn, and nobody is refused.
  await Promise.all(closed.map(comeBack))

  // What they have cost has been given up with them: the healthy ones are still served.
  await ann.send(conversationId, 'And now?')
  await untilAllHave(healthy, messageCount + 2)
}, 120_000)

test('a socket whose operations together have more than 8 MB waiting for it is closed as too slow, and the rest is not sent', async () => {
  const conversationId = await ann.startDirect(await signUp(server.url))
  await sendAll(conversationId, 100)
  const raw = await RawSocket.connect(ann)
  let answers = 0
  raw.onData = () => answers++
  raw.socket.pause()
  // Of 1.7 MB each: 170 MB, of which the kernel takes a few.
  for (const number of range(1, 100)) raw.begin(String(number), MessagesDocument, { id: conversationId, first: 100 })
  await delay(4_000)
  raw.socket.resume()
  expect(await raw.closed).toBe(closeCodes.TOO_SLOW)
  expect(answers).toBeLessThan(50)
})
