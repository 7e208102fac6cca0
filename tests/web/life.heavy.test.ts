import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { composer, delivery, faults, message, row, startChatWith, Windows, write } from './windows.ts'

let windows: Windows
beforeAll(async () => {
  // As strict as an operator may have it: no document but those of the SDK.
  windows = await Windows.open({ hasOnlyPersistedDocuments: true })
}, 120_000)
afterEach(() => windows.closePages())
afterAll(() => windows.close())

test('who is new writes to somebody by one click, also when nobody has been them yet', async () => {
  const page = await windows.signedIn('Ana')
  await page.getByRole('button', { name: 'Chat with Ben' }).waitFor()
  expect(await faults(page)).toEqual([])
  await page.getByRole('button', { name: 'Chat with Ben' }).click()
  await write(page, 'The first message')
  await expect.poll(() => delivery(page, 'The first message').getAttribute('data-delivery')).toBe('SENT')
  const ben = await windows.signedIn('Ben')
  await row(ben, 'Ana').getByText('The first message').waitFor()
  // Whoever registered Ben to write to him is not signed in as him.
  await ben.goto(`${windows.address}settings`)
  const signedIn = ben.getByRole('list', { name: 'Where you are signed in' }).getByRole('listitem')
  await signedIn.getByText('This device').waitFor()
  expect(await signedIn.count()).toBe(1)
})

test('a person is blocked and unblocked, and a session elsewhere is ended', async () => {
  const [ana, ben, phone] = await Promise.all([
    windows.signedIn('Ana'),
    windows.signedIn('Ben'),
    windows.signedIn('Ana'),
  ])
  await ana.getByRole('button', { name: 'New chat' }).click()
  const dialog = ana.getByRole('dialog')
  for (const name of ['Ben', 'Cleo']) await dialog.getByRole('button', { name: `${name} @` }).click()
  await dialog
    .getByText('2 people chosen')
    .or(dialog.getByRole('list', { name: '2 people chosen' }))
    .waitFor()
  await dialog.getByRole('textbox', { name: 'Name of the group' }).fill('Crew')
  await dialog.getByRole('button', { name: 'Create group' }).click()
  await row(ben, 'Crew').click()
  await write(ben, 'Something rude')
  await message(ana, 'Something rude').waitFor()

  await ana.getByRole('button', { name: 'Show details' }).click()
  await ana.getByRole('button', { name: 'What to do with Ben' }).click()
  await ana.getByRole('menuitem', { name: 'Block Ben' }).click()
  await message(ana, 'Message of a person whom you have blocked').waitFor()
  expect(await message(ana, 'Something rude').count()).toBe(0)
  await message(ana, 'Message of a person').getByRole('button', { name: 'Show it' }).click()
  await message(ana, 'Something rude').waitFor()
  await row(ana, /^(Online )?Ben/).click()
  await ana.getByText('You have blocked Ben.').waitFor()
  expect(await composer(ana).count()).toBe(0)
  expect(await faults(ana)).toEqual([])

  await ana.getByRole('button', { name: 'Menu' }).click()
  await ana.getByRole('menuitem', { name: 'Settings' }).click()
  await ana.getByRole('button', { name: 'Unblock Ben' }).click()
  await ana.getByText('You have blocked nobody.').waitFor()
  expect(await faults(ana)).toEqual([])
  await ana.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await phone.getByText('Your session has ended.').waitFor()
  await expect.poll(() => ana.getByRole('button', { name: /^Sign out of / }).count()).toBe(0)
  await row(ana, /^(Online )?Ben/).click()
  await write(ana, 'Friends again')
  await row(ben, 'Ana').getByText('Friends again').waitFor()
})

test('text is never HTML, links hand nothing on, and the page runs no script but its own', async () => {
  const ana = await windows.signedIn('Ana')
  await startChatWith(ana, 'Ben')
  const text =
    '<img src=x onerror="document.title=1"><script>alert(1)</script> https://example.org/?a=1&b=<2> javascript:alert(1)'
  await write(ana, text)
  const shown = message(ana, '<script>').locator('.text')
  expect(await shown.innerText()).toBe(text)
  expect(await shown.locator('img, script').count()).toBe(0)
  expect(await shown.locator('a').count()).toBe(1)
  expect(await shown.locator('a').getAttribute('href')).toBe('https://example.org/?a=1&b=')
  expect(await shown.locator('a').getAttribute('rel')).toMatch(/\bnoopener\b.*\bnoreferrer\b/)

  const { headers } = await fetch(windows.address, { headers: { accept: 'text/html' } })
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'; script-src 'self';")
  expect(policy).not.toMatch(/script-src[^;]*unsafe/)
  const ran = await ana.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'globalThis.isForeign = true'
    document.body.append(script)
    return (globalThis as { isForeign?: boolean }).isForeign ?? false
  })
  expect(ran).toBe(false)
  windows.expectViolations(/script-src/)
})

test('by the keyboard alone: sign in, write, answer, react, and nothing moves where motion is to be reduced', async () => {
  const page = await windows.page({ reducedMotion: 'reduce' })
  const keys = page.keyboard
  const tabTo = async (name: RegExp) => {
    for (let n = 0; n < 40; n++) {
      await keys.press('Tab')
      const label = await page.evaluate(() => {
        const { activeElement: at } = document
        return `${at?.getAttribute('aria-label') ?? ''} ${at?.getAttribute('placeholder') ?? ''} ${at?.textContent ?? ''}`
      })
      if (name.test(label)) return
    }
    throw new Error(`Tab does not come to ${String(name)}`)
  }
  await page.getByRole('button', { name: 'Sign in as Ana' }).waitFor()
  await tabTo(/Sign in as Ana/)
  await keys.press('Enter')
  await row(page, /^(Online )?Ben/).waitFor()
  await tabTo(/Options of Ben/)
  await keys.press('Shift+Tab')
  await keys.press('Enter')
  await composer(page).waitFor()
  await tabTo(/Write a message/)
  await keys.type('With ten fingers')
  await keys.press('Enter')
  await message(page, 'With ten fingers').waitFor()
  // Back to the list of messages, and from there to the newest one.
  for (let n = 0; n < 3; n++) await keys.press('Shift+Tab')
  await page.locator('#messages').focus()
  await keys.press('ArrowUp')
  await tabTo(/^React/)
  await keys.press('Enter')
  await keys.press('Enter')
  await message(page, 'With ten fingers')
    .getByRole('button', { name: /, 1 person/ })
    .waitFor()
  const moving = await page.evaluate(() => document.getAnimations().filter((one) => one.playState === 'running').length)
  expect(moving).toBe(0)
})
