// Generates the Prisma client and Pothos' types from prisma/schema.prisma, when that changed since the last time.
// Run: npm run generate
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestOf, isFresh, leaveStamp } from './stamp.mjs'

const root = join(import.meta.dirname, '..')
const stampFile = join(root, 'src/store/generated/stamp')
const inputs = ['prisma/schema.prisma', 'prisma.config.ts', 'node_modules/prisma/package.json']
const outputs = ['src/store/generated/prisma/client.ts', 'src/schema/generated/pothos-types.ts']

export function generate() {
  process.chdir(root)
  const digest = digestOf(inputs)
  if (isFresh(stampFile, digest) && outputs.every((file) => existsSync(file))) return
  const result = spawnSync(process.execPath, ['node_modules/prisma/build/index.js', 'generate', '--no-hints'], {
    env: {
      ...process.env,
      // Prisma starts Pothos' generator by name.
      PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
      // The client's compiler is WASM inside the package; naming any executable keeps prisma from downloading an engine.
      PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
      CHECKPOINT_DISABLE: '1',
    },
    encoding: 'utf8',
  })
  if (result.status !== 0) {
    console.error(result.stdout + result.stderr)
    throw new Error('prisma generate failed')
  }
  leaveStamp(stampFile, digest)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) generate()
