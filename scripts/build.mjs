// Bundles the server (and the seed) into dist/, when something they are made of changed since the last time.
// Run: npm run build
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildWeb } from './build-web.mjs'
import { bundled, bundledAsModules, loadedLate, makeProgram, programs, writeWhole } from './bundle.mjs'
import { generate } from './generate.mjs'
import { digestOf, isFresh, leaveStamp } from './stamp.mjs'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const stampFile = join(dist, 'stamp')

/** Files in src/ that a module reads from its own folder. */
const readBesides = /\.(lua|browser\.js)$/

/** The bundle reads these files from its own folder, as their modules do in src/. */
export function copyBesides(folder) {
  for (const file of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (readBesides.test(file)) writeWhole(join(folder, basename(file)), readFileSync(join(root, 'src', file)))
  }
}

/** Makes a demo world once in a while, and waits at its top level: an ES module. */
async function buildSeed() {
  const esbuild = await import('esbuild')
  const { outputFiles } = await esbuild.build({
    ...bundledAsModules,
    entryPoints: { seed: 'prisma/seed.ts' },
    outdir: dist,
    external: [...bundled.external, ...loadedLate],
    write: false,
  })
  for (const { path, contents } of outputFiles) writeWhole(path, contents)
}

export async function build() {
  generate()
  buildWeb()
  const inputs = ['src', 'prisma', 'package.json', 'package-lock.json']
  const digest = digestOf([...inputs, ...['build', 'bundle', 'compiled'].map((name) => `scripts/${name}.mjs`)])
  if (isFresh(stampFile, digest)) return
  mkdirSync(dist, { recursive: true })
  copyBesides(dist)
  const options = { external: [...bundled.external, ...loadedLate] }
  await Promise.all(programs.map((program) => makeProgram({ ...program, folder: dist, digest, options })))
  if (existsSync('prisma/seed.ts')) await buildSeed()
  leaveStamp(stampFile, digest)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()
