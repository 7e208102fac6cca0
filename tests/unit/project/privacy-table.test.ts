import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, isObjectType, type GraphQLObjectType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { privacySection, type PrivacyTable } from '../../../scripts/privacy-page.ts'
import { objectsOf } from '../../guarantees/privacy/fields.ts'
import { argumentsOf } from '../../guarantees/privacy/operations.ts'
import { viewers } from '../../guarantees/privacy/world.ts'

const root = join(import.meta.dirname, '../../..')
const schema = buildSchema(readFileSync(join(root, 'schema.graphql'), 'utf8'))
const table = JSON.parse(readFileSync(join(root, 'docs/privacy.table.json'), 'utf8')) as PrivacyTable

const roots = ['Query', 'Mutation', 'Subscription']
const objects = Object.values(schema.getTypeMap())
  .filter(isObjectType)
  .filter(({ name }) => !name.startsWith('__'))
const namesOf = (type: GraphQLObjectType) => Object.keys(type.getFields())
const fieldsOf = (holds: (name: string) => boolean) =>
  objects.flatMap((type) => (holds(type.name) ? namesOf(type).map((name) => `${type.name}.${name}`) : [])).sort()

describe('the table of docs/security.md', () => {
  test('has every operation and every field of the schema, and nothing else', () => {
    expect(table.viewers).toEqual([...viewers])
    expect(Object.keys(table.operations).sort()).toEqual(fieldsOf((name) => roots.includes(name)))
    expect(Object.keys(argumentsOf).sort()).toEqual(Object.keys(table.operations).sort())
    expect(Object.keys(table.fields).sort()).toEqual(fieldsOf((name) => name in objectsOf))
    // Of everything else the fields are those of what has it: there is no way to it by itself.
    const carried = objects.filter(({ name }) => !roots.includes(name) && !(name in objectsOf))
    expect(table.carried).toEqual(Object.fromEntries(carried.map((type) => [type.name, namesOf(type)])))
  })

  test('is what the page shows (npm run docs:privacy)', async () => {
    const page = readFileSync(join(root, 'docs/security.md'), 'utf8')
    expect(page).toContain(await privacySection(table))
  })
})
