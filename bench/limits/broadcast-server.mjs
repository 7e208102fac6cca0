// Sends frames to all of its sockets and does nothing else. GET /burst?how=…&count=… begins; the answer contains the start
// time.
import { Buffer } from 'node:buffer'
import { createServer } from 'node:http'
import process from 'node:process'
import { URL } from 'node:url'
import { setImmediate as turn } from 'node:timers/promises'
import { WebSocketServer } from 'ws'

const framesAWrite = 16
const maxWaitingBytes = 1_000_000

// As long as an event of Parley.
const payloadOf = (seq) =>
  Buffer.from(
    `{"id":"1","type":"next","payload":{"data":{"messageEvents":{"__typename":"MessageSent","message":{"id":` +
      `"TWVzc2FnZTozMDAwMDAwMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDEvMTIzNDU2","seq":${String(seq)},"text":"Shall we meet at the ` +
      `usual place at half past seven, or is that too early for you?","sender":{"id":` +
      `"VXNlcjoxMDAwMDAwMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDE"}}}}}}`,
  )

function frameOf(payload) {
  const head = Buffer.from([0x81, 126, payload.length >> 8, payload.length & 0xff])
  return Buffer.concat([head, payload])
}

const sockets = new Set()
let seq = 0

/** Waits until no socket has too many unsent bytes: not faster than the slowest reader. */
async function untilRoom() {
  await turn()
  while ([...sockets].some((socket) => socket._socket.writableLength > maxWaitingBytes)) await turn()
}

const burst = {
  async ws(count) {
    for (let sent = 0; sent < count; sent++) {
      const payload = payloadOf(++seq)
      for (const socket of sockets) socket.send(payload, { binary: false })
      await untilRoom()
    }
  },
  async one(count) {
    for (let sent = 0; sent < count; sent++) {
      const frame = frameOf(payloadOf(++seq))
      for (const socket of sockets) socket._socket.write(frame)
      await untilRoom()
    }
  },
  async many(count) {
    for (let sent = 0; sent < count; sent += framesAWrite) {
      const frames = Buffer.concat(Array.from({ length: framesAWrite }, () => frameOf(payloadOf(++seq))))
      for (const socket of sockets) socket._socket.write(frames)
      await untilRoom()
    }
  },
}

const http = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const startedAtMs = Number(process.hrtime.bigint()) / 1e6
  void burst[searchParams.get('how')](Number(searchParams.get('count'))).then(() => {
    response.end(JSON.stringify({ startedAtMs, seq }))
  })
})
const server = new WebSocketServer({ server: http, perMessageDeflate: false })
server.on('connection', (socket) => {
  sockets.add(socket)
  socket.on('error', () => undefined)
  socket.on('close', () => sockets.delete(socket))
})
http.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening ${String(process.env.PORT)}`))
