import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'
import { startBrowser } from '../testkit/browser.ts'
import { startServer, type ServerProcess } from '../testkit/server.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** A server as a newcomer has it, with a browser beside it. */
export class Windows {
  private readonly failures: string[] = []
  private constructor(
    readonly server: ServerProcess,
    readonly browser: Browser,
    /** Where the server keeps its data. */
    readonly folder: string,
  ) {}

  static async open({ hasOnlyPersistedDocuments = false } = {}): Promise<Windows> {
    const folder = mkdtempSync(join(tmpdir(), 'parley-web-'))
    const env: Record<string, string> = { PARLEY_DATA_DIR: folder, NODE_ENV: 'development' }
    if (hasOnlyPersistedDocuments) {
      const file = join(folder, 'persisted.json')
      const { stdout } = await run(process.execPath, ['--import', 'tsx', 'scripts/print-persisted.mjs'], { cwd: root })
      writeFileSync(file, stdout)
      Object.assign(env, { PERSISTED_DOCUMENTS: file, PERSISTED_DOCUMENTS_ONLY: 'on' })
    }
    const [server, browser] = await Promise.all([startServer({ redisUrl: null, env }), startBrowser()])
    return new Windows(server, browser, folder)
  }

  get address(): string {
    return this.server.url.replace(/graphql$/, '')
  }

  async close(): Promise<void> {
    await this.browser.close()
    await this.server.stop()
    await rm(this.folder, { recursive: true, force: true })
    // What a page throws, or its Content-Security-Policy stops, is a fault in every test.
    expect(this.failures).toEqual([])
  }

  /** A window of its own browser profile, at the sign-in. */
  async page(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1200, height: 780 }, locale: 'en', ...options })
    context.setDefaultTimeout(60_000)
    const page = await context.newPage()
    this.watch(page)
    await page.goto(this.address)
    return page
  }

  /** A window of a browser that keeps the pages that one leaves for another one (back/forward cache). */
  async cachingPage(): Promise<Page> {
    const browser = await startBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
    const page = await (await browser.newContext({ viewport: { width: 1200, height: 780 }, locale: 'en' })).newPage()
    page.setDefaultTimeout(60_000)
    this.watch(page)
    await page.goto(this.address)
    return page
  }

  /** Faults that were made on purpose. */
  expectViolations(pattern: RegExp): void {
    const [expected, others] = [
      this.failures.filter((one) => pattern.test(one)),
      this.failures.filter((one) => !pattern.test(one)),
    ]
    expect(expected).not.toEqual([])
    this.failures.splice(0, Infinity, ...others)
  }

  /** Ends all windows: they would follow the chat of the next test too. */
  async closePages(): Promise<void> {
    for (const context of this.browser.contexts()) await context.close()
  }

  watch(page: Page): void {
    page.on('pageerror', (error) => this.failures.push(String(error.stack)))
    page.on('console', (message) => {
      if (/Content.Security.Policy/.test(message.text())) this.failures.push(message.text())
    })
  }

  async signedIn(name: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.page(options)
    await signIn(page, name)
    return page
  }

  async setRole(handle: string, role: 'STAFF'): Promise<void> {
    await run(process.execPath, ['dist/admin.js', 'set-role', handle, role], {
      cwd: root,
      env: { PATH: process.env.PATH, PARLEY_DATA_DIR: this.folder },
    })
  }
}

export async function signIn(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Sign in as ${name}` }).click()
  await page.getByRole('heading', { name, exact: true }).waitFor()
}

export const composer = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true })

export async function write(page: Page, text: string): Promise<void> {
  await composer(page).fill(text)
  await composer(page).press('Enter')
}

/** The message with this text. */
export const message = (page: Page, text: string) => page.locator('.timeline article', { hasText: text })

export const delivery = (page: Page, text: string) => message(page, text).locator('.ticks')

/** Texts of the timeline, from old to new. */
export const texts = (page: Page) => page.locator('.timeline article .text').allInnerTexts()

export async function startChatWith(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'New chat' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('searchbox').fill(name)
  await dialog.getByRole('button', { name }).first().click()
  await dialog.getByRole('button', { name: 'Start chat' }).click()
  await composer(page).waitFor()
}

export const row = (page: Page, title: string | RegExp) =>
  page.getByRole('navigation').getByRole('link', { name: title })

/** For README.md and docs/: `TEST_SCREENSHOTS=docs npx vitest run tests/web` makes them anew. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.TEST_SCREENSHOTS
  if (folder !== undefined) await page.screenshot({ path: join(root, folder, `${name}.png`) })
}

/** Serious faults of accessibility in what is shown, by axe-core; [] when there are none. */
export async function faults(page: Page): Promise<string[]> {
  const axe = createRequire(join(root, 'web/package.json')).resolve('axe-core/axe.min.js')
  // As text: the page's Content-Security-Policy takes no script element from elsewhere.
  await page.evaluate(readFileSync(axe, 'utf8'))
  return page.evaluate(async () => {
    interface Violation {
      id: string
      impact: string | null
      nodes: { html: string }[]
    }
    const { axe: run } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
    const { violations } = await run.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' ')}`)
  })
}
