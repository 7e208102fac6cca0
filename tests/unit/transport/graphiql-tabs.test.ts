import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, coerceInputValue, Kind, parse, typeFromAST, validate, type GraphQLInputType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { signedInTabs, starterHeaders, starterTabs } from '../../../src/transport/graphiql/tabs.ts'

const schema = buildSchema(readFileSync(join(import.meta.dirname, '../../../schema.graphql'), 'utf8'))

function mistakesIn({ query, variables }: { query: string; variables: string }): string[] {
  const document = parse(query)
  const mistakes = validate(schema, document).map(({ message }) => message)
  const values = JSON.parse(variables) as Record<string, unknown>
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    for (const { variable, type } of definition.variableDefinitions ?? []) {
      const inputType = typeFromAST(schema, type) as GraphQLInputType | undefined
      if (inputType)
        coerceInputValue(values[variable.name.value], inputType, (_, __, error) => mistakes.push(error.message))
    }
  }
  return mistakes
}

describe('each starter tab of GraphiQL', () => {
  test.each(
    [...starterTabs, ...signedInTabs].map(
      (tab) => [/(?:query|mutation|subscription) (\w+)/.exec(tab.query)?.[1] ?? '?', tab] as const,
    ),
  )('%s is an operation of the schema, with variables that fit', (_, tab) => {
    expect(mistakesIn(tab)).toEqual([])
    expect(tab.headers).toBe(starterHeaders)
  })

  test('of who signs in by a click asks for no pasting, and begins with what is to be done', () => {
    expect(signedInTabs.length).toBeGreaterThan(5)
    for (const { query } of signedInTabs) expect(query).not.toMatch(/paste|token|^# \d\./im)
    expect(signedInTabs[0]?.query).toMatch(/^# Welcome/)
  })

  test('registers people whose handles are allowed', () => {
    const handles = starterTabs.flatMap(({ query }) =>
      [...query.matchAll(/handle: "([^"]*)"/g)].map((match) => match[1]),
    )
    expect(handles).toHaveLength(4)
    for (const handle of handles) expect(handle).toMatch(/^[a-z0-9_.]{3,32}$/)
  })

  test('would be found to be wrong, were it so', () => {
    expect(mistakesIn({ query: '{ viewer { nickname } }', variables: '{}' })).toHaveLength(1)
    const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }'
    expect(mistakesIn({ query: send, variables: '{"input":{"text":"Hi"}}' })).toHaveLength(2)
    // One name for two types, which GraphQL does not merge.
    const conflict = send.replace(
      '__typename',
      '... on SendMessageSuccess { it: message { id } } ... on Error { it: reason }',
    )
    expect(
      mistakesIn({ query: conflict, variables: '{"input":{"conversationId":"c","clientMessageId":"k"}}' }),
    ).toHaveLength(1)
  })
})
