// Builds the web client into web/dist/, when something it is made of changed since the last time.
// Run: node scripts/build-web.mjs
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { digestOf, isFresh, leaveStamp } from './stamp.mjs'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'web/dist')
const inputs = [
  'web/src',
  'web/public',
  'web/index.html',
  'web/package.json',
  'web/vite.config.ts',
  'sdk/src',
  'scripts/build-web.mjs',
]

/** Null without Vite, as `npm ci --omit=dev` leaves it out: what was built before stays then. */
function findVite() {
  try {
    return createRequire(join(root, 'web/package.json')).resolve('vite')
  } catch {
    return null
  }
}

function putInPlace(draft) {
  // As a whole, as another process may be starting at this moment.
  if (existsSync(folder)) renameSync(folder, `${draft}-old`)
  try {
    renameSync(draft, folder)
  } catch (error) {
    // Another process has put the same there in between.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
}

async function build(vite, digest) {
  const draft = mkdtempSync(join(root, 'web/.draft-'))
  try {
    const { build: bundle } = await import(pathToFileURL(vite).href)
    await bundle({ configFile: join(root, 'web/vite.config.ts'), logLevel: 'error', build: { outDir: draft } })
    leaveStamp(join(draft, 'stamp'), digest)
    // Whoever runs the server may be somebody else than who built it.
    chmodSync(draft, 0o755)
    putInPlace(draft)
  } finally {
    for (const left of [draft, `${draft}-old`]) rmSync(left, { recursive: true, force: true })
  }
}

export function buildWeb() {
  process.chdir(root)
  const digest = digestOf(inputs)
  if (isFresh(join(folder, 'stamp'), digest) || findVite() === null) return
  // In a process of its own: Vite sets NODE_ENV, by which the server decides what it is, and takes what it is set to.
  const env = { ...process.env, NODE_ENV: 'production' }
  const { status, error } = spawnSync(process.execPath, ['scripts/build-web.mjs', digest], { env, stdio: 'inherit' })
  if (status !== 0) throw new Error('the web client could not be built', { cause: error })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , digest] = process.argv
  if (digest === undefined) buildWeb()
  else await build(findVite(), digest)
}
