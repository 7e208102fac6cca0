// Fails when what a browser loads up to the first message is over the limit, packed as servers pack it.
// Run: node scripts/check-web-size.mjs
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildWeb } from './build-web.mjs'

const limitByteSize = 150_000
const folder = join(import.meta.dirname, '../web/dist')

buildWeb()
const html = readFileSync(join(folder, 'index.html'), 'utf8')
const loaded = new Set([...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path = '']) => path))
// Modules that these import before they run; what is loaded later is imported by a call.
for (const path of loaded) {
  if (!path.endsWith('.js')) continue
  const text = readFileSync(join(folder, path), 'utf8')
  for (const [, name] of text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) loaded.add(`assets/${name}`)
}
if (loaded.size < 2) throw new Error('the page loads nothing: what is measured here is not what is built')
const sizes = [...loaded].map((path) => ({ path, byteSize: gzipSync(readFileSync(join(folder, path))).byteLength }))
const total = sizes.reduce((sum, { byteSize }) => sum + byteSize, gzipSync(html).byteLength)
for (const { path, byteSize } of sizes) console.log(`${String(byteSize).padStart(8)}  ${path}`)
console.log(`${String(total).padStart(8)}  bytes to the first message, of ${limitByteSize} at the most`)
if (total > limitByteSize) process.exit(1)
