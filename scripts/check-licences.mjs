// Checks that all packages of package-lock.json have licences under which this may be built and given away.
// Run: npm run check:licences
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Of what is part of a running server, or of a page that it serves. */
const permissive = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
]
/** Of tools besides, which are used unchanged and given to nobody. */
const ofTools = [...permissive, 'MPL-2.0', 'CC-BY-4.0', 'Python-2.0']

/** Named by hand, each with its reason. */
const exceptions = {
  // Drawn in by the command line of prisma, whose studio lays out tables with it. The server uses @prisma/client alone: no file of
  // this package is loaded by it, or is in the container image.
  elkjs: 'EPL-2.0',
  // Its LICENSE is the text of MIT.
  spawndamnit: 'SEE LICENSE IN LICENSE',
  // States none in its package.json, and MIT in its Readme. Of oidc-provider, which tests alone use.
  only: undefined,
}

/** An SPDX expression: one of several that are joined by OR, all of those that are joined by AND. */
const isAllowed = (expression, allowed) =>
  expression
    .replace(/^\((.*)\)$/, '$1')
    .split(/ or /i)
    .some((choice) => choice.split(/ and /i).every((name) => allowed.includes(name.trim())))

/** Before a lock file had licences, and where it has none: as the package itself says. */
function statedIn(path) {
  const file = join(root, path, 'package.json')
  if (!existsSync(file)) return undefined
  const { license, licenses } = JSON.parse(readFileSync(file, 'utf8'))
  return license?.type ?? license ?? licenses?.map(({ type }) => type).join(' OR ')
}

function licenceFaults(packages) {
  return Object.entries(packages).flatMap(([path, { link, dev, devOptional, license = statedIn(path) }]) => {
    const name = path.split('node_modules/').at(-1) ?? path
    if (!path.includes('node_modules/') || link) return []
    if (name in exceptions && exceptions[name] === license) return []
    const isTool = dev === true || devOptional === true
    if (license !== undefined && isAllowed(license, isTool ? ofTools : permissive)) return []
    return [`${name}: ${license ?? 'no licence is stated'}`]
  })
}

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const faults = licenceFaults(packages)
for (const fault of faults) console.error(fault)
if (faults.length > 0) {
  console.error('See scripts/check-licences.mjs for what is allowed.')
  process.exitCode = 1
} else console.log(`The licences of ${Object.keys(packages).length} packages are allowed.`)
