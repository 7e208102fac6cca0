import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, parse, print, validate } from 'graphql'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const folder = 'examples/relay/generated'

/** Relay's compiler is 118 MB, so it is not installed: what it wrote names the text it was written for. */
const tags = [...read('examples/relay/chat.ts').matchAll(/graphql`([^`]+)`/g)].map(([, text = '']) => text)
const nameOf = (text: string) => /\w+ (\w+)/.exec(text)?.[1] ?? ''
const schema = buildSchema(read('schema.graphql'))

test('there is an artefact for each document of the example, and no other', () => {
  expect(readdirSync(join(root, folder)).sort()).toEqual(tags.map((text) => `${nameOf(text)}.graphql.ts`).sort())
})

test.each(tags.map((text) => [nameOf(text), text]))(
  '%s was compiled from what the example has now (npm run codegen:relay)',
  (name, text) => {
    const artefact = read(`${folder}/${name}.graphql.ts`)
    expect(artefact).toContain(
      `.hash = "${createHash('md5')
        .update(print(parse(text)))
        .digest('hex')}"`,
    )
    const sent = /"text": ("(?:[^"\\]|\\.)*")/.exec(artefact)?.[1] ?? ''
    expect(validate(schema, parse(JSON.parse(sent) as string))).toEqual([])
  },
)
