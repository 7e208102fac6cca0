// Compares schema.graphql with the schema of the last release. A change that breaks clients must be named in CHANGELOG.md,
// in section Unreleased under "### Breaking changes of the API", by its path in backticks: `Message.text`.
// Run: npm run check:schema. At a release: npm run schema:release, which makes the schema of now the one to compare with.
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CriticalityLevel, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'

const heading = '### Breaking changes of the API'
const root = join(import.meta.dirname, '..')
const { values: files } = parseArgs({
  options: {
    schema: { type: 'string', default: join(root, 'schema.graphql') },
    released: { type: 'string', default: join(root, 'schema.released.graphql') },
    changelog: { type: 'string', default: join(root, 'CHANGELOG.md') },
    release: { type: 'boolean', default: false },
  },
})

const read = (file) => buildSchema(readFileSync(file, 'utf8'))

/** The paths in backticks under the heading, in the section of unreleased changes. */
function announcedIn(changelog) {
  const [, unreleased = ''] = changelog.split(/^## \[?Unreleased\]?.*$/m)
  const [, below = ''] = unreleased.split(/^## /m)[0].split(`${heading}\n`)
  const [breaking] = below.split(/^### /m)
  return new Set([...breaking.matchAll(/`([^`]+)`/g)].map(([, path]) => path))
}

async function check() {
  const changes = await diff(read(files.released), read(files.schema))
  const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
  const announced = announcedIn(existsSync(files.changelog) ? readFileSync(files.changelog, 'utf8') : '')
  const silent = breaking.filter(({ path }) => !announced.has(path))
  for (const { path, message } of silent) console.error(`\`${path}\`: ${message}`)
  if (silent.length === 0) {
    console.log(
      `schema.graphql: ${changes.length} changes since the release, ${breaking.length} of them breaking and announced`,
    )
    return
  }
  console.error(`
These changes break clients. Undo them, or announce each in CHANGELOG.md, section Unreleased, under
"${heading}", with its path in backticks as above.`)
  process.exitCode = 1
}

if (files.release) copyFileSync(files.schema, files.released)
else await check()
