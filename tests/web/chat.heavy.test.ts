import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { pngFile } from '../testkit/uploads.ts'
import {
  composer,
  delivery,
  faults,
  message,
  row,
  screenshot,
  signIn,
  startChatWith,
  texts,
  Windows,
  write,
} from './windows.ts'

let windows: Windows
beforeAll(async () => {
  windows = await Windows.open()
}, 120_000)
afterEach(() => windows.closePages())
afterAll(() => windows.close())

test('two people chat side by side', async () => {
  const [ana, ben] = await Promise.all([windows.signedIn('Ana'), windows.signedIn('Ben')])
  await startChatWith(ana, 'Ben')
  await write(ana, 'Hello, Ben!')
  await message(ana, 'Hello, Ben!').waitFor()
  await row(ben, 'Ana').waitFor()
  await expect.poll(() => ben.title()).toBe('(1) Parley')
  await expect.poll(() => delivery(ana, 'Hello, Ben!').getAttribute('data-delivery')).toBe('DELIVERED')
  await row(ben, 'Ana').click()
  await message(ben, 'Hello, Ben!').waitFor()
  await expect.poll(() => delivery(ana, 'Hello, Ben!').getAttribute('data-delivery')).toBe('READ')
  await expect.poll(() => ben.title()).toBe('Parley')

  await composer(ben).pressSequentially('Hi A')
  await ana.getByText('Ben is typing…').waitFor()
  await write(ben, 'Hi Ana')
  await message(ana, 'Hi Ana').waitFor()
  await expect.poll(() => ana.getByText('Ben is typing…').count()).toBe(0)

  await message(ana, 'Hi Ana').hover()
  await ana.getByRole('button', { name: 'React', exact: true }).click()
  await ana.getByRole('button', { name: 'React with 🎉' }).click()
  await message(ben, 'Hi Ana').getByRole('button', { name: '🎉, 1 person' }).waitFor()
  expect(await texts(ana)).toEqual(await texts(ben))
  await screenshot(ben, 'web')
})

test('what is written without a network waits, outlives a reload, and arrives once and in order', async () => {
  const [ana, ben] = await Promise.all([windows.signedIn('Ana'), windows.signedIn('Ben')])
  await startChatWith(ana, 'Ben')
  await row(ben, 'Ana').click()
  await write(ana, 'Before the tunnel')
  await message(ben, 'Before the tunnel').waitFor()
  // The page is kept for such a time.
  await ana.evaluate(async () => {
    await navigator.serviceWorker.ready
  })
  await expect.poll(() => ana.evaluate(async () => (await caches.match('./')) !== undefined)).toBe(true)
  await ana.context().setOffline(true)
  for (const text of ['one', 'two', 'three']) await write(ana, `Tunnel ${text}`)
  await expect.poll(() => delivery(ana, 'Tunnel three').getAttribute('data-delivery')).toBe('PENDING')
  await write(ben, 'Are you there?')
  await ana.reload()
  await ana.getByText('You are offline.').waitFor()
  await message(ana, 'Tunnel three').waitFor()
  expect((await texts(ana)).slice(-3)).toEqual(['Tunnel one', 'Tunnel two', 'Tunnel three'])
  await ana.context().setOffline(false)
  await message(ben, 'Tunnel three').waitFor()
  await message(ana, 'Are you there?').waitFor()
  await expect.poll(() => delivery(ana, 'Tunnel three').getAttribute('data-delivery')).toBe('READ')
  await expect.poll(() => texts(ana)).toEqual(await texts(ben))
  expect((await texts(ben)).filter((text) => text.startsWith('Tunnel'))).toHaveLength(3)
})

