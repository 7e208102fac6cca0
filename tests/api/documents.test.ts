import { getIntrospectionQuery } from 'graphql'
import { beforeAll, describe, expect, test } from 'vitest'
import * as generated from '../../sdk/src/generated/graphql.ts'
import { starterTabs } from '../../src/transport/graphiql/tabs.ts'
import { ask, askSocket, expectErrors, type Answer } from '../testkit/api.ts'
import { createTestDatabase } from '../testkit/database.ts'
import { signUp, type Person } from '../testkit/person.ts'
import { startServer } from '../testkit/server.ts'

/* What a document may come to, set as low as it can be: half of the defaults and less. */
let ann: Person
beforeAll(async () => {
  const { url: databaseUrl } = await createTestDatabase()
  const env = {
    INTROSPECTION: 'on',
    MAX_DOCUMENT_KB: '4',
    MAX_DOCUMENT_TOKENS: '500',
    MAX_DOCUMENT_DEPTH: '8',
    MAX_DOCUMENT_ALIASES: '2',
  }
  ann = await signUp((await startServer({ databaseUrl, redisUrl: null, env })).url)
})

const isTooComplex = ({ errors = [] }: Pick<Answer, 'errors'>) =>
  errors.some(({ extensions }) => extensions.code === 'QUERY_TOO_COMPLEX')

describe('documents that people use are taken', () => {
  const ofClient = Object.entries(generated).filter(([name]) => name.endsWith('Document'))
  const introspection = getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  })
  const documents: [string, string][] = [
    ...ofClient.map(([name, text]): [string, string] => [name, String(text)]),
    ...starterTabs.map(({ query }, nth): [string, string] => [`tab ${nth + 1} of GraphiQL`, query]),
    ['introspection', introspection],
  ]

  test('those of the client and of the web client, of the tabs of GraphiQL, and what it asks of the schema', async () => {
    expect(ofClient.length).toBeGreaterThan(50)
    // They are read and checked, and nothing of them runs.
    const answers = await Promise.all(documents.map(([, text]) => ask(ann, text, {}, { operationName: 'NoneOfThem' })))
    for (const [at, { errors }] of answers.entries()) {
      expect([documents[at]?.[0], errors?.map(({ message }) => message)]).toEqual([
        documents[at]?.[0],
        ['Could not determine what operation to execute.'],
      ])
    }
    expect((await ask(ann, introspection)).data).toMatchObject({ __schema: { queryType: { name: 'Query' } } })
  })
})

const repeated = (count: number, text: string) => Array.from({ length: count }, () => text).join(' ')
const bounds: [string, number, (size: number) => string][] = [
  ['bytes', 4_096, (size) => `{ viewer { id } }${'#'.padEnd(size - 17, 'x')}`],
  // Twelve beside the ids, of which there are too many for anything but to be counted.
  ['tokens', 500, (size) => `{ nodes(ids: [${repeated(size - 12, '"x"')}]) { id } }`],
  [
    'levels',
    8,
    (size) => `{ node(id: "x") { ... on Message { ${'replyTo { '.repeat(size - 2)} id ${'} '.repeat(size - 2)} } } }`,
  ],
  ['aliases', 2, (size) => `{ ${Array.from({ length: size }, (_, nth) => `a${nth}: viewer { id }`).join(' ')} }`],
]

test.each(bounds)('as many %s as the setting says, and no more, by HTTP and WebSocket', async (_name, most, make) => {
  expect([isTooComplex(await ask(ann, make(most))), isTooComplex(await askSocket(ann, make(most)))]).toEqual([
    false,
    false,
  ])
  expectErrors(await ask(ann, make(most + 1)), 'QUERY_TOO_COMPLEX')
  expectErrors(await askSocket(ann, make(most + 1)), 'QUERY_TOO_COMPLEX')
})
