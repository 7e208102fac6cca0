import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test, vi } from 'vitest'
import type { Parley } from '../../sdk/src/index.ts'
import * as hooks from '../../sdk/src/react/index.ts'
import { bundle, servePage } from '../sdk/page-server.ts'
import { atEndOfEachFile } from '../testkit/at-end.ts'
import { startBrowser } from '../testkit/browser.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { sharedServer } from '../testkit/shared.ts'
import { makeStaff } from '../testkit/support.ts'

declare const parley: Parley

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'examples/react-hooks')
const back = { timeout: 60_000, interval: 100 }
const complaints: string[] = []
let page: Page
let friend: Person
let viewer: { id: string; handle: string }

/** What the example's server sends. */
async function rendered(url: string): Promise<string> {
  const place = mkdtempSync(join(tmpdir(), 'parley-rendered-'))
  atEndOfEachFile(() => rm(place, { recursive: true, force: true }))
  const file = join(place, 'server.mjs')
  // react-dom/server asks for modules of Node by require.
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
  writeFileSync(file, await bundle(join(folder, 'server.tsx'), { platform: 'node', banner: { js: banner } }))
  const { html } = (await import(pathToFileURL(file).href)) as { html: (url: string) => Promise<string> }
  const told = vi.spyOn(console, 'error')
  const text = await html(url)
  expect(told).not.toHaveBeenCalled()
  return text
}

beforeAll(async () => {
  const { server } = await sharedServer()
  friend = await signUp(server.url, 'Friend')
  const html = await rendered(server.url)
  expect(html).toBe('<p>Nobody is signed in.</p>')
  const address = await servePage(join(folder, 'client.tsx'), html)
  const browser = await startBrowser()
  page = await browser.newPage()
  page.setDefaultTimeout(60_000)
  page.on('pageerror', (error) => complaints.push(String(error.stack)))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  await page.goto(`${address}?url=${encodeURIComponent(server.url)}`)
  const handle = `h_${randomUUID().slice(0, 8)}`
  const input = { handle, displayName: 'Viewer', password: 'correct horse battery' }
  expect(await page.evaluate((given) => parley.session.register(given), input)).toBeNull()
  await shows('LIVE')
  viewer = { id: await page.evaluate(() => parley.viewer.getSnapshot()?.user.id ?? ''), handle }
}, 120_000)

const list = (name: string) => page.getByRole('list', { name })
const shows = (text: string) => page.getByText(text, { exact: true }).waitFor()
const textOf = (name: string) => page.getByLabel(name, { exact: true }).innerText()

test('each hook shows what the server has, and what the person does, under StrictMode', async () => {
  const id = await friend.startDirect(viewer)
  await friend.send(id, 'One')
  // useInbox, useUnread
  const row = page.getByRole('button', { name: 'Friend (1): One' })
  await row.waitFor()
  await expect.poll(() => textOf('Unread'), back).toBe('1 in 1')
  // useTimeline, useMembers
  await row.click()
  await list('Messages').getByText('One').waitFor()
  await list('Members').getByText('Viewer').waitFor()
  await list('Messages').getByText('One').click()
  await page.getByRole('button', { name: 'Friend (0): One' }).waitFor()
  await expect.poll(() => textOf('Unread'), back).toBe('0 in 0')
  // useSend, useReceipts
  await page.getByRole('textbox', { name: 'Message' }).fill('Two')
  await page.getByRole('button', { name: 'Send' }).click()
  const sent = list('Messages').getByRole('listitem').filter({ hasText: 'Two' })
  await sent.getByText('SENT').waitFor()
  await friend.markRead(id, 2)
  await sent.getByText('READ').waitFor()
  await expect.poll(() => textOf('Read by all up to'), back).toBe('2')
  // useTyping, of others; one's own is in what they get
  await expect
    .poll(async () => {
      await friend.setTyping(id, true)
      return textOf('Typing')
    }, back)
    .toBe('Friend')
  // usePresence
  await friend.on('phone', 'MOBILE').typingEvents(id)
  await list('Members').getByText('Friend ONLINE').waitFor()
  // useParley
  await sent.getByRole('button', { name: '👍 0' }).click()
  await sent.getByRole('button', { name: '👍 1' }).waitFor()
  // useBlocked
  await page.getByRole('button', { name: 'Block Friend' }).click()
  await list('Blocked').getByText('Friend').waitFor()
  await list('Blocked').getByRole('button', { name: 'Unblock' }).click()
  await expect.poll(() => list('Blocked').getByRole('listitem').count(), back).toBe(0)
  // useSessions
  await list('Sessions').getByText('This device').waitFor()
  expect(complaints).toEqual([])
}, 120_000)

test('what is not sent and what was refused is in useOutbox; the state is in useSyncState', async () => {
  const group = await friend.createGroup([viewer])
  await friend.send(group, 'Hello')
  await page.getByRole('button', { name: /: Hello$/ }).click()
  await list('Messages').getByText('Hello').waitFor()
  const context = page.context()
  await context.setOffline(true)
  await shows('OFFLINE')
  await page.getByRole('textbox', { name: 'Message' }).fill('Too late')
  await page.getByRole('button', { name: 'Send' }).click()
  await list('Unsent').getByText('SEND WAITING').waitFor()
  await list('Messages').getByRole('listitem').filter({ hasText: 'Too late' }).getByText('PENDING').waitFor()
  await context.setOffline(false)
  await expect.poll(() => list('Unsent').getByRole('listitem').count(), back).toBe(0)
  await shows('LIVE')
  // A browser that is offline tells of requests that failed; React has nothing to complain about.
  expect(
    complaints.filter((text) => !/ERR_INTERNET_DISCONNECTED|Failed to load resource|WebSocket/.test(text)),
  ).toEqual([])
}, 120_000)

test('useSupportQueue shows the desk to who was made staff', async () => {
  const { database } = await sharedServer()
  const { client } = friend
  await makeStaff(database, viewer)
  const open = 'mutation ($input: OpenSupportInput!) { openSupport(input: $input) { __typename } }'
  await client.request(open, { input: { title: 'Where is my order?', opKey: randomUUID() } })
  // The role is asked for with the next connection.
  await page.reload()
  await list('Support').getByText('Where is my order?').waitFor()
}, 120_000)

test('the page of docs shows this code, and every hook', () => {
  const shown = readFileSync(join(root, 'docs/react.md'), 'utf8')
  const code = ['app.tsx', 'client.tsx', 'server.tsx']
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  const blocks = [...shown.matchAll(/```tsx\n([^]*?)```/g)].map(([, block]) => block ?? '')
  expect(blocks.filter((block) => !code.includes(block))).toEqual([])
  const names = Object.keys(hooks).filter((name) => name.startsWith('use'))
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter((name) => !blocks.some((block) => block.includes(`${name}(`)))).toEqual([])
})
