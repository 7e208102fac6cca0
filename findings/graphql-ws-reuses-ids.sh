#!/usr/bin/env bash
# Library: graphql-ws 6.4.2 (server), over ws 8.
# Guess: PROTOCOL.md frees an operation's id with `complete`, so a client may complete "r" and subscribe "r" again at once; the
#   answer under "r" is then that of the new operation.
# Truth: the server asks after each await only whether the id is present. While the first operation still waits (for a
#   context, a database), the second one has taken the id, and the first one's result is sent under it as well. A first
#   subscription that opens late takes the place of the second, which can then not be stopped by `complete`: it is the first
#   one that is ended.
# Why it matters for chat: clients number operations, and switch conversations by complete and subscribe in one turn. A chat
#   window shows another conversation's messages. Give each operation an id of its own before graphql-ws sees it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund graphql-ws@6.4.2 graphql@16.15.0 ws@8.23.0 >/dev/null
cat >try.mjs <<'JS'
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { makeServer, handleProtocols } from 'graphql-ws'
import { buildSchema, parse } from 'graphql'
import { WebSocket, WebSocketServer } from 'ws'

const opened = []
const ended = []
const events = async function* (name) {
  try {
    await delay(60_000, undefined, { ref: false })
  } finally {
    ended.push(name)
  }
}
const schema = buildSchema('type Query { echo(name: String): String } type Subscription { on(name: String): String }')
const server = makeServer({
  schema,
  roots: { query: { echo: ({ name }) => name } },
  // What every real server does: it looks somebody up first.
  async onSubscribe(_context, _id, payload) {
    await delay(payload.variables?.ms ?? 5)
    return { schema, document: parse(payload.query), variableValues: payload.variables }
  },
  subscribe: ({ variableValues: { name } }) => {
    opened.push(name)
    const iterator = events(name)
    // Ends at once, also while it waits.
    iterator.return = async () => (ended.push(name), { done: true, value: undefined })
    return iterator
  },
})
const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols })
sockets.on('connection', (socket, request) => {
  const closed = server.opened({
    protocol: socket.protocol,
    send: (text) => new Promise((resolve) => socket.send(text, resolve)),
    close: (code, reason) => socket.close(code, reason),
    onMessage: (take) => socket.on('message', (data) => take(String(data))),
  }, { socket, request })
  socket.once('close', (code, reason) => closed(code, String(reason)))
})
await new Promise((resolve) => sockets.once('listening', resolve))
const url = `ws://127.0.0.1:${sockets.address().port}`
const client = new WebSocket(url, 'graphql-transport-ws')
const got = []
client.on('message', (data) => got.push(JSON.parse(data)))
await new Promise((resolve) => client.once('open', resolve))
const send = (message) => client.send(JSON.stringify(message))
send({ type: 'connection_init' })
await delay(50)
got.length = 0

const query = 'query ($name: String) { echo(name: $name) }'
let wrong = 0
for (let cycle = 0; cycle < 40; cycle++) {
  send({ id: 'r', type: 'subscribe', payload: { query, variables: { name: 'first' } } })
  send({ id: 'r', type: 'complete' })
  send({ id: 'r', type: 'subscribe', payload: { query, variables: { name: 'second', ms: 15 } } })
  await delay(40)
  if (got.some(({ payload }) => payload?.data?.echo === 'first')) wrong++
  got.length = 0
}
const subscription = 'subscription ($name: String) { on(name: $name) }'
send({ id: 's', type: 'subscribe', payload: { query: subscription, variables: { name: 'first', ms: 30 } } })
send({ id: 's', type: 'complete' })
send({ id: 's', type: 'subscribe', payload: { query: subscription, variables: { name: 'second', ms: 5 } } })
await delay(80)
send({ id: 's', type: 'complete' })
await delay(40)
const { version } = createRequire(import.meta.url)('graphql-ws/package.json')
console.log(`graphql-ws ${version}, node ${process.version}`)
console.log(`queries: in ${wrong} of 40 cycles the completed operation answered under the id of the new one`)
console.log(`subscriptions: opened ${opened}; ended by complete: ${ended}`)
const asFound = wrong > 20 && ended.join() === 'first'
console.log(asFound ? 'as found' : 'THIS HAS CHANGED')
process.exit(asFound ? 0 : 1)
JS
node try.mjs
