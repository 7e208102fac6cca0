// What the GraphQL peers share: the schema's text, the scalar, refusals, limits.
import { readFileSync } from 'node:fs'
import { GraphQLError, GraphQLScalarType } from 'graphql'

export const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')

/** A Date from the database, or its text after a round trip through Redis. */
export const DateTime = new GraphQLScalarType({
  name: 'DateTime',
  serialize: (value) => (value instanceof Date ? value.toISOString() : value),
})

export const topicOf = (conversationUuid) => `messages.${conversationUuid}`

export function requireViewer(viewerId) {
  if (viewerId) return viewerId
  throw new GraphQLError('Send "authorization: Bearer <access token>".', { extensions: { code: 'UNAUTHENTICATED' } })
}

/** For a subscription, whose result type has no such error. */
export const notFound = () =>
  new GraphQLError('There is no such conversation here.', { extensions: { code: 'NOT_FOUND' } })

export const notFoundResult = {
  __typename: 'NotFoundError',
  code: 'NOT_FOUND',
  reason: 'There is no such conversation here.',
}

/** Null, or the ValidationError of a message that cannot be sent. */
export function refusalOf({ text, clientMessageId }) {
  const fields = []
  if (!text || text.trim() === '' || text.length > 4000) {
    fields.push({ path: ['input', 'text'], reason: '1 to 4000 characters, not of spaces alone' })
  }
  if (clientMessageId.length < 8 || clientMessageId.length > 64) {
    fields.push({ path: ['input', 'clientMessageId'], reason: '8 to 64 characters' })
  }
  if (fields.length === 0) return null
  return { __typename: 'ValidationError', code: 'VALIDATION_ERROR', reason: 'The message is not acceptable.', fields }
}

/** The number of rows of a page, with the same limits as Parley. */
export function pageSize(asked, whenNotGiven) {
  const size = asked ?? whenNotGiven
  if (size >= 1 && size <= 100) return size
  throw new GraphQLError('A page has 1 to 100 items.', { extensions: { code: 'VALIDATION_ERROR' } })
}

export const toConnection = (nodes) => ({ edges: nodes.map((node) => ({ node })) })
