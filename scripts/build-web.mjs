// Builds the web client into web/dist/, when something it is made of changed since the last time.
// Run: node scripts/build-web.mjs
import { createRequire } from 'node:module'
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

/** Without Vite, as `npm ci --omit=dev` leaves it out, what was built before stays. */
const hasVite = () => {
  try {
    return Boolean(createRequire(join(root, 'web/package.json')).resolve('vite'))
  } catch {
    return false
  }
}

function putInPlace(draft) {
  try {
    renameSync(draft, folder)
  } catch (error) {
    // Another process has put the same there in between.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  }
}

export async function buildWeb() {
  process.chdir(root)
  const digest = digestOf(inputs)
  if (isFresh(join(folder, 'stamp'), digest) || !hasVite()) return
  const { build } = await import('vite')
  const draft = mkdtempSync(join(root, 'web/.draft-'))
  try {
    await build({ configFile: join(root, 'web/vite.config.ts'), logLevel: 'error', build: { outDir: draft } })
    leaveStamp(join(draft, 'stamp'), digest)
    // Whoever runs the server may be somebody else than who built it.
    chmodSync(draft, 0o755)
    // As a whole, as another process may be starting at this moment.
    if (existsSync(folder)) renameSync(folder, `${draft}-old`)
    putInPlace(draft)
  } finally {
    for (const left of [draft, `${draft}-old`]) rmSync(left, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWeb()
