#!/usr/bin/env node
// The command line: bundles src/parley.ts when it is stale, and runs it. Nothing else is built for it: it starts in a fresh
// checkout at once, without the server's generated code.
// Run: npx parley --help, or npm run parley -- --help
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { bundled, findBundle, loadedLate, makeProgram } from './bundle.mjs'
import { runCompiled } from './compiled.mjs'
import { digestOf } from './stamp.mjs'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'dist')
const inputs = ['src', 'package-lock.json', 'scripts/bundle.mjs', 'scripts/compiled.mjs', 'scripts/parley.mjs']
const digest = digestOf(inputs.map((input) => join(root, input)))

function make() {
  // An import loads most, and ends when there is nothing at this path.
  const trial = { args: ['import', join(folder, 'nothing'), '--dry-run'] }
  const options = { external: [...bundled.external, ...loadedLate] }
  return makeProgram({ name: 'parley', source: 'src/parley.ts', folder, digest, trial, options })
}

runCompiled(findBundle(folder, 'parley', digest) ?? (await make()), {
  beforeRun() {
    // What an import or export keeps is little, and what it throws away is much: by default the heap would grow to several times of both.
    if (['import', 'export'].includes(process.argv[2] ?? '')) setFlagsFromString('--heap-growing-percent=100')
  },
})
