import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')

interface Entry {
  name?: string
  version?: string
  dev?: boolean
  link?: boolean
}

interface Component {
  purl: string
  licenses?: object[]
}

const nameOf = (purl: string) => purl.slice(0, purl.lastIndexOf('@'))

test('the list of what is shipped has all packages that are no tools of development, with licences, and no others', () => {
  const output = execFileSync(process.execPath, ['scripts/sbom.mjs'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const { bomFormat, metadata, components } = JSON.parse(output) as {
    bomFormat: string
    metadata: { component: { name: string } }
    components: Component[]
  }
  expect([bomFormat, metadata.component.name]).toEqual(['CycloneDX', 'parley'])
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { packages: Record<string, Entry> }
  const shipped = Object.entries(lock.packages).flatMap(([path, { name, version, dev, link }]) => {
    const isInstalled = path.includes('node_modules/') && link !== true && dev !== true
    return isInstalled
      ? [`pkg:npm/${(name ?? path.split('node_modules/').at(-1) ?? '').replace('@', '%40')}@${version}`]
      : []
  })
  const own = ['pkg:npm/%40parley/client', 'pkg:npm/parley-web']
  const listed = components.map(({ purl }) => purl)
  expect(new Set(listed.filter((purl) => !own.includes(nameOf(purl))))).toEqual(new Set(shipped))
  // Which other packages of the repository have among their tools: npm leaves these out by itself.
  for (const name of ['graphql', 'react', 'ws'])
    expect(listed.filter((purl) => purl.startsWith(`pkg:npm/${name}@`))).toHaveLength(1)
  const isUnlicensed = ({ purl, licenses }: Component) => !own.includes(nameOf(purl)) && !licenses?.length
  expect(components.filter(isUnlicensed).map(({ purl }) => purl)).toEqual([])
})
