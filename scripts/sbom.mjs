// Prints what a server, its client and its pages are built from, as CycloneDX: `npm sbom` without tools of development.
// Run: npm run --silent sbom > parley.cdx.json
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/*
 * `npm sbom --omit dev` leaves out what is a dependency of one package and a devDependency of another one in the same workspaces:
 * graphql, react and ws among them (findings/npm-sbom-omits-dependencies.sh). So it gets packages that have no devDependencies.
 */
const root = join(import.meta.dirname, '..')
const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'parley-sbom-'))
const write = (path, value) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), JSON.stringify(value))
}
const withoutTools = (manifest) => ({ ...manifest, devDependencies: undefined })

try {
  const lock = read('package-lock.json')
  const kept = Object.entries(lock.packages).filter(([, { dev }]) => dev !== true)
  write('package-lock.json', {
    ...lock,
    packages: Object.fromEntries(kept.map(([path, entry]) => [path, withoutTools(entry)])),
  })
  for (const path of ['', ...read('package.json').workspaces]) {
    const name = join(path, 'package.json')
    write(name, withoutTools(read(name)))
  }
  const { status, stdout, error } = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw error ?? new Error(`npm sbom ended with ${String(status)}`)
  const { metadata, ...list } = JSON.parse(stdout)
  // npm names it by its folder.
  const component = { ...metadata.component, name: read('package.json').name }
  console.log(JSON.stringify({ ...list, metadata: { ...metadata, component } }, null, 2))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
