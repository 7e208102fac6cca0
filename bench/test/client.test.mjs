// Checks the clients' counts: they must detect a server that loses, repeats and reorders.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { HttpConnection, postRequest } from '../client/http.mjs'
import { clientFrame, createSeqFinder, opcodes, readFrames } from '../client/frames.mjs'
import { subscriberMethods } from '../client/subscribers.mjs'

const eventOf = (seq, text = 'hello') =>
  `{"id":"1","type":"next","payload":{"data":{"messageEvents":{"message":{"id":"x","seq":${String(seq)},"text":"${text}"}}}}}`

/** A frame as a server sends it: not masked. */
function serverFrame(text) {
  const payload = Buffer.from(text)
  const head =
    payload.length < 126
      ? Buffer.from([0x81, payload.length])
      : payload.length < 65_536
        ? Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff])
        : Buffer.concat([Buffer.from([0x81, 127, 0, 0, 0, 0]), uint32(payload.length)])
  return Buffer.concat([head, payload])
}

const uint32 = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

test('frames of every length are found, wherever the stream is cut', () => {
  const texts = [eventOf(1), 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(70_000), eventOf(2)]
  const stream = Buffer.concat(texts.map(serverFrame))
  for (const size of [1, 2, 3, 7, 1000, stream.length]) {
    const found = []
    let rest = Buffer.alloc(0)
    // Byte by byte only at the beginning: with the long frame it would take for ever.
    const cuts = size < 10 ? [...Array(600).keys()].map((place) => place * size).filter((at) => at < 600) : []
    for (let at = size < 10 ? 600 : 0; at <= stream.length; at += Math.max(size, 1000)) cuts.push(at)
    cuts.push(stream.length)
    for (let place = 1; place < cuts.length; place++) {
      const bytes = Buffer.concat([rest, stream.subarray(cuts[place - 1], cuts[place])])
      const left = readFrames(bytes, bytes.length, (opcode, all, start, end) => {
        assert.equal(opcode, opcodes.text)
        found.push(all.toString('utf8', start, end))
      })
      rest = bytes.subarray(left)
    }
    assert.deepEqual(found, texts)
    assert.equal(rest.length, 0)
  }
})

test('the seq is found where it stood, elsewhere, and not where there is none', () => {
  const find = createSeqFinder()
  const seqIn = (text) => find(Buffer.from(text), 0, Buffer.byteLength(text))
  assert.equal(seqIn(eventOf(7)), 7)
  assert.equal(seqIn(eventOf(1234567)), 1234567)
  assert.equal(seqIn(`{"a":"longer before it"}${eventOf(8)}`), 8)
  assert.equal(seqIn('{"type":"connection_ack"}'), 0)
  assert.equal(seqIn('{"cursor":{"eventSeq":5}}'), 0)
})

const portOf = (/** @type {import('node:http').Server} */ http) =>
  /** @type {import('node:net').AddressInfo} */ (http.address()).port

/** A graphql-transport-ws server that sends a script of messages to each subscriber. */
async function startServer(script) {
  const http = createServer()
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { type } = JSON.parse(data.toString())
      if (type === 'connection_init') socket.send('{"type":"connection_ack"}')
      if (type === 'subscribe') for (const seq of script) socket.send(eventOf(seq))
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  after(() => {
    for (const socket of server.clients) socket.terminate()
    http.close()
  })
  return `ws://127.0.0.1:${String(portOf(http))}/graphql`
}

async function countsOf(script) {
  const url = await startServer(script)
  const sockets = [1, 2, 3].map(() => ({ token: 't', conversationId: 'c', room: 0 }))
  const { opened } = await subscriberMethods.open({ kind: 'graphql-ws', url, sockets })
  assert.equal(opened, 3)
  const { complete } = await subscriberMethods.waitFor({ seqs: [6], timeoutMs: 300 })
  await sleep(20)
  const { events, missing, repeated, reordered } = subscriberMethods.counts()
  subscriberMethods.close()
  return { complete, events, missing, repeated, reordered }
}

test('what is whole and in order counts as that', async () => {
  const counts = await countsOf([1, 2, 3, 4, 5, 6])
  assert.deepEqual(counts, { complete: true, events: 18, missing: 0, repeated: 0, reordered: 0 })
})

test('what is lost, repeated or out of order is told', async () => {
  assert.deepEqual(await countsOf([1, 2, 4, 5, 6]), {
    complete: false,
    events: 15,
    missing: 3,
    repeated: 0,
    reordered: 0,
  })
  assert.deepEqual(await countsOf([1, 2, 2, 3, 4, 5, 6]), {
    complete: true,
    events: 21,
    missing: 0,
    repeated: 3,
    reordered: 0,
  })
  assert.deepEqual(await countsOf([1, 2, 4, 3, 5, 6]), {
    complete: true,
    events: 18,
    missing: 0,
    repeated: 0,
    reordered: 3,
  })
  // The last message never arrives.
  const short = await countsOf([1, 2, 3, 4, 5])
  assert.equal(short.complete, false)
})

test('answers of HTTP are read whole: by length, and in chunks', async () => {
  const body = JSON.stringify({ data: 'é'.repeat(5_000) })
  const http = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/length') response.end(body)
      else {
        response.write(body.slice(0, 100))
        setTimeout(() => response.end(body.slice(100)), 5)
      }
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  for (const path of ['length', 'chunks']) {
    const url = `http://127.0.0.1:${String(portOf(http))}/${path}`
    const connection = new HttpConnection(url)
    for (let turn = 0; turn < 3; turn++) {
      const answer = await connection.post(postRequest(url, 'token', { query: '{ a }' }))
      assert.equal(answer.status, 200)
      assert.equal(answer.body.toString(), body)
    }
    connection.destroy()
  }
  http.close()
})

test('a frame of a client is masked, with its payload readable', () => {
  const frame = clientFrame(opcodes.text, 'hi')
  assert.deepEqual([...frame], [0x81, 0x82, 0, 0, 0, 0, 104, 105])
})
