#!/usr/bin/env bash
# Tool: ioredis 5.11.1, on any server that takes connections.
# Guess: a client whose connection is lost tries again, as retryStrategy says, until it has one; its status says whether it does.
# Truth: with enableReadyCheck false and maxRetriesPerRequest 0, both common for a subscriber that must not wait, a connection
#   that is lost while the greeting (CLIENT SETINFO, which ioredis sends by itself) is unanswered leaves a client that says
#   'ready' for ever without a connection. The loss rejects the greeting; "greeting is over" sets the status to 'ready'; and the
#   next attempt finds a client that is connected already. Every command is refused from then on. disableClientInfo avoids it,
#   as long as there is no connectionName.
# Why it matters for chat: one flap of the network at the wrong millisecond, and a process never hears anything again while
#   its health check, which asks for the status, is green. Prove the way by what you publish and hear.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent ioredis@5.11.1 >/dev/null
cat >try.mjs <<'JS'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'

async function attemptsOf(more) {
  let connections = 0
  // Takes every connection, answers nothing, and loses it a moment later.
  const server = createServer((socket) => {
    connections++
    socket.on('error', () => undefined).resume()
    setTimeout(() => socket.resetAndDestroy(), 200)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = new Redis({
    host: '127.0.0.1',
    port: server.address().port,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
    ...more,
  }).on('error', () => undefined)
  await delay(5_000)
  const result = { connections, status: client.status, streamIsDestroyed: client.stream.destroyed }
  client.disconnect()
  server.close()
  return result
}
const usual = await attemptsOf({})
const without = await attemptsOf({ disableClientInfo: true })
console.log('in 5 s, with the greeting:   ', JSON.stringify(usual))
console.log('in 5 s, disableClientInfo:   ', JSON.stringify(without))
process.exit(usual.connections === 1 && usual.status === 'ready' && usual.streamIsDestroyed && without.connections > 5 ? 0 : 1)
JS
echo "node $(node --version), ioredis $(node -p 'require("ioredis/package.json").version')"
node try.mjs
