import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { atEndOfEachFile } from '../testkit/at-end.ts'
import { chromiumFlags, startBrowser } from '../testkit/browser.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { sharedServer } from '../testkit/shared.ts'
import { PlainTab } from '../web/plain-tab.ts'
import type { PageChat } from './browser-page.ts'
import { servePage } from './page-server.ts'

declare const chat: PageChat
declare const sockets: WebSocket[]
declare const states: number[]

/*
 * The client in Chromium, against a server: the storage, the locks, the channel and the life of a page are the browser's own. What
 * they do to the client in all detail is tested in Node, with these replaced (tabs.test.ts, sdk/src).
 */

/** States of a WebSocket, which Node 20 does not have. */
const [opened, closing, closed] = [1, 2, 3]
const back = { timeout: 60_000, interval: 100 }
let address: string
let friend: Person
let browser: Browser
beforeAll(async () => {
  const { url } = (await sharedServer()).server
  friend = await signUp(url, 'Friend')
  address = `${await servePage(join(import.meta.dirname, 'browser-page.ts'))}?url=${encodeURIComponent(url)}`
  browser = await startBrowser()
}, 120_000)

async function open(context: BrowserContext): Promise<Page> {
  const page = await context.newPage()
  await page.goto(address)
  return page
}
async function register(page: Page): Promise<string> {
  const input = { handle: `b_${randomUUID().slice(0, 8)}`, displayName: 'Browser', password: 'correct horse battery' }
  expect(await page.evaluate((given) => chat.parley.session.register(given), input)).toBeNull()
  await untilLive(page)
  return page.evaluate(() => chat.parley.viewer.getSnapshot()?.user.id ?? '')
}
const syncOf = (page: Page) => page.evaluate(() => chat.parley.syncState.getSnapshot())
const untilLive = (page: Page) => expect.poll(() => syncOf(page), back).toBe('LIVE')
const textsIn = (page: Page, id: string) => page.evaluate((of) => chat.texts(of), id)
const untilTexts = (page: Page, id: string, texts: string[]) =>
  expect.poll(() => textsIn(page, id), back).toEqual(texts)
const isLeader = (page: Page) => page.evaluate(() => chat.parley.connection.getSnapshot().state === 'OPEN')
const leadersOf = async (pages: Page[]) => (await Promise.all(pages.map(isLeader))).filter(Boolean).length
const untilSent = (page: Page) =>
  expect.poll(() => page.evaluate(() => chat.parley.outbox.operations.getSnapshot().length), back).toBe(0)
const problemsOf = (page: Page) => page.evaluate(() => chat.parley.problems.getSnapshot().map(({ code }) => code))

test('of three tabs one leads; when it is stuck, and when it is killed, another does, and nobody misses anything', async () => {
  const context = await browser.newContext()
  const first = await open(context)
  const id = await friend.startDirect({ id: await register(first) })
  // They are signed in by what the first one has stored.
  const [second, third] = [await open(context), await open(context)]
  for (const page of [second, third]) await untilLive(page)
  expect(await Promise.all([first, second, third].map(isLeader))).toEqual([true, false, false])
  await friend.send(id, 'one')
  for (const page of [first, second, third]) await untilTexts(page, id, ['one'])
  await second.evaluate((of) => chat.parley.send({ conversationId: of, text: 'two' }), id)
  for (const page of [first, second, third]) await untilTexts(page, id, ['one', 'two'])

  // A debugger stops it: it holds its lock, and does not answer.
  const devtools = await context.newCDPSession(first)
  await devtools.send('Debugger.enable')
  await devtools.send('Debugger.pause')
  void devtools.send('Runtime.evaluate', { expression: '0' })
  await friend.send(id, 'three')
  await expect.poll(() => leadersOf([second, third]), back).toBe(1)
  for (const page of [second, third]) await untilTexts(page, id, ['one', 'two', 'three'])
  await devtools.send('Debugger.resume')
  await untilTexts(first, id, ['one', 'two', 'three'])
  await expect.poll(() => leadersOf([first, second, third]), back).toBe(1)

  const [leader, other] = (await isLeader(second)) ? [second, third] : [third, second]
  const crashed = leader.waitForEvent('crash')
  // Its process ends at once, as when the system takes its memory.
  void leader.goto('chrome://crash').catch(() => undefined)
  await crashed
  await expect.poll(() => leadersOf([first, other]), back).toBe(1)
  await friend.send(id, 'four')
  for (const page of [first, other]) await untilTexts(page, id, ['one', 'two', 'three', 'four'])
  expect(await first.evaluate(() => Object.values(chat.parley.diagnostics))).toEqual([0, 0, 0, 0])
  await context.close()
}, 180_000)

