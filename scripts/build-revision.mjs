// Builds the server of another revision of this repository into a folder, to run it beside this one.
// Run: node scripts/build-revision.mjs <folder> [revision]
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(import.meta.dirname, '..')
const megabytes = 1_048_576

/**
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
function run(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, maxBuffer: 512 * megabytes, ...options })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${String(stderr)}`)
  return stdout
}

/**
 * What runs while this version is rolled out: the last release; before there is one, the commit before the newest migration, as
 * that is where the two may disagree.
 */
export function previousRevision() {
  const [release] = String(run('git', ['tag', '--list', 'v*', '--sort=-v:refname'])).split('\n')
  if (release) return release
  const added = String(run('git', ['log', '-1', '--diff-filter=A', '--format=%H', '--', 'prisma/migrations'])).trim()
  if (added === '') throw new Error('The history of this checkout does not go back to its newest migration.')
  return `${added}~1`
}

/** @param {string} folder */
const packagesOf = (folder) =>
  Object.entries(JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages)

/** @param {string} [version] */
const majorOf = (version) => version?.split('.')[0]

/**
 * The packages of this checkout: what may disagree are the two servers. It installs its own where it needs another major version of
 * one. Not Vite: the web client is left out.
 * @param {string} folder
 */
function install(folder) {
  const here = Object.fromEntries(packagesOf(root))
  const isSame = packagesOf(folder).every(
    ([path, { version }]) =>
      !/^node_modules\/(?!.*node_modules)/.test(path) || majorOf(here[path]?.version) === majorOf(version),
  )
  if (!isSame) {
    run('npm', ['ci', '--omit=optional', '--no-audit', '--no-fund'], { cwd: folder })
    return
  }
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!['vite', '@parley', '.vite', '.cache'].includes(name))
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
}

/**
 * Its `dist/main.js` is then in the folder, which must not be there yet.
 * @param {string} folder
 * @param {string} [revision]
 */
export function buildRevision(folder, revision = previousRevision()) {
  mkdirSync(dirname(folder), { recursive: true })
  mkdirSync(folder)
  const archive = run('git', ['archive', '--format=tar', revision])
  run('tar', ['-x', '-C', folder], { input: archive })
  install(folder)
  run(process.execPath, ['scripts/build.mjs'], { cwd: folder })
  return { revision: String(run('git', ['rev-parse', '--short', revision])).trim() }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, revision] = process.argv.slice(2)
  if (folder === undefined) throw new Error('node scripts/build-revision.mjs <folder> [revision]')
  console.log(buildRevision(resolve(folder), revision).revision)
}