test('an edit that comes after another one is shown with what is there', async () => {
  const [ana, phone] = await Promise.all([windows.signedIn('Ana'), windows.signedIn('Ana')])
  await startChatWith(ana, 'Ben')
  await write(ana, 'Dinner at 7')
  await message(ana, 'Dinner at 7').locator('[data-delivery=SENT], [data-delivery=DELIVERED]').waitFor()
  await row(phone, 'Ben').click()
  const edit = async (page: Page, from: string, to: string) => {
    await message(page, from).hover()
    await page.getByRole('button', { name: 'Options of the message of You' }).click()
    await page.getByRole('menuitem', { name: 'Edit' }).click()
    await composer(page).fill(to)
  }
  await edit(ana, 'Dinner at 7', 'Dinner at 8')
  await edit(phone, 'Dinner at 7', 'Dinner at 9')
  await composer(ana).press('Enter')
  await message(phone, 'Dinner at 8').waitFor()
  await composer(phone).press('Enter')
  const conflict = phone.getByRole('dialog', { name: 'Somebody changed it meanwhile' })
  await conflict.getByText('Dinner at 8').waitFor()
  await conflict.getByRole('button', { name: 'Save mine over it' }).click()
  await message(ana, 'Dinner at 9').waitFor()
  await message(ana, 'Dinner at 9').getByText('edited').waitFor()
})

test('a picture and a file are attached, sent with their text, and shown to the other one', async () => {
  const [ana, ben] = await Promise.all([windows.signedIn('Ana'), windows.signedIn('Ben')])
  await startChatWith(ana, 'Ben')
  await row(ben, 'Ana').click()
  await ana.getByTestId('files').setInputFiles([
    { name: 'sea.png', mimeType: 'image/png', buffer: Buffer.from(pngFile().bytes) },
    { name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('1. swim') },
  ])
  await ana.getByRole('button', { name: 'Remove sea.png' }).waitFor()
  await write(ana, 'The sea')
  const received = message(ben, 'The sea')
  await received.getByRole('img', { name: 'sea.png' }).waitFor()
  await expect
    .poll(() =>
      received.locator('img').evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
    )
    .toBeGreaterThan(0)
  const link = await received.getByRole('link', { name: /^Download plan.txt/ }).getAttribute('href')
  expect(await (await fetch(link ?? '')).text()).toBe('1. swim')
  await expect.poll(() => delivery(ana, 'The sea').getAttribute('data-delivery')).toBe('READ')
})

test('files come by drag and by paste; a large one arrives whole, and one that is too large says so and can be dropped', async () => {
  const [ana, ben] = await Promise.all([windows.signedIn('Ana'), windows.signedIn('Ben')])
  await startChatWith(ana, 'Ben')
  await row(ben, 'Ana').click()
  const large = randomBytes(8_000_000)
  const file = join(windows.folder, 'large.bin')
  writeFileSync(file, large)
  // The browser's own drag, as from a window of files.
  const devtools = await ana.context().newCDPSession(ana)
  const drag = { x: 700, y: 400, data: { items: [], files: [file], dragOperationsMask: 1 } }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devtools.send('Input.dispatchDragEvent', { type, ...drag })
  await ana.getByRole('button', { name: 'Remove large.bin' }).waitFor()
  await composer(ana).evaluate((area) => {
    const clipboardData = new DataTransfer()
    clipboardData.items.add(new File(['1. swim'], 'pasted.txt', { type: 'text/plain' }))
    area.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  })
  await ana.getByRole('button', { name: 'Remove pasted.txt' }).waitFor()
  await write(ana, 'Both of them')
  const received = message(ben, 'Both of them')
  const linkTo = async (name: string) =>
    (await received.getByRole('link', { name: `Download ${name}` }).getAttribute('href')) ?? ''
  const bytesOf = async (name: string) => Buffer.from(await (await fetch(await linkTo(name))).arrayBuffer())
  expect((await bytesOf('large.bin')).equals(large)).toBe(true)
  expect((await bytesOf('pasted.txt')).toString()).toBe('1. swim')

  writeFileSync(file, Buffer.alloc(26 * 1024 * 1024))
  await ana.getByTestId('files').setInputFiles(file)
  await write(ana, 'Too much')
  await expect.poll(() => delivery(ana, 'Too much').getAttribute('data-delivery')).toBe('REFUSED')
  await message(ana, 'Too much')
    .getByRole('alert')
    .getByText(/bytes or less/)
    .waitFor()
  await message(ana, 'Too much').getByRole('button', { name: 'Discard' }).click()
  await expect.poll(() => message(ana, 'Too much').count()).toBe(0)
})

