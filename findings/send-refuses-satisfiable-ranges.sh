#!/usr/bin/env bash
# Tools: send 1.2.1 (which Express 5 serves files with), range-parser 1.3.0, fresh 2.0.0.
# Guess: the file server of Express answers ranges and conditions as RFC 9110 says; it is the one to take when a smaller one does not.
# Truth: "the last 1,000 bytes" of a file of 10 is 416, where the RFC wants the whole file (14.1.2); a range that ends before it begins is
#   416 too, where the RFC wants the header ignored (14.1.1); a weak tag in If-Range counts as if it were strong (13.1.5); HEAD gets 206
#   with a Range (14.2 has ranges for GET alone); and If-None-Match is not looked at when Cache-Control: no-cache came along, which every
#   fetch() adds by itself to a request with that header: a script that asks "has it changed?" gets the file again, each time.
# Why it matters for chat: players of voice notes and videos ask for the end of a file first, where MP4 has its index, and a short voice
#   note is shorter than what they ask for: 416, and it does not play. Clients that keep attachments by their tag download all of them
#   again. Mend the request's headers before send sees them.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund send@1.2.1 range-parser@1.3.0 fresh@2.0.0 >/dev/null
printf '0123456789' >file
cat >look.mjs <<'JS'
import { createServer, request } from 'node:http'
import send from 'send'

const server = createServer((incoming, response) => {
  response.setHeader('ETag', '"tag"')
  send(incoming, '/file', { root: process.cwd() }).pipe(response)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()
const status = (headers, method = 'GET') =>
  new Promise((resolve) => {
    request({ port, host: '127.0.0.1', method, headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode))
    }).end()
  })
const cases = [
  ['the last 5 of 10 bytes (206)', { range: 'bytes=-5' }],
  ['the last 1000 of 10 bytes (200 or 206)', { range: 'bytes=-1000' }],
  ['from 9 to 2 (200)', { range: 'bytes=9-2' }],
  ['If-Range with the weak form of the tag (200)', { range: 'bytes=0-4', 'if-range': 'W/"tag"' }],
  ['HEAD with a range (200)', { range: 'bytes=0-4' }, 'HEAD'],
  ['If-None-Match (304)', { 'if-none-match': '"tag"' }],
  ['If-None-Match with Cache-Control: no-cache (304)', { 'if-none-match': '"tag"', 'cache-control': 'no-cache' }],
]
for (const [name, headers, method] of cases) console.log(`${name}: ${await status(headers, method)}`)
const fetched = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'if-none-match': '"tag"' } })
console.log(`fetch() with If-None-Match (304): ${fetched.status}`)
server.close()
server.closeAllConnections()
JS
node look.mjs >out
node --version; npm ls --all | grep -E ' (send|range-parser|fresh)@'; cat out
[ "$(cat out)" = 'the last 5 of 10 bytes (206): 206
the last 1000 of 10 bytes (200 or 206): 416
from 9 to 2 (200): 416
If-Range with the weak form of the tag (200): 206
HEAD with a range (200): 206
If-None-Match (304): 304
If-None-Match with Cache-Control: no-cache (304): 200
fetch() with If-None-Match (304): 200' ]
