import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema } from 'graphql'
import { beforeAll, describe, expect, test } from 'vitest'
import type { PrivacyTable } from '../../scripts/privacy-page.ts'
import { sharedPair } from '../testkit/shared.ts'
import { cellsOfFields, objectsOf } from './privacy/fields.ts'
import { cellOfOperation } from './privacy/operations.ts'
import { makeWorld, viewers, type Ids, type World } from './privacy/world.ts'

const root = join(import.meta.dirname, '../..')
const schema = buildSchema(readFileSync(join(root, 'schema.graphql'), 'utf8'))
const table = JSON.parse(readFileSync(join(root, 'docs/privacy.table.json'), 'utf8')) as PrivacyTable

const row = (cells: readonly string[]) => Object.fromEntries(viewers.map((viewer, at) => [viewer, cells[at]]))

let world: World
/** For what changes nothing. */
let still: Ids
beforeAll(async () => {
  world = await makeWorld(await sharedPair())
  still = await world.group()
})

describe('as the table says, cell by cell', () => {
  test.for(Object.keys(table.operations))('%s', async (name) => {
    const ids = name.startsWith('Mutation') ? await world.group() : still
    const cells: string[] = []
    for (const viewer of viewers) cells.push(await cellOfOperation(schema, name, [world, ids, viewer]))
    expect(row(cells)).toEqual(row(table.operations[name]!))
  })

  test.for(Object.keys(objectsOf))('the fields of %s', async (typeName) => {
    const byViewer = await Promise.all(viewers.map((viewer) => cellsOfFields(schema, typeName, [world, still, viewer])))
    for (const [name, cells] of Object.entries(table.fields)) {
      const [type, field = ''] = name.split('.')
      if (type === typeName) expect(row(byViewer.map((found) => found[field] ?? '')), name).toEqual(row(cells))
    }
  })
})
