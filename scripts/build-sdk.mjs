// Builds the client package into sdk/dist/: modules, and their declarations. Run: npm run build:sdk
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(import.meta.dirname, '../sdk')

/** The entries of the package, by their names. */
export const entries = {
  index: 'src/index.ts',
  documents: 'src/generated/graphql.ts',
  react: 'src/react/index.ts',
  apollo: 'src/links/apollo.ts',
  urql: 'src/links/urql.ts',
  live: 'src/links/live.ts',
  sse: 'src/links/sse.ts',
}

export async function buildSdk() {
  const esbuild = await import('esbuild')
  const dist = join(folder, 'dist')
  rmSync(dist, { recursive: true, force: true })
  const there = Object.entries(entries).filter(([, file]) => existsSync(join(folder, file)))
  await esbuild.build({
    absWorkingDir: folder,
    entryPoints: Object.fromEntries(there),
    outdir: 'dist',
    bundle: true,
    splitting: true,
    chunkNames: 'parts/[hash]',
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    packages: 'external',
    jsx: 'automatic',
    logLevel: 'error',
  })
  const tsc = join(folder, '../node_modules/typescript/bin/tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The declarations could not be made:\n${stdout}`)
  // The sources name each other by .ts; whoever installs the package has none of them.
  for (const name of readdirSync(join(dist, 'types'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue
    const file = join(dist, 'types', name)
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replaceAll(/((?:from|import\() ?['"]\.[^'"]*)\.tsx?(['"])/g, '$1.js$2'))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildSdk()
