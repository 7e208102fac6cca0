#!/usr/bin/env bash
# Tool: node's http server, seen with 20.20.2, 22.23.5, 24.22.3, 25.9.0 and 26.12.1.
# Guess: a server that does not take an offered upgrade (no 'upgrade' listener, or shouldUpgradeCallback that says no) treats the
#   request like any other, as the documentation says; requests that the client sent behind it are answered in turn.
# Truth: the request itself is answered, and the connection stays open; but all bytes that stand behind it in the same piece
#   of the connection are dropped without an error, with or without a body in front of them. A request sent there is never
#   answered; when only its beginning was in that piece, the parser goes on in the middle of it.
# Why it matters for chat: the JDK's HttpClient and curl --http2 offer h2c with each request on plain HTTP, behind every
#   load balancer that hands Upgrade on. A server that declines must close the connection after its answer, unless it knows
#   that nothing came behind; a WebSocket server has to decline, as node gives a listener the bare socket for any protocol.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat >try.mjs <<'JS'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  response.end(`<${request.url} ${body}>`)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const offer = 'Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAE\r\n'
const ask = async (...pieces) => {
  const socket = connect(server.address().port, '127.0.0.1').setNoDelay(true)
  let text = ''
  socket.on('data', (chunk) => (text += chunk))
  for (const piece of pieces) {
    socket.write(piece)
    await delay(50)
  }
  await delay(500)
  const open = !socket.destroyed && !socket.readableEnded
  socket.destroy()
  return `${(text.match(/<.*?>/g) ?? []).join(' ')}${open ? ', connection open' : ''}`
}
const plain = 'GET /2 HTTP/1.1\r\nHost: x\r\n\r\n'
const results = {
  'no offer, two requests in one piece': await ask(`GET /1 HTTP/1.1\r\nHost: x\r\n\r\n${plain}`),
  'offer, two requests in two pieces': await ask(`GET /1 HTTP/1.1\r\n${offer}\r\n`, plain),
  'offer, two requests in one piece': await ask(`GET /1 HTTP/1.1\r\n${offer}\r\n${plain}`),
  'offer with a body, two requests in one piece': await ask(`POST /1 HTTP/1.1\r\n${offer}Content-Length: 2\r\n\r\nhi${plain}`),
}
console.log(`node ${process.version}`)
for (const [name, result] of Object.entries(results)) console.log(`${name}: ${result}`)
const asFound =
  Object.values(results).join('|') ===
  '</1 > </2 >, connection open|</1 > </2 >, connection open|</1 >, connection open|</1 hi>, connection open'
console.log(asFound ? 'as found' : 'THIS HAS CHANGED')
process.exit(asFound ? 0 : 1)
JS
node try.mjs
