// Starts the server as a newcomer does (npm start, new data folder), registers a person through GraphQL, ends it with
// SIGINT, starts it again, and checks that it ended cleanly and left no PostgreSQL behind.
// Run: node scripts/smoke.mjs
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dataDir = mkdtempSync(join(tmpdir(), 'parley-smoke-'))
const startTimeoutMs = 120_000
const secondStartLimitMs = 5000
const stopTimeoutMs = 20_000

function assert(condition, message) {
  if (!condition) throw new Error(message)
}

function within(promise, timeoutMs, message) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeoutMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

async function start() {
  const startedAtMs = Date.now()
  const server = spawn('npm', ['start'], {
    cwd: root,
    // An empty variable counts as not set.
    env: {
      ...process.env,
      DATABASE_URL: '',
      REDIS_URL: '',
      NODE_ENV: '',
      PORT: '0',
      PARLEY_DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that SIGINT goes to all of it, as with Ctrl-C in a terminal.
    detached: true,
  })
  let output = ''
  const exited = new Promise((resolve) => server.once('exit', (code, signal) => resolve({ code, signal })))
  const announced = new Promise((resolve) => {
    const collect = (chunk) => {
      output += chunk
      const url = /Parley is listening on (http:\S+)/.exec(output)?.[1]
      if (url !== undefined) resolve(url)
    }
    server.stdout.on('data', collect)
    server.stderr.on('data', collect)
  })
  const ended = exited.then(() => {
    throw new Error(`npm start ended at once:\n${output}`)
  })
  try {
    const url = await within(Promise.race([announced, ended]), startTimeoutMs, `npm start took too long:\n${output}`)
    return { server, exited, url, startMs: Date.now() - startedAtMs }
  } catch (error) {
    kill(server)
    throw error
  }
}

function kill(server) {
  try {
    process.kill(-server.pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

async function stop({ server, exited }) {
  const postmasterPid = Number.parseInt(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10)
  process.kill(-server.pid, 'SIGINT')
  const { code, signal } = await within(exited, stopTimeoutMs, 'the server did not end after SIGINT')
  assert(code === 0, `the server ended with code ${code}, signal ${signal} after SIGINT`)
  assert(!existsSync(join(dataDir, 'postgres/postmaster.pid')), 'PostgreSQL was not shut down')
  let alive = true
  try {
    process.kill(postmasterPid, 0)
  } catch {
    alive = false
  }
  assert(!alive, `PostgreSQL (process ${postmasterPid}) was left behind`)
}

async function register(url) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: `mutation ($input: RegisterInput!) {
        register(input: $input) { __typename ... on RegisterSuccess { session { accessToken } } }
      }`,
      variables: { input: { handle: 'smoke', displayName: 'Smoke', password: 'a password for the smoke test' } },
    }),
  })
  const body = await response.text()
  assert(response.ok && body.includes('"accessToken":"'), `register answered ${response.status}: ${body}`)
}

let running
try {
  running = await start()
  console.log(`first start: ${running.startMs} ms`)
  await register(running.url)
  await stop(running)
  running = await start()
  console.log(`second start: ${running.startMs} ms`)
  assert(running.startMs < secondStartLimitMs, `the second start took over ${secondStartLimitMs} ms`)
  await stop(running)
  console.log('The smoke run went well.')
} finally {
  if (running) kill(running.server)
  rmSync(dataDir, { recursive: true, force: true })
}
