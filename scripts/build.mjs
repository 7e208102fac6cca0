// Bundles the server (and the seed) into dist/, when something they are made of changed since the last time.
// Run: npm run build
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildWeb } from './build-web.mjs'
import { generate } from './generate.mjs'
import { digestOf, isFresh, leaveStamp } from './stamp.mjs'

const root = join(import.meta.dirname, '..')
const stampFile = join(root, 'dist/stamp')
/** Files in src/ that a module reads from its own folder. */
export const readBesides = /\.(lua|browser\.js)$/

export async function build() {
  generate()
  buildWeb()
  const digest = digestOf(['src', 'prisma', 'package.json', 'scripts/build.mjs'])
  if (isFresh(stampFile, digest)) return
  const esbuild = await import('esbuild')
  const { outputFiles } = await esbuild.build({
    entryPoints: {
      main: 'src/main.ts',
      admin: 'src/admin.ts',
      ...(existsSync('prisma/seed.ts') && { seed: 'prisma/seed.ts' }),
    },
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    sourcemap: true,
    write: false,
    logLevel: 'error',
  })
  // The bundle reads these files from its own folder, as their modules do in src/.
  const scripts = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => readBesides.test(file))
    .map((file) => ({ path: join('dist', basename(file)), contents: readFileSync(join('src', file)) }))
  // Each file is replaced as a whole: another process may be starting from dist/ at this moment.
  for (const { path, contents } of [...outputFiles, ...scripts]) {
    mkdirSync(dirname(path), { recursive: true })
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, contents)
    renameSync(draft, path)
  }
  leaveStamp(stampFile, digest)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()
