// Checks the client package as somebody gets it who installs it: packed, unpacked into an empty folder, and run there by this Node.
// Run: npm run check:sdk
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { buildSdk } from './build-sdk.mjs'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'sdk')
/** Tools that nothing else needs, at these versions. */
const tools = {
  publint: ['publint@0.3.25'],
  attw: ['@arethetypeswrong/cli@0.18.5'],
}
const tool = (name, args, cwd) =>
  run(
    'npx',
    ['--yes', '--prefer-offline', ...tools[name].flatMap((one) => ['--package', one]), '--', name, ...args],
    cwd,
  )
function run(command, args, cwd) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')}\n${error ? error.message : stdout}`)
}

/** What a program does with the package where there is no server: nothing of the repository may be needed for it. */
const program = `
import { createParley, memoryStorage, ParleyError } from '@parley/client'
import { LoginDocument } from '@parley/client/documents'
import { WebSocket } from 'ws'

const storage = memoryStorage()
const parley = createParley({ url: 'http://127.0.0.1:9/graphql', storage, webSocketImpl: WebSocket })
const failed = await parley.request(LoginDocument, { input: {} }).catch((error) => error)
if (failed.code !== 'NETWORK' || !failed.retryable) throw failed
if (parley.syncState.getSnapshot() !== 'OFFLINE' || parley.inbox().getSnapshot().items.length !== 0) throw new Error('state')
await parley.close()
if (!(new ParleyError([]) instanceof Error)) throw new Error('exports')
`
/** The same in the eyes of TypeScript, as an application has it set up that is bundled, and one for Node. */
const typed = `
import { createParley, type Parley, type TimelineSnapshot } from '@parley/client'
import { ViewerDocument } from '@parley/client/documents'

export async function handleOf(parley: Parley): Promise<string> {
  return (await parley.request(ViewerDocument, {})).viewer.user.handle
}
export const items = (parley: Parley): TimelineSnapshot['items'] => parley.timeline('id').getSnapshot().items
// @ts-expect-error There is no such option.
createParley({ url: '', no: true })
`

/** What a program has in its bundle, with idb. */
const sizes = [
  {
    name: 'Core (connection, feed, copy, session, tabs)',
    contents: `export { Core } from './src/core.ts'`,
    maxBytes: 23_300,
  },
  {
    name: 'All stores and the outbox, with IndexedDB',
    contents: `export { createParley, indexedDbStorage } from './src/index.ts'`,
    maxBytes: 35_100,
  },
]

async function gzipBytes(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength
}

await buildSdk()
const place = mkdtempSync(join(tmpdir(), 'parley-client-'))
try {
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', place], folder))
  const strangers = packed.files
    .map(({ path }) => path)
    .filter((path) => !/^(dist\/|LICENSE$|README\.md$|package\.json$)/.test(path))
  if (strangers.length > 0) throw new Error(`Nobody needs these in the package: ${strangers.join(', ')}`)
  const modules = join(place, 'node_modules')
  mkdirSync(join(modules, '@parley'), { recursive: true })
  run('tar', ['-xzf', join(place, packed.filename), '-C', join(modules, '@parley')], place)
  run('mv', ['package', 'client'], join(modules, '@parley'))
  // What npm would install with it, and what the program names itself. No \`graphql\`.
  for (const name of ['graphql-ws', 'idb', 'ws']) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  writeFileSync(join(place, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(place, 'program.mjs'), program)
  writeFileSync(join(place, 'typed.ts'), typed)
  run(process.execPath, ['program.mjs'], place)
  for (const module of ['nodenext', 'esnext']) {
    const how = module === 'esnext' ? 'bundler' : module
    const options = [
      '--module',
      module,
      '--moduleResolution',
      how,
      '--target',
      'es2022',
      '--lib',
      'es2023,dom',
      '--skipLibCheck',
      'false',
    ]
    run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', ...options, 'typed.ts'],
      place,
    )
  }
  console.log(
    `${packed.filename}: ${readdirSync(join(modules, '@parley/client/dist')).length} files in dist/, runs and has types`,
  )
  console.log(tool('publint', ['--strict', folder], place))
  console.log(tool('attw', ['--profile', 'esm-only', '--format', 'ascii', join(place, packed.filename)], place))
} finally {
  rmSync(place, { recursive: true, force: true })
}
for (const { name, contents, maxBytes } of sizes) {
  const bytes = await gzipBytes(contents)
  console.log(`${name}: ${bytes} bytes by gzip, of ${maxBytes}`)
  if (bytes > maxBytes) throw new Error(`${name} has grown past ${maxBytes} bytes`)
}
