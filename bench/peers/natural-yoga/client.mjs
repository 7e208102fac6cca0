// The Prisma client of this peer: generated from the product's schema by Prisma's own generator, and bundled, because that
// generator writes TypeScript. Made again when the schema or Prisma has changed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { digestOf, isFresh, leaveStamp } from '../../../scripts/stamp.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const productSchema = join(here, '../../../prisma/schema.prisma')
const folder = join(here, 'generated')
const stampFile = join(folder, 'stamp')
const client = join(folder, 'client.mjs')

export function ensureClient() {
  const prismaPackage = createRequire(import.meta.url).resolve('prisma/package.json')
  const digest = digestOf([productSchema, prismaPackage, fileURLToPath(import.meta.url)])
  if (isFresh(stampFile, digest) && existsSync(client)) return
  const models = readFileSync(productSchema, 'utf8').replaceAll(/^generator \w+ \{[^}]*\}\n/gm, '')
  const schema = join(folder, 'schema.prisma')
  mkdirSync(folder, { recursive: true })
  writeFileSync(schema, `generator client {\n  provider = "prisma-client"\n  output = "./prisma"\n}\n${models}`)
  const result = spawnSync(
    process.execPath,
    [join(dirname(prismaPackage), 'build/index.js'), 'generate', '--no-hints', '--schema', schema],
    {
      cwd: folder,
      // The client's compiler is WASM inside the package; naming any executable keeps prisma from downloading an engine.
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true', CHECKPOINT_DISABLE: '1' },
      encoding: 'utf8',
    },
  )
  if (result.status !== 0) throw new Error(`prisma generate failed:\n${result.stdout}${result.stderr}`)
  buildSync({
    entryPoints: [join(folder, 'prisma/client.ts')],
    outfile: client,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
  // The bundle has no types; without this file the typecheck would read the bundle itself.
  writeFileSync(join(folder, 'client.d.mts'), 'export const PrismaClient: new (options: object) => any\n')
  leaveStamp(stampFile, digest)
}
