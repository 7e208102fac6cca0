import type { Browser } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { startBrowser } from '../testkit/browser.ts'
import { PlainTab } from '../web/plain-tab.ts'
import type { PageChat } from './browser-page.ts'
import {
  back,
  newcomer,
  open,
  problemsOf,
  register,
  serveChat,
  untilLive,
  untilSent,
  untilTexts,
  type ChatPage,
} from './chat-page.ts'

declare const chat: PageChat
declare const sockets: WebSocket[]
declare const states: number[]

/** States of a WebSocket, which Node 20 does not have. */
const [opened, closing, closed] = [1, 2, 3]

let at: ChatPage
let browser: Browser
beforeAll(async () => {
  at = await serveChat()
  browser = await startBrowser()
}, 120_000)

test('what is written without a network and left by a reload is sent by the next page, once', async () => {
  const context = await browser.newContext()
  const page = await open(context, at)
  const id = await at.friend.startDirect({ id: await register(page) })
  await at.friend.send(id, 'one')
  await untilTexts(page, id, ['one'])
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  // The page itself comes from elsewhere: only the chat is cut off.
  const blocked = [`${new URL(at.address).searchParams.get('url')}*`]
  await devtools.send('Network.setBlockedURLs', { urls: blocked })
  for (const text of ['two', 'three']) {
    await page.evaluate((more) => chat.parley.send({ conversationId: more.id, text: more.text }), { id, text })
  }
  await page.reload()
  await devtools.send('Network.setBlockedURLs', { urls: [] })
  await untilTexts(page, id, ['one', 'two', 'three'])
  await untilSent(page)
  await untilTexts(page, id, ['one', 'two', 'three'])
  await context.close()
}, 120_000)

test('a frozen tab lets another lead, and is up to date when it goes on', async () => {
  const frozen = await PlainTab.open(browser, at.address)
  const there = 'typeof chat === "object" && chat.parley.session.state.getSnapshot().status === "SIGNED_OUT"'
  await expect.poll(() => frozen.evaluate(there), back).toBe(true)
  const input = JSON.stringify(newcomer())
  await frozen.evaluate(`void chat.parley.session.register(${input})`)
  const state = () => frozen.evaluate('chat.parley.syncState.getSnapshot()')
  await expect.poll(state, back).toBe('LIVE')
  const id = await at.friend.startDirect({
    id: String(await frozen.evaluate('chat.parley.viewer.getSnapshot().user.id')),
  })
  const other = await PlainTab.open(browser, at.address)
  const isOtherLeader = () =>
    other.evaluate('typeof chat === "object" && chat.parley.connection.getSnapshot().state === "OPEN"')
  await expect
    .poll(() => other.evaluate('typeof chat === "object" && chat.parley.syncState.getSnapshot()'), back)
    .toBe('LIVE')
  expect(await isOtherLeader()).toBe(false)
  await frozen.setState('frozen')
  await expect.poll(isOtherLeader, back).toBe(true)
  await at.friend.send(id, 'one')
  await at.friend.send(id, 'two')
  const texts = JSON.stringify(['one', 'two'])
  await expect.poll(() => other.evaluate(`JSON.stringify(chat.texts('${id}'))`), back).toBe(texts)
  await frozen.setState('active')
  await expect.poll(() => frozen.evaluate(`JSON.stringify(chat.texts('${id}'))`), back).toBe(texts)
  await expect.poll(state, back).toBe('LIVE')
  // Now the other one: each opens one socket when its turn comes, and none when it only goes on.
  await other.setState('frozen')
  await expect.poll(() => frozen.evaluate('chat.parley.connection.getSnapshot().state'), back).toBe('OPEN')
  await other.setState('active')
  await expect.poll(() => other.evaluate('chat.parley.syncState.getSnapshot()'), back).toBe('LIVE')
  expect([await frozen.evaluate('sockets.length'), await other.evaluate('sockets.length')]).toEqual([2, 1])
}, 120_000)

test('a page from the back/forward cache has closed its socket there, and comes back with what was missed', async () => {
  // Playwright turns that cache off in the browsers that it starts.
  const caching = await startBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
  const page = await open(await caching.newContext(), at)
  const id = await at.friend.startDirect({ id: await register(page) })
  // After the client's own listener. In the cache nothing runs, and a socket that is open stays open.
  await page.evaluate(() => {
    const states: number[] = []
    Object.assign(globalThis, { states })
    addEventListener('pagehide', () => states.push(...sockets.map((one) => one.readyState)))
  })
  await page.goto('data:text/html,another site')
  await at.friend.send(id, 'one')
  await page.goBack({ waitUntil: 'commit' })
  // It is the page that was left, and none that was loaded anew: it remembers.
  expect(await page.evaluate(() => states)).toEqual([closing])
  await untilTexts(page, id, ['one'])
  await untilLive(page)
  // One more, and not one for each reason to connect.
  expect(await page.evaluate(() => sockets.map((one) => one.readyState))).toEqual([closed, opened])
  await caching.close()
}, 120_000)

test('a full storage is told, what is sent meanwhile arrives, and all is stored when there is room again', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  const devtools = await context.newCDPSession(page)
  const { origin } = new URL(at.address)
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 500_000 })
  await page.goto(at.address)
  const id = await at.friend.startDirect({ id: await register(page) })
  await untilTexts(page, id, [])
  // Another part of the same site takes all the room there is.
  await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('other')
      request.onupgradeneeded = () => request.result.createObjectStore('bytes', { autoIncrement: true })
      request.onsuccess = () => resolve(request.result)
    })
    const put = (size: number) =>
      new Promise<boolean>((resolve) => {
        const transaction = database.transaction('bytes', 'readwrite')
        const random = Array.from(crypto.getRandomValues(new Uint8Array(size)), (byte) => String.fromCharCode(byte))
        transaction.objectStore('bytes').add(random.join(''))
        transaction.oncomplete = () => resolve(true)
        transaction.onabort = () => resolve(false)
      })
    for (let size = 64 * 1024; size >= 1_024;) if (!(await put(size))) size /= 2
    database.close()
  })
  const long = 'x'.repeat(4_000)
  await page.evaluate((more) => chat.parley.send({ conversationId: more.id, text: more.long }), { id, long })
  await untilTexts(page, id, [long])
  await untilSent(page)
  expect(await problemsOf(page)).toEqual(['STORAGE_FULL'])
  const texts = [long, 'one']
  await at.friend.send(id, 'one')
  await untilTexts(page, id, texts)
  await devtools.send('Storage.overrideQuotaForOrigin', { origin })
  await page.reload()
  await untilTexts(page, id, texts)
  await untilLive(page)
  expect(await problemsOf(page)).toEqual([])
  await context.close()
}, 120_000)
