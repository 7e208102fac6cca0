import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import { signUp, type Person } from '../testkit/person.ts'
import { sharedServer } from '../testkit/shared.ts'
import type { PageChat } from './browser-page.ts'
import { servePage } from './page-server.ts'

declare const chat: PageChat

/** Within which a page has noticed something and is back, on a busy machine. */
export const back = { timeout: 60_000, interval: 100 }

/** A page with the client, of a server, and somebody to chat with. */
export interface ChatPage {
  address: string
  friend: Person
}

export async function serveChat(): Promise<ChatPage> {
  const { url } = (await sharedServer()).server
  const friend = await signUp(url, 'Friend')
  const page = await servePage(join(import.meta.dirname, 'browser-page.ts'))
  return { friend, address: `${page}?url=${encodeURIComponent(url)}` }
}

export const newcomer = () => ({
  handle: `b_${randomUUID().slice(0, 8)}`,
  displayName: 'Browser',
  password: 'correct horse battery',
})

export async function open(context: BrowserContext, { address }: ChatPage): Promise<Page> {
  const page = await context.newPage()
  await page.goto(address)
  return page
}

/** Signs a new person up, and returns their id. */
export async function register(page: Page): Promise<string> {
  expect(await page.evaluate((input) => chat.parley.session.register(input), newcomer())).toBeNull()
  await untilLive(page)
  return page.evaluate(() => chat.parley.viewer.getSnapshot()?.user.id ?? '')
}

const syncOf = (page: Page) => page.evaluate(() => chat.parley.syncState.getSnapshot())
export const untilLive = (page: Page) => expect.poll(() => syncOf(page), back).toBe('LIVE')
const textsIn = (page: Page, id: string) => page.evaluate((of) => chat.texts(of), id)
export const untilTexts = (page: Page, id: string, texts: string[]) =>
  expect.poll(() => textsIn(page, id), back).toEqual(texts)
export const untilSent = (page: Page) =>
  expect.poll(() => page.evaluate(() => chat.parley.outbox.operations.getSnapshot().length), back).toBe(0)
export const problemsOf = (page: Page) =>
  page.evaluate(() => chat.parley.problems.getSnapshot().map(({ code }) => code))
