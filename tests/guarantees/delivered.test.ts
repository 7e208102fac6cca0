import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'graphql'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { TypedDocument } from '../../sdk/src/requests/document.ts'
import {
  ConversationEventsDocument,
  InboxEventsDocument,
  LogoutDocument,
  MessageEventsDocument,
  RemoveMemberDocument,
} from '../../sdk/src/generated/graphql.ts'
import { ask } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import type { Pair } from '../testkit/pair.ts'
import { newKey, signUp, type Person } from '../testkit/person.ts'
import { RawSocket, type RawSocketOptions } from '../testkit/raw-socket.ts'
import { startServer } from '../testkit/server.ts'
import { sharedPair } from '../testkit/shared.ts'
import { subscribeBySse } from '../testkit/sse.ts'
import { statementsOf } from '../testkit/statements.ts'

/** Milliseconds for which frames are gathered before a device is asked whether it has them. */
const gatherMs = 300

let pair: Pair
beforeAll(async () => {
  pair = await sharedPair()
})

/** A device that subscribes to all of these conversations from their beginning, and calls nothing. */
class Device {
  /** Seqs of the messages that came, of all conversations together. */
  readonly seqs: number[] = []
  /** Payloads of the pings that asked what it has. */
  readonly pings: Buffer[] = []

  private constructor(readonly raw: RawSocket) {
    raw.socket.on('ping', (payload: Buffer) => payload.length > 0 && this.pings.push(payload))
    raw.onData = (_, data) => {
      const [event] = Object.values(data) as [{ __typename: string; message?: { seq: number } }]
      if (event.__typename === 'MessageSent' && event.message) this.seqs.push(event.message.seq)
    }
  }

  static async open(person: Person, ids: string[], options: RawSocketOptions = { deviceId: 'a device' }) {
    const device = new Device(await RawSocket.connect(person, options))
    device.begin(InboxEventsDocument, { after: ids.map((streamId) => ({ streamId, eventSeq: 0 })) })
    return device
  }

  static async openOn(person: Person, document: TypedDocument, id: string) {
    const device = new Device(await RawSocket.connect(person, { deviceId: 'a device' }))
    device.begin(document, { conversationId: id, after: 0 })
    return device
  }

  begin(document: TypedDocument, variables: object) {
    this.raw.begin(newKey(), document, variables)
  }

  until = (seq: number) => vi.waitFor(() => expect(Math.max(0, ...this.seqs)).toBe(seq), { timeout: 20_000 })

  untilPinged = (count: number) => vi.waitFor(() => expect(this.pings).toHaveLength(count), { timeout: 20_000 })

  pong(payload: Buffer | undefined) {
    this.raw.socket.pong(payload)
  }
}

async function people(count: number, urls: readonly string[] = pair.urls) {
  const made = Array.from({ length: count }, (_, index) => signUp(urls[index % urls.length]!))
  return (await Promise.all(made)) as [Person, Person, Person]
}

async function statusOf(sender: Person, id: string, seq: number): Promise<string | undefined> {
  const query = `query ($id: ID!) { conversation(id: $id) { messages(last: 100) { nodes { seq status } } } }`
  interface Data {
    conversation: { messages: { nodes: { seq: number; status: string }[] } }
  }
  const { data } = await ask<Data>(sender, query, { id })
  return data?.conversation.messages.nodes.find((message) => message.seq === seq)?.status
}

/** The receipts that the sender was told of, as `[who, lastDeliveredSeq, lastReadSeq]`. */
async function receiptsFor(sender: Person, id: string, names: Record<string, Person>) {
  const reader = await sender.conversationEvents(id, 0)
  const told = () =>
    reader.events.flatMap((event) =>
      event.__typename !== 'ReceiptAdvanced'
        ? []
        : event.receipts.map(({ user, lastDeliveredSeq, lastReadSeq }) => {
            const name = Object.keys(names).find((each) => names[each]!.id === user.id)
            return [name, lastDeliveredSeq, lastReadSeq]
          }),
    )
  const latest = () => Object.fromEntries(told().map(([name, ...seqs]) => [name, seqs])) as Record<string, number[]>
  return {
    told,
    latest,
    until: (name: string, seqs: number[]) =>
      vi.waitFor(() => expect(latest()[name]).toEqual(seqs), { timeout: 20_000 }),
  }
}

