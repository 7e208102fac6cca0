import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { atEndOfEachFile } from '../testkit/at-end.ts'
import { chromiumFlags, startBrowser } from '../testkit/browser.ts'
import type { PageChat } from './browser-page.ts'
import {
  back,
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

/*
 * The client in Chromium, against a server: storage, locks and channel are the browser's own. What they do to the client in all detail is
 * tested in Node, with these replaced (tabs.test.ts, sdk/src); the life of a page is in browser-life.full.test.ts.
 */

let at: ChatPage
beforeAll(async () => {
  at = await serveChat()
}, 120_000)

const isLeader = (page: Page) => page.evaluate(() => chat.parley.connection.getSnapshot().state === 'OPEN')
const leadersOf = async (pages: Page[]) => (await Promise.all(pages.map(isLeader))).filter(Boolean).length

test('of three tabs one leads; when it is stuck, and when it is killed, another does, and nobody misses anything', async () => {
  const context = await (await startBrowser()).newContext()
  const first = await open(context, at)
  const id = await at.friend.startDirect({ id: await register(first) })
  // They are signed in by what the first one has stored.
  const [second, third] = [await open(context, at), await open(context, at)]
  for (const page of [second, third]) await untilLive(page)
  expect(await Promise.all([first, second, third].map(isLeader))).toEqual([true, false, false])
  await at.friend.send(id, 'one')
  for (const page of [first, second, third]) await untilTexts(page, id, ['one'])
  await second.evaluate((of) => chat.parley.send({ conversationId: of, text: 'two' }), id)
  for (const page of [first, second, third]) await untilTexts(page, id, ['one', 'two'])

  // A debugger stops it: it holds its lock, and does not answer.
  const devtools = await context.newCDPSession(first)
  await devtools.send('Debugger.enable')
  await devtools.send('Debugger.pause')
  void devtools.send('Runtime.evaluate', { expression: '0' })
  await at.friend.send(id, 'three')
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
  await at.friend.send(id, 'four')
  for (const page of [first, other]) await untilTexts(page, id, ['one', 'two', 'three', 'four'])
  expect(await first.evaluate(() => Object.values(chat.parley.diagnostics))).toEqual([0, 0, 0, 0])
  await context.close()
}, 180_000)

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
    const page = await open(context, at)
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
    const id = await at.friend.startDirect({ id: await register(page) })
    expect(await problemsOf(page)).toEqual(['STORAGE_REFUSED'])
    await page.evaluate((of) => chat.parley.send({ conversationId: of, text: 'one' }), id)
    await untilSent(page)
    await at.friend.send(id, 'two')
    await untilTexts(page, id, ['one', 'two'])
  } finally {
    await context.close()
  }
}, 120_000)
