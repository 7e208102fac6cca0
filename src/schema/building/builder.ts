import SchemaBuilder from '@pothos/core'
import ErrorsPlugin from '@pothos/plugin-errors'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import { JSONObjectResolver } from 'graphql-scalars'
import { DateTime } from './date-time.ts'
import type { Context } from './context.ts'
import type PrismaTypes from '../generated/pothos-types.ts'
import { getDatamodel } from '../generated/pothos-types.ts'
import { encodeGlobalId } from './ids.ts'

export interface SchemaTypes {
  Context: Context
  PrismaTypes: PrismaTypes
  Scalars: {
    DateTime: { Input: Date; Output: Date }
    ID: { Input: string; Output: string }
    JSONObject: { Input: Record<string, unknown>; Output: Record<string, unknown> }
  }
  DefaultFieldNullability: false
  DefaultEdgesNullability: { list: false; items: false }
  DefaultNodeNullability: false
}

const capitalize = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

/** Defines no types: each noun's file adds its own. */
export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ErrorsPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  errors: {
    directResult: true,
    defaultTypes: [],
    defaultUnionOptions: {
      name: ({ fieldName }) => `${capitalize(fieldName)}Result`,
      description: 'The expected outcomes: success, or an error that says why not.',
    },
  },
  relay: {
    nodeQueryOptions: false,
    nodesQueryOptions: false,
    encodeGlobalID: (typename, id) => encodeGlobalId(typename, String(id)),
    idFieldOptions: { description: 'Global id; opaque.' },
    nodesOnConnection: { description: 'The items alone, for when their cursors are not needed.' },
    nodeTypeOptions: { description: 'An object with an id, by which `node` can load it again.' },
    pageInfoTypeOptions: { description: 'Whether there are more pages, and the cursors to ask for them.' },
    cursorFieldOptions: { description: 'Place of this item in the list; opaque.' },
    nodeFieldOptions: { description: 'The item.', nullable: false },
    edgesFieldOptions: { description: 'The items, each with its cursor.', nullable: { list: false, items: false } },
    pageInfoFieldOptions: { description: 'Whether there are more pages, and the cursors to ask for them.' },
    hasNextPageFieldOptions: { description: 'Whether there are items after the last one of this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there are items before the first one of this page.' },
    startCursorFieldOptions: { description: 'Cursor of the first item; null when there is none.' },
    endCursorFieldOptions: { description: 'Cursor of the last item; null when there is none.' },
    firstArgOptions: { description: 'How many items, from the start or after `after`.' },
    afterArgOptions: { description: 'Only items after this cursor.' },
    lastArgOptions: { description: 'How many items, from the end or before `before`.' },
    beforeArgOptions: { description: 'Only items before this cursor.' },
    defaultConnectionTypeOptions: { description: 'A page of a list.' },
    defaultEdgeTypeOptions: { description: 'An item and its cursor.' },
  },
  prisma: { client: (context) => context.prisma, dmmf: getDatamodel() },
})

builder.addScalarType('DateTime', DateTime, {
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  description: 'A point in time: RFC 3339, UTC, millisecond precision. 2026-01-31T12:00:00.000Z',
})

builder.addScalarType('JSONObject', JSONObjectResolver, {
  description: 'A JSON object, such as the variables of an operation.',
})

builder.queryType({ description: 'Reads. All but `server` need an access token.' })
builder.mutationType({
  description:
    'Writes. Expected refusals are members of the result union; every other error is a top-level error with a ' +
    'code. opKey and clientMessageId are keys of 8 to 64 characters that the client chooses, such as a UUID. The ' +
    'same request with the same key from the same viewer gets the first outcome again, however often it is sent ' +
    'and to whichever server.',
})
builder.subscriptionType({
  description:
    'Live events. Durable ones have a cursor: subscribe again with its eventSeq as `after`, and no event is ' +
    'missed or repeated.',
})