describe.concurrent('a device that calls nothing', () => {
  test('in a direct conversation: the sender sees what it was sent as DELIVERED, and a receipt', async () => {
    const [ann, bob] = await people(2)
    const id = await ann.startDirect(bob)
    const receipts = await receiptsFor(ann, id, { ann, bob })
    const device = await Device.open(bob, [id])
    await ann.send(id, 'One')
    await receipts.until('bob', [1, 0])
    expect(await statusOf(ann, id, 1)).toBe('DELIVERED')
    await ann.send(id, 'Two')
    await receipts.until('bob', [2, 0])
    expect(await statusOf(ann, id, 2)).toBe('DELIVERED')
    expect(device.seqs).toEqual([1, 2])
    // Each position once, and nothing of the sender's own.
    expect(receipts.told()).toEqual([
      ['bob', 1, 0],
      ['bob', 2, 0],
    ])
  })

  test('in a group: DELIVERED when the devices of all have it, on whichever server', async () => {
    const [ann, bob, cid] = await people(3)
    const id = await ann.createGroup([bob, cid])
    const receipts = await receiptsFor(ann, id, { ann, bob, cid })
    await Device.open(bob, [id])
    await ann.send(id, 'Hello')
    await receipts.until('bob', [1, 0])
    expect(await statusOf(ann, id, 1)).toBe('SENT')
    await Device.open(cid.at(pair.urls[0]), [id])
    await receipts.until('cid', [1, 0])
    expect(await statusOf(ann, id, 1)).toBe('DELIVERED')
  })

  test.each([
    ['conversationEvents', ConversationEventsDocument],
    ['messageEvents', MessageEventsDocument],
  ])('but follow %s counts the same', async (_, document) => {
    const [ann, bob] = await people(2)
    const id = await ann.startDirect(bob)
    const receipts = await receiptsFor(ann, id, { ann, bob })
    await ann.send(id, 'Before')
    await Device.openOn(bob, document, id)
    await receipts.until('bob', [1, 0])
  })

  test('and comes back counts what it missed', async () => {
    const [ann, bob] = await people(2)
    const id = await ann.startDirect(bob)
    const receipts = await receiptsFor(ann, id, { ann, bob })
    const before = await Device.open(bob, [id])
    await ann.send(id, 'One')
    await receipts.until('bob', [1, 0])
    before.raw.socket.terminate()
    for (const text of ['Two', 'Three', 'Four']) await ann.send(id, text)
    await Device.open(bob.at(pair.urls[0]), [id])
    await receipts.until('bob', [4, 0])
    expect(receipts.told()).toEqual([
      ['bob', 1, 0],
      ['bob', 4, 0],
    ])
  })

  test('and does not acknowledge has nothing delivered, until it does', async () => {
    const [ann, bob, cid] = await people(3)
    const id = await ann.createGroup([bob, cid])
    const receipts = await receiptsFor(ann, id, { ann, bob, cid })
    const silent = await Device.open(bob, [id], { deviceId: 'silent', autoPong: false })
    await Device.open(cid.at(pair.urls[1]), [id])
    for (const seq of [1, 2]) {
      await ann.send(id, `Message ${seq}`)
      await silent.until(seq)
      await receipts.until('cid', [seq, 0])
    }
    expect(receipts.latest().bob).toBeUndefined()
    expect(await statusOf(ann, id, 1)).toBe('SENT')
    // One question at a time, however much is sent.
    expect(silent.pings).toHaveLength(1)
    silent.pong(silent.pings[0])
    await receipts.until('bob', [1, 0])
    await silent.untilPinged(2)
    silent.pong(silent.pings[1])
    await receipts.until('bob', [2, 0])
    expect(await statusOf(ann, id, 2)).toBe('DELIVERED')
  })

  test('and stalls has nothing delivered, until it goes on', async () => {
    const [ann, bob, cid] = await people(3)
    const id = await ann.createGroup([bob, cid])
    const receipts = await receiptsFor(ann, id, { ann, bob, cid })
    const stalled = await Device.open(bob, [id])
    await Device.open(cid.at(pair.urls[1]), [id])
    await ann.send(id, 'One')
    await receipts.until('bob', [1, 0])
    stalled.raw.socket.pause()
    for (const seq of [2, 3]) {
      await ann.send(id, `Message ${seq}`)
      await receipts.until('cid', [seq, 0])
    }
    expect(receipts.latest().bob).toEqual([1, 0])
    expect(await statusOf(ann, id, 2)).toBe('SENT')
    stalled.raw.socket.resume()
    await receipts.until('bob', [3, 0])
  })

  test('is no device unless the socket names one, nor is a stream of server-sent events', async () => {
    const [ann, bob, cid] = await people(3)
    const id = await ann.createGroup([bob, cid])
    const receipts = await receiptsFor(ann, id, { ann, bob, cid })
    const nameless = await Device.open(bob, [id], {})
    const sse = await subscribeBySse(
      bob,
      'subscription ($id: ID!) { conversationEvents(conversationId: $id, after: 0) { __typename } }',
      { id },
    )
    await Device.open(cid, [id])
    for (const seq of [1, 2]) {
      await ann.send(id, `Message ${seq}`)
      await nameless.until(seq)
      await receipts.until('cid', [seq, 0])
    }
    expect(sse.results.filter(({ data }) => JSON.stringify(data).includes('MessageSent'))).toHaveLength(2)
    expect(receipts.latest().bob).toBeUndefined()
    expect(nameless.pings).toEqual([])
    expect(await statusOf(ann, id, 1)).toBe('SENT')
  })

  test('acknowledges after the end of its session in vain', async () => {
    const [ann, bob] = await people(2)
    const id = await ann.startDirect(bob)
    const device = await Device.open(bob, [id], { deviceId: 'silent', autoPong: false })
    await ann.send(id, 'Hello')
    await device.untilPinged(1)
    // It reads no close frame, and so can still answer.
    device.raw.socket.pause()
    await bob.at(pair.urls[0]).client.request(LogoutDocument, {})
    await delay(gatherMs)
    device.pong(device.pings[0])
    device.raw.socket.resume()
    expect(await device.raw.closed).toBe(4401)
    await delay(gatherMs)
    expect(await statusOf(ann, id, 1)).toBe('SENT')
  })

  test('and was removed meanwhile has the rest delivered all the same', async () => {
    const [ann, bob, cid] = await people(3)
    const [left, kept] = [await ann.createGroup([bob, cid]), await ann.createGroup([bob])]
    const receipts = await receiptsFor(ann, kept, { ann, bob })
    const device = await Device.open(bob, [left, kept], { deviceId: 'silent', autoPong: false })
    await ann.send(left, 'You will be gone')
    await ann.send(kept, 'Still here')
    await device.untilPinged(1)
    await vi.waitFor(() => expect(device.seqs).toEqual([1, 1]))
    await ann.client.request(RemoveMemberDocument, { input: { conversationId: left, userId: bob.id } })
    // Whichever of the two this one asks about, the next asks about the other.
    device.raw.socket.on('ping', (payload: Buffer) => device.pong(payload))
    device.pong(device.pings[0])
    await receipts.until('bob', [1, 0])
    expect(device.raw.closeCode).toBe(null)
  })

  test('of somebody who keeps read receipts off: others see DELIVERED, and nothing more after reading', async () => {
    const [ann, bob] = await people(2)
    await ask(bob, 'mutation { updateSettings(input: { readReceiptsEnabled: false }) { user { id } } }')
    const id = await ann.startDirect(bob)
    const receipts = await receiptsFor(ann, id, { ann, bob })
    await Device.open(bob, [id])
    await ann.send(id, 'Hello')
    await receipts.until('bob', [1, 0])
    await bob.markRead(id, 1)
    await ann.send(id, 'Again')
    await receipts.until('bob', [2, 0])
    expect([await statusOf(ann, id, 1), await statusOf(ann, id, 2)]).toEqual(['DELIVERED', 'DELIVERED'])
  })
})

