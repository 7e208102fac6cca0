/* global document, requestAnimationFrame -- in the page */
// What the web client costs a slow device, in Debian's Chromium at a quarter of the processor's speed: scrolling through 10,000 messages,
// a pressed key, a sent message. Run: npm run bench -- --web
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { onEnd } from './harness/ending.mjs'
import { machine } from './harness/machine.mjs'
import { reportOf, writeReport } from './harness/report.mjs'
import { printColumns } from './harness/table.mjs'
import { figuresOf, framesOf, keysOf, traced } from './web/trace.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..')
const slowdown = 4
const password = 'correct horse battery staple'
const words =
  'Could somebody read the draft before tonight? It is two pages long, and the numbers in the second table are new.'.split(
    ' ',
  )

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'parley-bench-web-'))
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    PARLEY_DATA_DIR: folder,
    NODE_ENV: 'development',
    RATE_LIMITS: 'off',
    LOG_LEVEL: 'warn',
  }
  const child = spawn(process.execPath, ['dist/main.js'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  onEnd(async () => {
    child.kill('SIGTERM')
    await exited
    rmSync(folder, { recursive: true, force: true })
  })
  let output = ''
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      const found = /(http:\S+)graphql/.exec(output)
      if (found) resolve(found[1])
    })
    void exited.then(() => reject(new Error(`The server did not start:\n${output}`)))
  })
}