test('support: a question is in the queue of the staff, taken, answered and resolved', async () => {
  const [ana, cleo] = await Promise.all([windows.signedIn('Ana'), windows.signedIn('Cleo')])
  await windows.setRole('cleo', 'STAFF')
  // What is kept here of a person is asked for anew when they sign in.
  await cleo.getByRole('button', { name: 'Menu' }).click()
  await cleo.getByRole('menuitem', { name: 'Sign out' }).click()
  await signIn(cleo, 'Cleo')
  await ana.getByRole('button', { name: 'New chat' }).click()
  const dialog = ana.getByRole('dialog')
  await dialog.getByText('Ask support for help').click()
  await dialog.getByRole('textbox', { name: 'What is it about?' }).fill('Where is my order?')
  await dialog.getByRole('button', { name: 'Ask support' }).click()
  await write(ana, 'It should be here since Monday')
  await cleo.getByRole('button', { name: /^Support desk/ }).click()
  await cleo.getByRole('main').getByRole('link', { name: 'Where is my order?' }).click()
  await message(cleo, 'It should be here since Monday').waitFor()
  await cleo.getByRole('button', { name: 'I take it' }).click()
  await cleo.getByText('Cleo is responsible').waitFor()
  await write(cleo, 'It left us today')
  await message(ana, 'It left us today').waitFor()
  await cleo.getByRole('button', { name: 'Resolve' }).click()
  await cleo.getByRole('button', { name: 'Open again' }).waitFor()
  expect(await faults(cleo)).toEqual([])
})

test('groups: made, renamed, with an admin, and left', async () => {
  const [ana, ben] = await Promise.all([windows.signedIn('Ana'), windows.signedIn('Ben')])
  await ana.getByRole('button', { name: 'New chat' }).click()
  const dialog = ana.getByRole('dialog')
  for (const name of ['Ben', 'Cleo']) {
    await dialog.getByRole('searchbox').fill(name)
    await dialog.getByRole('button', { name: `${name} @` }).click()
  }
  await dialog.getByRole('textbox', { name: 'Name of the group' }).fill('Regatta')
  await dialog.getByRole('button', { name: 'Create group' }).click()
  await write(ana, '@ben look')
  await ana.getByRole('button', { name: 'Show details' }).click()
  await ana.getByRole('button', { name: 'What to do with Ben' }).click()
  await ana.getByRole('menuitem', { name: 'Make admin' }).click()
  await row(ben, 'Regatta').click()
  await ben.getByRole('button', { name: 'Show details' }).click()
  await ben.getByRole('button', { name: 'Rename' }).click()
  await ben.getByRole('textbox', { name: 'Name', exact: true }).fill('Harbour')
  await ben.getByRole('button', { name: 'Save' }).click()
  await row(ana, 'Harbour').waitFor()
  expect(await faults(ben)).toEqual([])
  await ben.getByRole('button', { name: 'Leave group' }).click()
  await expect.poll(() => row(ben, 'Harbour').count()).toBe(0)
  await ana.getByText('2 members').first().waitFor()
})

test('narrow, dark, and from right to left it is one pane with a way back, and nothing is wider than the window', async () => {
  const narrow = { viewport: { width: 360, height: 640 }, colorScheme: 'dark', locale: 'ar' } as const
  const page = await windows.page(narrow)
  await page.getByRole('button', { name: 'الدخول باسم Ana' }).click()
  await page.getByRole('link', { name: /^Ben/ }).click()
  await composer(page).waitFor({ state: 'hidden' })
  const box = page.getByRole('textbox', { name: 'رسالة' })
  await box.fill('مرحبا')
  await box.press('Enter')
  await message(page, 'مرحبا').waitFor()
  expect(await page.evaluate(() => document.documentElement.dir)).toBe('rtl')
  expect(await page.getByRole('navigation').count()).toBe(0)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
  expect(await faults(page)).toEqual([])
  await screenshot(page, 'web-narrow')
  await page.getByRole('link', { name: 'العودة إلى القائمة' }).click()
  await page.getByRole('navigation').waitFor()
  expect(await faults(page)).toEqual([])
  await page.goto(`${windows.address}settings`)
  await page.getByRole('switch').first().waitFor()
  expect(await faults(page)).toEqual([])
})