describe('what it costs', () => {
  const advances = 'parley_advance_cursor'

  test('a burst of 500 messages is a few advances, and one more device none that changes anything', async () => {
    const database = await createTestDatabase()
    const server = await startServer({ databaseUrl: database.url, redisUrl: null })
    const [ann, bob] = await people(2, [server.url])
    const id = await ann.startDirect(bob)
    const devices = [await Device.open(bob, [id]), await Device.open(bob, [id])]
    const receipts = await receiptsFor(ann, id, { ann, bob })
    const document = parse(`mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }`)
    const sends = await RawSocket.connect(ann)
    const startedAtMs = performance.now()
    const { list } = await statementsOf(database, async () => {
      let answered = 0
      sends.onComplete = () => answered++
      for (let count = 0; count < 500; count++) {
        const input = { conversationId: id, text: `Message ${count}`, clientMessageId: newKey() }
        sends.begin(String(count), document, { input })
        // A socket runs 100 at a time.
        if (count % 100 === 99) await vi.waitFor(() => expect(answered).toBe(count + 1), { timeout: 20_000 })
      }
      await receipts.until('bob', [500, 0])
      // The other device tells the same.
      await delay(2 * gatherMs)
    })
    const calls = list.filter(({ query }) => query.includes(advances)).reduce((sum, each) => sum + each.calls, 0)
    expect(calls).toBeGreaterThan(0)
    expect(calls).toBeLessThanOrEqual(devices.length * (1 + (performance.now() - startedAtMs) / gatherMs))
    expect(receipts.told().length).toBeLessThan(50)
    expect(devices.map(({ seqs }) => seqs.length)).toEqual([500, 500])
  })

  test('own messages, receipts and what was acknowledged before are asked about by nobody', async () => {
    const [ann, bob] = await people(2)
    const id = await ann.startDirect(bob)
    const receipts = await receiptsFor(ann, id, { ann, bob })
    const device = await Device.open(bob, [id])
    await ann.send(id, 'Hello')
    await receipts.until('bob', [1, 0])
    const { list } = await statementsOf(pair.database, async () => {
      await bob.send(id, 'My own')
      await ann.markRead(id, 2)
      // The same again, on a second subscription of this socket.
      device.begin(ConversationEventsDocument, { conversationId: id, after: 0 })
      await vi.waitFor(() => expect(device.seqs).toEqual([1, 2, 1, 2]), { timeout: 20_000 })
      await delay(3 * gatherMs)
    })
    expect(device.pings).toHaveLength(1)
    // Ann's markRead.
    expect(list.filter(({ query }) => query.includes(advances)).map(({ calls }) => calls)).toEqual([1])
  })
})
