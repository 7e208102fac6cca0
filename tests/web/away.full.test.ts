import { afterAll, beforeAll, expect, test } from 'vitest'
import { PlainTab } from './plain-tab.ts'
import { message, row, signIn, startChatWith, texts, Windows, write } from './windows.ts'

const timeline = `document.querySelectorAll('.timeline article .text')`
let windows: Windows
beforeAll(async () => {
  windows = await Windows.open()
}, 120_000)
afterAll(() => windows.close())

test('who has a frozen tab, or reads another site, is not online; going on and coming back bring everything', async () => {
  const ana = await windows.signedIn('Ana')
  const ben = await PlainTab.open(windows.browser, windows.address)
  // Playwright turns the back/forward cache off in the browsers that it starts.
  const cleo = await windows.cachingPage()
  await Promise.all([ben.click('button', 'Sign in as Ben'), signIn(cleo, 'Cleo')])
  for (const name of ['Ben', 'Cleo']) {
    await startChatWith(ana, name)
    await write(ana, `Before the frost, ${name}`)
  }
  await ben.click('nav a', 'Ana')
  await row(cleo, 'Ana').click()
  await message(cleo, 'Before the frost').waitFor()
  const shownToBen = async () => (await ben.evaluate(`[...${timeline}].map((one) => one.textContent)`)) as string[]
  await expect.poll(shownToBen).toEqual(['Before the frost, Ben'])
  const online = row(ana, /^Online (Ben|Cleo)/)
  await expect.poll(() => online.count(), { timeout: 20_000 }).toBe(2)

  await ben.setState('frozen')
  await cleo.evaluate(() => {
    ;(globalThis as { isKept?: boolean }).isKept = true
  })
  await cleo.goto('data:text/html,another site')
  for (const name of ['Ben', 'Cleo']) {
    await row(ana, name).click()
    for (let n = 1; n <= 9; n++) await write(ana, `In the frost, ${name}, ${String(n)}`)
  }
  // 30 s after their sockets have ended.
  await expect.poll(() => online.count(), { timeout: 60_000 }).toBe(0)

  await ben.setState('active')
  // A page that is kept does not load again.
  await cleo.goBack({ waitUntil: 'commit' })
  // It is the page that was left, and none that was loaded anew.
  expect(await cleo.evaluate(() => (globalThis as { isKept?: boolean }).isKept)).toBe(true)
  await message(cleo, 'In the frost, Cleo, 9').waitFor()
  // Ana has the conversation with Cleo open.
  await expect.poll(() => texts(ana)).toEqual(await texts(cleo))
  await expect.poll(async () => (await shownToBen()).at(-1), { timeout: 20_000 }).toBe('In the frost, Ben, 9')
  const shown = await shownToBen()
  expect(new Set(shown).size).toBe(shown.length)
  await expect.poll(() => online.count(), { timeout: 20_000 }).toBe(2)
}, 180_000)
