#!/usr/bin/env bash
# Tools: Debian's chromium, driven by playwright-core 1.65.1.
# Chromium refuses Web Locks to a page that may store nothing, and its BroadcastChannel goes on.
#
# Guess: navigator.locks is about running code of several tabs one after the other, so it has nothing to do with the setting "Don't allow
#   sites to save data on your device"; and where an API of the browser is not to be used, it is not there ('locks' in navigator).
# Truth: `locks` is there, and each request rejects with a SecurityError, at once. indexedDB.open fails with an UnknownError, reading
#   localStorage throws, and BroadcastChannel works.
# Why it matters: clients with several tabs let one of them lead, who has the socket and writes the store: whoever holds a lock. What does so asks
#   again when it loses the lock, and with a request that rejects at once this is an endless loop without a pause that stops the page; what waits
#   for the lock instead never connects. A rejection that is no AbortError has to mean: this tab is on its own.
set -euo pipefail
command -v chromium >/dev/null || { echo 'needs chromium (Debian: apt-get install chromium)'; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund playwright-core@1.65.1
mkdir -p profile/Default
# The setting, as the browser keeps it: 2 is to block.
echo '{"profile":{"default_content_setting_values":{"cookies":2}}}' >profile/Default/Preferences
cat >look.mjs <<'PROGRAM'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'

const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>a page'))
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const context = await chromium.launchPersistentContext('profile', { executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox'] })
const page = await context.newPage()
await page.goto(`http://127.0.0.1:${server.address().port}/`)
console.log('Chromium', context.browser()?.version() ?? (await page.evaluate(() => navigator.userAgent)))
const seen = await page.evaluate(async () => {
  const channel = new BroadcastChannel('a')
  const heard = new Promise((resolve) => (channel.onmessage = () => resolve('heard')))
  new BroadcastChannel('a').postMessage(1)
  return {
    "'locks' in navigator": String('locks' in navigator),
    'locks.request': await navigator.locks.request('a', () => 'held').catch((error) => error.name),
    'indexedDB.open': await new Promise((resolve) => {
      const request = indexedDB.open('a')
      request.onsuccess = () => resolve('opened')
      request.onerror = () => resolve(request.error.name)
    }),
    BroadcastChannel: await heard,
  }
})
console.table(seen)
await context.close()
server.close()
const expected = ['true', 'SecurityError', 'UnknownError', 'heard']
if (JSON.stringify(Object.values(seen)) !== JSON.stringify(expected)) {
  console.log('It is otherwise now: expected', expected)
  process.exit(1)
}
console.log('Locks are refused with the storage, by a rejection at once; the channel is not.')
PROGRAM
node look.mjs