test('what is written without a network and left by a reload is sent by the next page, once', async () => {
  const context = await browser.newContext()
  const page = await open(context)
  const id = await friend.startDirect({ id: await register(page) })
  await friend.send(id, 'one')
  await untilTexts(page, id, ['one'])
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  // The page itself comes from elsewhere: only the chat is cut off.
  const blocked = [`${new URL(address).searchParams.get('url')}*`]
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
  const frozen = await PlainTab.open(browser, address)
  const there = 'typeof chat === "object" && chat.parley.session.state.getSnapshot().status === "SIGNED_OUT"'
  await expect.poll(() => frozen.evaluate(there), back).toBe(true)
  const input = JSON.stringify({
    handle: `b_${randomUUID().slice(0, 8)}`,
    displayName: 'Frozen',
    password: 'correct horse battery',
  })
  await frozen.evaluate(`void chat.parley.session.register(${input})`)
  const state = () => frozen.evaluate('chat.parley.syncState.getSnapshot()')
  await expect.poll(state, back).toBe('LIVE')
  const id = await friend.startDirect({ id: String(await frozen.evaluate('chat.parley.viewer.getSnapshot().user.id')) })
  const other = await PlainTab.open(browser, address)
  const isOtherLeader = () =>
    other.evaluate('typeof chat === "object" && chat.parley.connection.getSnapshot().state === "OPEN"')
  await expect
    .poll(() => other.evaluate('typeof chat === "object" && chat.parley.syncState.getSnapshot()'), back)
    .toBe('LIVE')
  expect(await isOtherLeader()).toBe(false)
  await frozen.setState('frozen')
  await expect.poll(isOtherLeader, back).toBe(true)
  await friend.send(id, 'one')
  await friend.send(id, 'two')
  const texts = JSON.stringify(['one', 'two'])
  await expect.poll(() => other.evaluate(`JSON.stringify(chat.texts('${id}'))`), back).toBe(texts)
  await frozen.setState('active')
  await expect.poll(() => frozen.evaluate(`JSON.stringify(chat.texts('${id}'))`), back).toBe(texts)
  await expect.poll(state, back).toBe('LIVE')
}, 120_000)

test('a page from the back/forward cache has closed its socket there, and comes back with what was missed', async () => {
  // Playwright turns that cache off in the browsers that it starts.
  const caching = await startBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
  const context = await caching.newContext()
  await context.addInitScript(() => {
    const sockets: WebSocket[] = []
    const states: number[] = []
    globalThis.WebSocket = class extends WebSocket {
      constructor(...all: ConstructorParameters<typeof WebSocket>) {
        super(...all)
        sockets.push(this)
      }
    }
    Object.assign(globalThis, { sockets, states })
  })
  const page = await open(context)
  const id = await friend.startDirect({ id: await register(page) })
  // After the client's own listener. In the cache nothing runs, and a socket that is open stays open.
  await page.evaluate(() => addEventListener('pagehide', () => states.push(...sockets.map((one) => one.readyState))))
  await page.goto('data:text/html,another site')
  await friend.send(id, 'one')
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
  const { origin } = new URL(address)
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 500_000 })
  await page.goto(address)
  const id = await friend.startDirect({ id: await register(page) })
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
    for (let size = 64 * 1024; size > 16;) if (!(await put(size))) size /= 2
    database.close()
  })
  const long = 'x'.repeat(4_000)
  await page.evaluate((more) => chat.parley.send({ conversationId: more.id, text: more.long }), { id, long })
  await untilTexts(page, id, [long])
  await untilSent(page)
  expect(await problemsOf(page)).toEqual(['STORAGE_FULL'])
  const texts = [long, 'one']
  await friend.send(id, 'one')
  await untilTexts(page, id, texts)
  await devtools.send('Storage.overrideQuotaForOrigin', { origin })
  await page.reload()
  await untilTexts(page, id, texts)
  await untilLive(page)
  expect(await problemsOf(page)).toEqual([])
  await context.close()
}, 120_000)

test('where the browser refuses all storage, it says so and works until it is closed', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'parley-profile-'))
  atEndOfEachFile(() => rm(profile, { recursive: true, force: true }))
  // As in its settings: "Don't allow sites to save data on your device".
  mkdirSync(join(profile, 'Default'))
  writeFileSync(
    join(profile, 'Default/Preferences'),
    JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }),
  )
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    args: chromiumFlags,
  })
  try {
    const page = await open(context)
    expect(
      await page.evaluate(
        () =>
          new Promise((resolve) => {
            try {
              const request = indexedDB.open('x')
              request.onsuccess = () => resolve('opened')
              request.onerror = () => resolve('refused')
            } catch {
              resolve('refused')
            }
          }),
      ),
    ).toBe('refused')
    const id = await friend.startDirect({ id: await register(page) })
    expect(await problemsOf(page)).toEqual(['STORAGE_REFUSED'])
    await page.evaluate((of) => chat.parley.send({ conversationId: of, text: 'one' }), id)
    await untilSent(page)
    await friend.send(id, 'two')
    await untilTexts(page, id, ['one', 'two'])
  } finally {
    await context.close()
  }
}, 120_000)
