import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

interface Package {
  overrides: Record<string, string>
}
interface Lock {
  packages: Record<string, { version?: string; engines?: { node?: string } }>
}

const { overrides } = JSON.parse(read('package.json')) as Package
const { packages } = JSON.parse(read('package-lock.json')) as Lock
const page = read('docs/dependencies.md')

test.each(Object.entries(overrides))('%s is held at %s, and docs/dependencies.md says why', (name, version) => {
  expect(page).toContain(`| \`${name}\` | ${version} |`)
})

test.each(Object.entries(overrides))('%s is installed at %s and runs on Node 20', (name, version) => {
  const found = packages[`node_modules/${name}`]
  expect(found?.version).toBe(version)
  expect(found?.engines?.node).toMatch(/^(>=(16|18|20)(\.0)*|\^20\.19\.0 \|\| >=22\.12\.0)$/)
})
