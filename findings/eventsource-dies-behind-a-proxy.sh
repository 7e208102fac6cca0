#!/usr/bin/env bash
# Tools: Debian's chromium and nginx, driven by playwright-core 1.65.1.
# Guess: a browser's EventSource connects again by itself until the server is back, as is said everywhere. So a restart of the
#   server is a pause of some seconds, with a proxy in front of it as well as without.
# Truth: only a connection that fails is tried again. Without a proxy that is what a restart looks like. Behind nginx it looks like
#   a 502, and at any status but 200 EventSource is CLOSED for good: no retry, and nothing but an `error` event without a reason.
#   An answer of 200 with the type text/event-stream, `retry:` and nothing else sends it back instead; 204 is the order to stay away.
# Why it matters for chat: each deployment ends the live events of every open page, and in a test without a proxy all is well.
#   Have the proxy answer event streams with 200 and `retry:` while the server is away, do the same for passing faults in the
#   server itself, and let the page open a new one when readyState is CLOSED.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${up:-}" "${ng:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT; cd "$dir"
free() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
npm init -y >/dev/null
npm install --silent --no-audit --no-fund playwright-core@1.65.1 >/dev/null
upstream=$(free); plain=$(free); patient=$(free)
cat >server.mjs <<'JS'
import { createServer } from 'node:http'
createServer(({ url }, response) => {
  if (url === '/page') return response.writeHead(200, { 'content-type': 'text/html' }).end('<p>page')
  response.writeHead(200, { 'content-type': 'text/event-stream', 'access-control-allow-origin': '*', 'x-accel-buffering': 'no' })
  response.write('retry: 500\ndata: hello\n\n')
}).listen(process.argv[2], '127.0.0.1')
JS
cat >nginx.conf <<NGINX
daemon off; pid nginx.pid; error_log stderr crit; events {}
http { access_log off; $(for n in client_body proxy fastcgi uwsgi scgi; do printf '%s_temp_path %s; ' $n $n; done)
  server { listen 127.0.0.1:$plain; location / { proxy_pass http://127.0.0.1:$upstream; } }
  server { listen 127.0.0.1:$patient; location / { proxy_pass http://127.0.0.1:$upstream; }
    error_page 502 504 = @away;
    location @away { default_type text/event-stream; add_header Access-Control-Allow-Origin *; return 200 "retry: 500\n\n"; } } }
NGINX
start() { node server.mjs "$upstream" & up=$!; until curl -s -o page "http://127.0.0.1:$upstream/page"; do sleep 0.1; done; }
start
nginx -p "$dir" -c nginx.conf -e stderr & ng=$!
until curl -s -o page "http://127.0.0.1:$patient/page"; do sleep 0.1; done
cat >browser.mjs <<'JS'
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { chromium } from 'playwright-core'
const [origin, ...names] = process.argv.slice(2)
const args = ['--headless', '--no-sandbox', '--disable-gpu']
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
const page = await browser.newPage()
await page.goto(`${origin}/page`)
await page.evaluate((all) => {
  globalThis.seen = all.map((one) => {
    const [name, url] = one.split('=')
    const source = new EventSource(url)
    const entry = { name, hellos: 0, errors: 0, state: () => source.readyState }
    source.onmessage = () => entry.hellos++
    source.onerror = () => entry.errors++
    return entry
  })
}, names)
const look = () => page.evaluate(() => globalThis.seen.map((one) => ({ ...one, state: one.state() })))
const until = async (fits) => {
  for (let at = 0; at < 300 && !(await look()).every(fits); at++) await delay(100)
}
await until(({ hellos }) => hellos === 1)
writeFileSync('ready', '')
await until(({ errors }) => errors > 0)
await delay(2_000)
writeFileSync('down', '')
while (!existsSync('back')) await delay(100)
await until(({ hellos, state }) => hellos > 1 || state === 2)
const states = ['CONNECTING', 'OPEN', 'CLOSED']
for (const { name, hellos, state } of await look()) console.log(`${name}: ${states[state]}, hellos ${hellos}`)
console.error(`chromium ${browser.version()}`)
await browser.close()
JS
base=http://127.0.0.1
node browser.mjs "$base:$upstream" "without a proxy=$base:$upstream/events" "behind nginx=$base:$plain/events" \
  "behind nginx that says retry=$base:$patient/events" >out 2>version & browser=$!
wait_for() { for _ in $(seq 600); do [ -e "$1" ] && return; kill -0 "$browser" 2>/dev/null || return; sleep 0.1; done; }
wait_for ready; kill "$up"; wait "$up" 2>/dev/null || true
wait_for down; start; touch back
wait "$browser"
cat version; nginx -v; cat out
[ "$(cat out)" = "without a proxy: OPEN, hellos 2
behind nginx: CLOSED, hellos 1
behind nginx that says retry: OPEN, hellos 2" ]
