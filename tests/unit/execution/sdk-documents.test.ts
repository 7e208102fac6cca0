import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, Kind, parse, type OperationDefinitionNode } from 'graphql'
import { expect, test, vi } from 'vitest'
import {
  InboxDocument,
  InboxEventsDocument,
  MessagesDocument,
  ResyncDocument,
} from '../../../sdk/src/generated/graphql.ts'
import { defaultOperationLimits } from '../../../src/execution/costs/budget.ts'
import { costLimit } from '../../../src/execution/costs/limits.ts'

// Vite resolves graphql to its ES module while the libraries of the limits reach the CommonJS one.
vi.mock('graphql', async () => (await import('node:module')).createRequire(import.meta.url)('graphql') as object)

const schema = buildSchema(readFileSync(join(import.meta.dirname, '../../../schema.graphql'), 'utf8'))

const cases: [string, string, Record<string, unknown>][] = [
  // What a client sends that was away for long.
  ['a resync of everything by a resume token', ResyncDocument, { resume: 'token', limit: 1_000 }],
  ['inboxEvents by a resume token', InboxEventsDocument, { resume: 'token' }],
  ['the largest page of messages', MessagesDocument, { id: 'id', last: 100 }],
  ['the largest page of the inbox', InboxDocument, { first: 100, filter: 'ALL' }],
]

test.each(cases)('%s, as the SDK asks for it, is within what an operation may come to', (_, sdkDocument, variables) => {
  const document = parse(sdkDocument)
  const operation = document.definitions.find(
    (one) => one.kind === Kind.OPERATION_DEFINITION,
  ) as OperationDefinitionNode
  const { objects, error } = costLimit(schema, document, operation, defaultOperationLimits).judge(variables)
  expect(error, String(objects)).toBeNull()
})
