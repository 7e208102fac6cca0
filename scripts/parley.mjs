#!/usr/bin/env node
// The command line: bundles src/parley.ts when it is stale, and runs it. Nothing else is built for it: it starts in a fresh
// checkout at once, without the server's generated code.
// Run: npx parley --help, or npm run parley -- --help
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { digestOf, isFresh, leaveStamp } from './stamp.mjs'

// What an import or export keeps is little, and what it throws away is much: by default the heap would grow to twice of both.
if (['import', 'export'].includes(process.argv[2] ?? '')) setFlagsFromString('--heap-growing-percent=25')

const root = join(import.meta.dirname, '..')
const stampFile = join(root, 'dist/parley.stamp')
const digest = digestOf([join(root, 'src'), join(root, 'scripts/parley.mjs')])
const bundle = join(root, 'dist/parley.js')
if (!isFresh(stampFile, digest)) {
  const { build } = await import('esbuild')
  const draft = `${bundle}.${process.pid}`
  await build({
    ...{ entryPoints: [join(root, 'src/parley.ts')], outfile: draft, absWorkingDir: root },
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'esm', packages: 'external', logLevel: 'error' },
  })
  // As a whole: another process may be starting from it at this moment.
  renameSync(draft, bundle)
  leaveStamp(stampFile, digest)
}
await import(bundle)
