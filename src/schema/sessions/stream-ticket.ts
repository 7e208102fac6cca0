import { GraphQLError, OperationTypeNode, getOperationAST } from 'graphql'
import { z } from 'zod'
import { ValidationError } from '../../domain/errors.ts'
import { ticketLength, type TicketedOperation } from '../../domain/sessions/stream-tickets.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { parseWithinLimits } from '../building/parse.ts'
import { refusing } from '../building/refusing.ts'

/** It must fit into the first line of a request: nginx and others allow 8 KB for that line with the rest of the address. */
const maxSearchByteSize = 7_000
const maxVariablesLength = 4_096
/** What a server may take beside that is said when the subscription is opened. */
const textLimits = { byteSize: maxSearchByteSize, tokens: 2_000 }

interface StreamTicketShape {
  ticket: string
  expiresAt: Date
  search: string
}

const CreateStreamTicketSuccess = builder.objectRef<StreamTicketShape>('CreateStreamTicketSuccess').implement({
  description: 'A ticket for one subscription.',
  fields: (t) => ({
    ticket: t.exposeString('ticket', {
      description:
        'The value of the query parameter `ticket`. Send it with exactly the query, variables and operationName that ' +
        'it was made for.',
    }),
    search: t.exposeString('search', {
      description:
        'All query parameters, to be appended to the address of the API: new EventSource(address + search). At most ' +
        `${String(maxSearchByteSize)} bytes.`,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description:
        'The ticket must be used before this time, within 60 s. A stream that has begun continues after it, also ' +
        'through reconnects.',
      resolve: (ticket) => ticket.expiresAt,
    }),
  }),
})

const CreateStreamTicketInput = builder.inputType('CreateStreamTicketInput', {
  description: 'The subscription that the ticket is for.',
  fields: (t) => ({
    query: t.string({
      required: true,
      description:
        `Its document. With variables and operationName it must fit an address: ${String(maxSearchByteSize)} bytes at ` +
        'most, in which a space takes one byte, other signs three, and letters of other alphabets six and more.',
    }),
    variables: t.field({ type: 'JSONObject', description: 'Its variables; at most 4096 characters as JSON.' }),
    operationName: t.string({ description: 'Which operation, when the document has several.' }),
  }),
})

const ticketing = refusing(ValidationError)

const text = z.string().refine((value) => value.isWellFormed(), 'Must be well-formed Unicode (no lone surrogates).')

const shape = z
  .object({
    query: text,
    variables: z.record(z.string(), z.unknown()).nullish(),
    operationName: text.pipe(z.string().max(256, 'At most 256 characters.')).nullish(),
  })
  .superRefine((operation, issues) => {
    const issue = sizeIssue(operation) ?? faultIn(operation)
    if (issue) issues.addIssue({ code: 'custom', ...issue })
  })

interface Issue {
  path: ['query' | 'variables']
  message: string
}

function sizeIssue(operation: TicketedOperation): Issue | null {
  if (JSON.stringify(operation.variables ?? {}).length > maxVariablesLength) {
    return { path: ['variables'], message: `At most ${String(maxVariablesLength)} characters as JSON.` }
  }
  const byteSize = searchOf(operation, 'x'.repeat(ticketLength)).length
  if (byteSize <= maxSearchByteSize) return null
  const isByVariables = searchOf({ query: operation.query }, '').length < byteSize / 2
  const message =
    `Too long for an address: with the ticket it takes ${String(byteSize)} bytes there, of ${String(maxSearchByteSize)}. ` +
    'Leave out comments and line breaks, select less, or use letters of ASCII, as others take six bytes and more.'
  return { path: [isByVariables ? 'variables' : 'query'], message }
}

/** The result has only ASCII characters, so its length is its size in bytes. */
function searchOf({ query, variables, operationName }: TicketedOperation, ticket: string): string {
  const params = new URLSearchParams({ query })
  if (variables) params.set('variables', JSON.stringify(variables))
  if (operationName) params.set('operationName', operationName)
  params.set('ticket', ticket)
  return `?${params.toString()}`
}

/** Whether the operation fits the schema is checked, and reported, when the subscription is opened. */
function faultIn({ query, operationName }: TicketedOperation): Issue | null {
  try {
    const operation = getOperationAST(parseWithinLimits(query, textLimits), operationName)
    if (operation?.operation === OperationTypeNode.SUBSCRIPTION) return null
    const message = 'Must be a document with one subscription, or operationName one of its subscriptions.'
    return { path: ['query'], message }
  } catch (error) {
    if (error instanceof GraphQLError) return { path: ['query'], message: error.message }
    throw error
  }
}

builder.mutationField('createStreamTicket', (t) =>
  t.field({
    type: CreateStreamTicketSuccess,
    errors: ticketing.errors,
    description:
      "Makes a ticket with which a browser's EventSource, which cannot send an access token, opens this one " +
      'subscription as the viewer. The ticket may be part of an address: it is valid for this subscription only, ' +
      'for 60 s, and ends with the session.',
    args: { input: t.arg({ type: CreateStreamTicketInput, required: true, description: 'The subscription.' }) },
    resolve: async (_, args, context) => {
      const viewer = requireViewer(context)
      const operation = ticketing.validate(shape, 'input', args.input)
      await context.domain.attempts.createTicket(viewer.userId)
      const { ticket, expiresAt } = context.domain.streamTickets.create(viewer, operation)
      return { ticket, expiresAt, search: searchOf(operation, ticket) }
    },
  }),
)
