import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const script = join(import.meta.dirname, '../../../scripts/check-schema.mjs')
const folder = mkdtempSync(join(tmpdir(), 'parley-schema-'))
afterAll(() => rmSync(folder, { recursive: true }))

const released = `type Query { message(id: ID!): Message }
type Message { id: ID! text: String! }`
const broken = released.replace(' text: String!', '')
const unannounced = '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- `Message.text` is faster.\n'
const announced = `${unannounced}\n### Breaking changes of the API\n\n- \`Message.text\` is gone.\n\n### Fixed\n\n- A fault.\n`

interface Files {
  schema: string
  changelog?: string
  extra?: string[]
}

function run({ schema, changelog = unannounced, extra = [] }: Files) {
  const args = Object.entries({ schema, released, changelog }).flatMap(([name, text]) => {
    writeFileSync(join(folder, name), text)
    return [`--${name}`, join(folder, name)]
  })
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args, ...extra], { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

test('what is added breaks nobody', () => {
  const schema = `${released.replace('(id: ID!)', '(id: ID!, deleted: Boolean = false)')} type User { id: ID! }`
  expect(run({ schema })).toMatchObject({ status: 0 })
})

test.each([
  ['a field that is gone', broken, '`Message.text`'],
  ['a field that may be null', released.replace('text: String!', 'text: String'), '`Message.text`'],
  ['an argument that is required', released.replace('(id: ID!)', '(id: ID!, from: Int!)'), '`Query.message.from`'],
])('%s is refused, and named', (_, schema, path) => {
  const { status, output } = run({ schema })
  expect(status).toBe(1)
  expect(output).toContain(path)
})

test('a change that breaks is fine where the changelog names it', () => {
  expect(run({ schema: broken, changelog: announced }).status).toBe(0)
})

test.each([
  ['another one', announced.replace('`Message.text` is gone', '`Message.id` is gone')],
  ['it for a release that is over', announced.replace('[Unreleased]', '[1.0.0] - 2026-01-01')],
  ['it under a later heading', announced.replace('- `Message.text` is gone.', '').replace('A fault', '`Message.text`')],
])('and is refused where the changelog names %s', (_, changelog) => {
  expect(run({ schema: broken, changelog }).status).toBe(1)
})

test('a release makes its schema the one to compare with', () => {
  expect(run({ schema: broken, extra: ['--release'] }).status).toBe(0)
  expect(readFileSync(join(folder, 'released'), 'utf8')).toBe(broken)
})
