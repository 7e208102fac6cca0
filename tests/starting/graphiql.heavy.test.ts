import { expect, test } from 'vitest'
import { startBrowser } from '../testkit/browser.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { startServer } from '../testkit/server.ts'

test('GraphiQL on a fresh profile shows each tab at the first click', { timeout: 120_000 }, async () => {
  const database = await createTestDatabase()
  const server = await startServer({ databaseUrl: database.url, redisUrl: null })
  const browser = await startBrowser()
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
  await page.goto(server.url)
  const tabs = page.locator('.graphiql-tab')
  await tabs.nth(8).waitFor({ timeout: 60_000 })
  const active = page.locator('.graphiql-tab-active')
  const count = await tabs.count()
  for (let at = 1; at < count; at++) {
    const name = await tabs.nth(at).innerText()
    expect(await active.innerText()).not.toBe(name)
    await tabs.nth(at).scrollIntoViewIfNeeded()
    const box = await tabs.nth(at).boundingBox()
    if (!box) throw new Error(`${name} is not to be seen`)
    // With the mouse, as a person does it: what is under it at the release of the button gets the click.
    await page.mouse.click(box.x + 20, box.y + box.height / 2)
    await expect.poll(() => active.innerText()).toBe(name)
  }
})
