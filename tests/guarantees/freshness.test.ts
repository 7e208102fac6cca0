import { request, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { parse, print } from 'graphql'
import { beforeAll, expect, test } from 'vitest'
import { signUp, type Person } from '../testkit/person.ts'
import { RawSocket } from '../testkit/raw-socket.ts'
import type { ServerProcess } from '../testkit/server.ts'
import { sharedServer } from '../testkit/shared.ts'

let server: ServerProcess

beforeAll(async () => {
  ;({ server } = await sharedServer())
})

const waitMs = 15_000

async function until(condition: () => boolean, what: () => string) {
  for (let waitedMs = 0; !condition(); waitedMs += 10) {
    if (waitedMs > waitMs) throw new Error(`waited in vain: ${what()}`)
    await delay(10)
  }
}

const copies = Array.from({ length: 16 }, (_, index) => `text${index + 1}: text`).join(' ')
const HeavyDocument = parse(`subscription Heavy($conversationId: ID!, $after: Int) {
  conversationEvents(conversationId: $conversationId, after: $after) {
    __typename
    ... on StreamEvent { cursor { eventSeq } }
    ... on MessageSent { message { seq ${copies} } }
  }
}`)

interface Heavy {
  __typename: string
  message?: { seq: number; text1: string | null; text16: string | null }
}

/** Server-sent events on a connection that is not read until `read` is called. */
async function stalledStream({ url, session }: Person, variables: object) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${session.accessToken}`,
    }
    request(url, { method: 'POST', headers }, resolve)
      .on('error', reject)
      .end(JSON.stringify({ query: print(HeavyDocument), variables }))
  })
  const events: Heavy[] = []
  return {
    events,
    read() {
      let rest = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          if (!line.startsWith('data: {')) continue
          const { data } = JSON.parse(line.slice(6)) as { data: { conversationEvents: Heavy } }
          events.push(data.conversationEvents)
        }
      })
    },
    end: () => response.destroy(),
  }
}

test('whoever reads on after a deletion gets no deleted text, though others got it from the same memory before', async () => {
  // Of 260 KB each, 13 MB in all: far more than the network between two processes takes up (4 MB), yet soon sent.
  const [messageCount, deletedCount] = [50, 10]
  const ann = await signUp(server.url)
  const conversationId = await ann.createGroup([])
  const variables = { conversationId, after: 0 }
  const read = async () => {
    const events: Heavy[] = []
    const raw = await RawSocket.connect(ann)
    raw.onData = (_, data) => events.push(data.conversationEvents as Heavy)
    raw.begin('1', HeavyDocument, variables)
    return { raw, events }
  }
  const lively = await read()
  const stalled = await read()
  const streamed = await stalledStream(ann, variables)
  await ann.send(conversationId, 'Is everybody here?')
  await until(
    () => lively.events.length > 0 && stalled.events.length > 0,
    () => 'the first message',
  )
  stalled.raw.socket.pause()

  const ids: string[] = []
  const text = '💬'.repeat(4_000)
  while (ids.length < messageCount) {
    const sent = await Promise.all(Array.from({ length: 10 }, () => ann.send(conversationId, text)))
    ids.push(...sent.map(({ message }) => message.id))
  }
  const sentTo = (events: Heavy[]) => events.filter(({ __typename }) => __typename === 'MessageSent')
  await until(
    () => sentTo(lively.events).length === messageCount + 1,
    () => `${sentTo(lively.events).length} messages`,
  )
  expect(sentTo(lively.events).every(({ message }) => message?.text16 !== null)).toBe(true)
  const doomed = ids.slice(-deletedCount)
  await Promise.all(doomed.map((id) => ann.remove(id)))

  stalled.raw.socket.resume()
  streamed.read()
  for (const events of [stalled.events, streamed.events]) {
    await until(
      () => events.filter(({ __typename }) => __typename === 'MessageDeleted').length === deletedCount,
      () => `${events.length} events, the socket is ${String(stalled.raw.closeCode ?? 'open')}`,
    )
    const sent = sentTo(events)
    expect(sent.map(({ message }) => message?.seq)).toEqual(Array.from({ length: messageCount + 1 }, (_, at) => at + 1))
    for (const { message } of sent.slice(-deletedCount)) expect([message?.text1, message?.text16]).toEqual([null, null])
    expect(sent[1]?.message?.text1).toBe(text)
  }
  streamed.end()
}, 60_000)