/** Two people and their conversation. @returns {Promise<string>} the handle of one of them */
async function fill(address, messageCount) {
  const api = async (query, input, token) => {
    const response = await fetch(`${address}graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables: { input } }),
    })
    const { data, errors } = await response.json()
    if (errors) throw new Error(JSON.stringify(errors))
    return data
  }
  const person = async (handle) => {
    const document =
      'mutation ($input: RegisterInput!) { register(input: $input) { ... on RegisterSuccess { session { accessToken user { id } } } } }'
    return (await api(document, { handle, displayName: handle, password })).register.session
  }
  const [zoe, yan] = [await person('zoe'), await person('yan')]
  const start =
    'mutation ($input: StartDirectInput!) { startDirect(input: $input) { ... on StartDirectSuccess { conversation { id } } } }'
  const conversationId = (await api(start, { userId: yan.user.id }, zoe.accessToken)).startDirect.conversation.id
  const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }'
  for (let first = 0; first < messageCount; first += 50) {
    const sends = Array.from({ length: Math.min(50, messageCount - first) }, (_, at) => {
      const nth = first + at
      const text = `${String(nth)}: ${words.slice(0, 3 + (nth % (words.length - 3))).join(' ')}`
      const from = (nth >> 2) % 2 === 0 ? zoe : yan
      return api(send, { conversationId, clientMessageId: `message-${String(nth)}`, text }, from.accessToken)
    })
    const answers = await Promise.all(sends)
    if (answers.some(({ sendMessage }) => sendMessage.__typename !== 'SendMessageSuccess'))
      throw new Error('A message was refused')
  }
  return 'zoe'
}

/** The conversation, with every message of it read from the server: what is measured then waits for no network. */
async function openAll(browser, address, handle) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 780 }, locale: 'en' })
  page.setDefaultTimeout(60_000)
  await page.goto(address)
  await page.locator('summary').click()
  await page.locator('input[name=handle]').fill(handle)
  await page.locator('input[name=password]').fill(password)
  await page.locator('form button.primary').click()
  await page.locator('.row-link').first().click()
  await page.locator('.timeline article').first().waitFor()
  const endMs = Date.now() + 300_000
  const isAtBeginning = () =>
    page.evaluate(() => {
      const list = document.querySelector('.timeline')
      if (list === null) return false
      list.scrollTop = 0
      return list.textContent.includes('This is the beginning')
    })
  while (!(await isAtBeginning())) {
    if (Date.now() > endMs) throw new Error('The messages were not all read within 5 minutes')
    await page.waitForTimeout(100)
  }
  await page.getByRole('button', { name: 'To the newest message' }).click()
  await page.waitForTimeout(1_000)
  return page
}

/** Flings through the list by the wheel, as far as some hundreds of messages. */
async function scroll(devtools) {
  for (const yDistance of [6_000, 6_000, 6_000, -6_000]) {
    await devtools.send('Input.synthesizeScrollGesture', {
      x: 800,
      y: 300,
      yDistance,
      speed: 6_000,
      gestureSourceType: 'mouse',
    })
  }
}

async function type(page, devtools) {
  await page.getByRole('textbox', { name: 'Message', exact: true }).click()
  for (const key of 'the quick brown fox jumps over ') {
    await devtools.send('Input.dispatchKeyEvent', { type: 'keyDown', key, text: key })
    await devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', key })
    await page.waitForTimeout(40)
  }
}

/** @returns {Promise<number>} in which frame after the key the message was in the page; the first one is 1 */
async function framesUntilShown(page, devtools, text) {
  const box = page.getByRole('textbox', { name: 'Message', exact: true })
  await box.fill(text)
  await page.evaluate((sent) => {
    const isThere = () => [...document.querySelectorAll('.timeline .text')].some((one) => one.textContent === sent)
    globalThis.shown = new Promise((resolve) => {
      const look = (nth) => requestAnimationFrame(() => (isThere() || nth === 200 ? resolve(nth) : look(nth + 1)))
      document.addEventListener('keydown', () => look(1), { capture: true, once: true })
    })
  }, text)
  const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 }
  await devtools.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key })
  await devtools.send('Input.dispatchKeyEvent', { type: 'char', text: '\r', ...key })
  await devtools.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key })
  return page.evaluate(() => globalThis.shown)
}

const figures = [
  { key: 'frameMs', label: 'scrolling: work of the main thread in a frame, ms' },
  { key: 'keyMs', label: 'a pressed key, ms' },
  { key: 'keyFullSpeedMs', label: 'the same without being slowed down, ms' },
  { key: 'sendMs', label: 'a sent message, ms' },
]

export async function run(options) {
  const startedAt = Date.now()
  const rounds = Number(options.rounds ?? (options.quick ? 1 : 5))
  const messageCount = options.quick ? 1_000 : 10_000
  const address = await startServer()
  const handle = await fill(address, messageCount)
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  })
  onEnd(() => browser.close())
  const page = await openAll(browser, address, handle)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
  /** @type {Record<string, number[]>} */
  const found = { frameMs: [], keyMs: [], keyFullSpeedMs: [], sendMs: [], framesUntilShown: [] }
  for (let round = 0; round < rounds; round++) {
    found.frameMs.push(...framesOf(await traced(devtools, () => scroll(devtools))))
    await page.getByRole('button', { name: 'To the newest message' }).click()
    found.keyMs.push(...keysOf(await traced(devtools, () => type(page, devtools))))
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    found.keyFullSpeedMs.push(...keysOf(await traced(devtools, () => type(page, devtools))))
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
    for (let nth = 0; nth < 5; nth++) {
      const text = `Sent ${String(round)} ${String(nth)}`
      const sent = await traced(devtools, async () => {
        found.framesUntilShown.push(await framesUntilShown(page, devtools, text))
      })
      found.sendMs.push(...keysOf(sent))
    }
  }
  const summary = Object.fromEntries(figures.map(({ key }) => [key, figuresOf(found[key])]))
  printColumns([
    [`${String(messageCount)} messages, ${String(slowdown)} times slower`, 'median', 'p95', 'most', 'measured'],
    ...figures.map(({ key, label }) => {
      const { median, p95, max, count } = summary[key]
      return [label, ...[median, p95, max].map((ms) => ms.toFixed(1)), String(count)]
    }),
  ])
  const late = found.framesUntilShown.filter((nth) => nth > 1).length
  console.log(
    `\nIn the same frame: ${String(found.framesUntilShown.length - late)} of ${String(found.framesUntilShown.length)} sent messages`,
  )
  const file = options.json ?? join(here, 'results/web.json')
  const report = { machine: machine(), messageCount, slowdown, rounds, summary, found }
  writeReport(file, reportOf(startedAt, report), options.quick ? 'Quick' : 'Full')
  return late === 0 ? 0 : 1
}
