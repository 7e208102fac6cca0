import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../testkit/api.ts'
import { startBrowser } from '../testkit/browser.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { startNginx } from '../testkit/nginx.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-graphiql-'))
let external: ServerProcess
let embedded: ServerProcess
beforeAll(async () => {
  const database = await createTestDatabase()
  external = await startServer({ databaseUrl: database.url, redisUrl: null })
  embedded = await startServer({ redisUrl: null, env: { PARLEY_DATA_DIR: folder, NODE_ENV: 'development' } })
}, 120_000)
afterAll(async () => {
  await embedded.stop()
  await rm(folder, { recursive: true, force: true })
})

const html = async (url: string) => (await fetch(url, { headers: { accept: 'text/html' } })).text()
const stopped: string[] = []
afterEach(() => {
  expect(stopped.splice(0)).toEqual([])
})
const size = { viewport: { width: 1400, height: 900 } }

async function openTabs(page: Page, url: string) {
  // What its Content-Security-Policy stops is a fault in every test, whatever the page makes of it.
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) stopped.push(message.text())
  })
  await page.goto(url)
  await page.locator('.graphiql-tab').nth(6).waitFor({ timeout: 60_000 })
  await page.locator('.graphiql-execute-button').waitFor()
}

test('GraphiQL on a fresh profile shows each tab at the first click', { timeout: 120_000 }, async () => {
  const browser = await startBrowser()
  const page = await browser.newPage(size)
  await openTabs(page, external.url)
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

/** Text of an editor: Monaco shows only the lines in sight. */
const editorText = (page: Page, file: string) =>
  page.evaluate((name) => {
    interface Model {
      uri: { path: string }
      getValue(): string
    }
    const { editor } = (globalThis as unknown as { __MONACO: { editor: { getModels(): Model[] } } }).__MONACO
    return (
      editor
        .getModels()
        .find(({ uri }) => uri.path.endsWith(name))
        ?.getValue() ?? ''
    )
  }, file)

describe('signing in by a click', () => {
  test('leads to a live message in another window in six clicks', { timeout: 300_000 }, async () => {
    const browser = await startBrowser()
    // Windows of one browser share what it keeps.
    const context = await browser.newContext(size)
    const ben = await context.newPage()
    const ana = await context.newPage()
    let clickCount = 0
    const click = async (page: Page, selector: string) => {
      clickCount++
      await page.locator(selector).click()
    }
    const isSignedIn = (page: Page, name: string) =>
      page.locator(`.parley-sign-in output:has-text("${name}'s token")`).waitFor({ timeout: 80_000 })
    const run = '.graphiql-execute-button'

    await openTabs(ben, embedded.url)
    await click(ben, '.parley-sign-in button:has-text("Ben")')
    await isSignedIn(ben, 'Ben')
    await click(ben, run)
    await openTabs(ana, embedded.url)
    await click(ana, '.parley-sign-in button:has-text("Ana")')
    await isSignedIn(ana, 'Ana')
    await click(ana, '.graphiql-tab:has-text("SendMessage")')
    await click(ana, run)
    const response = (page: Page) => editorText(page, 'response.json')
    await expect.poll(() => response(ana), { timeout: 80_000 }).toContain('"ACCEPTED"')
    await expect.poll(() => response(ben), { timeout: 80_000 }).toContain('"text": "Hello, Ben!"')
    expect(await response(ben)).toMatch(/"handle": "ana"/)
    expect(clickCount).toBeLessThanOrEqual(6)

    // Each window keeps its own person, in all tabs, also after a reload.
    for (const [page, name] of [
      [ana, 'Ana'],
      [ben, 'Ben'],
    ] as const) {
      await page.reload()
      await openTabs(page, embedded.url)
      await isSignedIn(page, name)
      for (const tab of ['Inbox', 'WatchConversation', 'StartDirect', 'Inbox']) {
        await page.getByRole('button', { name: tab, exact: true }).click()
        await expect.poll(() => editorText(page, 'operation.graphql')).toContain(` ${tab}`)
        await expect
          .poll(async () => {
            const token = /Bearer ([\w.-]+)/.exec(await editorText(page, 'request-headers.json'))?.[1] ?? ''
            const authorization = `Bearer ${token}`
            const answer = await ask(
              embedded.url,
              '{ viewer { user { displayName } } }',
              {},
              { headers: { authorization } },
            )
            return JSON.stringify(answer.data)
          })
          .toContain(name)
      }
      await page.locator(run).click()
      await expect.poll(() => response(page), { timeout: 80_000 }).toContain(`"handle": "${name.toLowerCase()}"`)
    }

    // The token is renewed before it ends, without a click: as if a quarter of an hour were over.
    const before = await editorText(ben, 'request-headers.json')
    await ben.evaluate(() => {
      const { now } = Date
      Date.now = () => now() + 15 * 60_000
    })
    await expect.poll(() => editorText(ben, 'request-headers.json'), { timeout: 80_000 }).not.toBe(before)
    await isSignedIn(ben, 'Ben')
    await context.close()
  })

  test('is there with an embedded PostgreSQL in development alone', { timeout: 120_000 }, async () => {
    const marks = ['correct horse battery staple', '"handle":"ana"']
    const page = await html(embedded.url)
    for (const mark of marks) expect(page).toContain(mark)
    expect(await html(external.url)).toContain('"demo":null')
    await embedded.stop()
    const production = await startServer({
      redisUrl: null,
      env: { PARLEY_DATA_DIR: folder, NODE_ENV: 'production', GRAPHIQL: 'on', INTROSPECTION: 'on' },
    })
    const inProduction = await html(production.url)
    expect(inProduction).toContain('"demo":null')
    expect(inProduction).not.toContain(marks[1])
    await production.stop()
    const database = await createTestDatabase()
    const withDatabase = await startServer({
      databaseUrl: database.url,
      redisUrl: null,
      env: { NODE_ENV: 'development' },
    })
    expect(await html(withDatabase.url)).toContain('"demo":null')
    expect(await html(withDatabase.url)).not.toContain(marks[1])
  })
})

describe('what GraphiQL loads', () => {
  test('is from here alone, and nobody frames it', async () => {
    const { headers } = await fetch(external.url, { headers: { accept: 'text/html' } })
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy.split('; ')).toEqual(expect.arrayContaining(["default-src 'none'", "frame-ancestors 'none'"]))
    const scripts = /script-src [^;]*/.exec(policy)?.[0]
    expect(scripts).toMatch(/^script-src 'self' 'sha256-[\w+/]{43}='$/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })

  const addressesIn = (page: string) => [...page.matchAll(/(?:src|href)="(\?[^"]+)"/g)].map((match) => match[1] ?? '')

  test('is packed, kept by browsers, and named by its bytes', async () => {
    const page = await html(external.url)
    expect(page.length).toBeLessThan(60_000)
    const addresses = addressesIn(page)
    expect(addresses).toHaveLength(3)
    for (const address of addresses) {
      const url = external.url + address
      const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
      const text = await plain.text()
      expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(plain.headers.get('vary')).toBe('Accept-Encoding')
      for (const encoding of ['br', 'gzip']) {
        const packed = await fetch(url, { headers: { 'accept-encoding': encoding } })
        expect(packed.headers.get('content-encoding')).toBe(encoding)
        expect(Number(packed.headers.get('content-length'))).toBeLessThan(text.length * 0.6)
        expect((await packed.text()) === text).toBe(true)
      }
      expect(
        (await fetch(url, { headers: { 'accept-encoding': 'br;q=0, gzip' } })).headers.get('content-encoding'),
      ).toBe('gzip')
    }
    // Of another version: not to be kept.
    const gone = await fetch(`${external.url}?asset=graphiql-0123456789abcdef.js`)
    expect([gone.status, gone.headers.get('cache-control')]).toEqual([404, 'private, no-store'])
    await gone.text()
  })

  test(
    'is found below a path, through proxies that take it away, leave it or say nothing of it',
    { timeout: 300_000 },
    async () => {
      const upstream = external.url.replace('/graphql', '')
      const server = (location: string) => (own: number | undefined) =>
        `server { listen 127.0.0.1:${own ?? 0}; ${location} }`
      const locations = [
        `location /chat/ { proxy_pass ${upstream}/; proxy_set_header X-Forwarded-Prefix /chat; }`,
        `location = /chat/graphql { proxy_pass ${upstream}/graphql; }`,
        `location /chat/graphql/ { proxy_pass ${upstream}/graphql/; }`,
      ]
      const ports = await startNginx(3, (...own) =>
        locations.map((location, at) => server(location)(own[at])).join('\n'),
      )
      const browser = await startBrowser()
      for (const [at, path] of ['/chat/graphql', '/chat/graphql', '/chat/graphql/?query={__typename}'].entries()) {
        const page = await browser.newPage(size)
        const refused: string[] = []
        page.on('response', (response) => {
          if (response.status() >= 400) refused.push(response.url())
        })
        await page.goto(`http://127.0.0.1:${ports[at]}${path}`)
        await page.locator('.graphiql-execute-button').waitFor({ timeout: 60_000 })
        expect([path, refused]).toEqual([path, []])
        await page.close()
      }
    },
  )
})
