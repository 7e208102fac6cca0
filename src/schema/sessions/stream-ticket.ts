import { GraphQLError, OperationTypeNode, getOperationAST } from 'graphql'
import { z } from 'zod'
import { ValidationError } from '../../domain/errors.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { parseWithinLimits } from '../building/parse.ts'
import { refusing } from '../building/refusing.ts'

/** Together they have to go into the first line of a request, of which servers and proxies take some 8 to 16 KB. */
const maxQueryLength = 8_192
const maxVariablesLength = 4_096

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
      description: 'All query parameters, to be appended to the address of the API: new EventSource(address + search).',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description:
        'The ticket has to be used before this moment, within 60 s. A stream that has begun continues after it, also ' +
        'through reconnects.',
      resolve: (ticket) => ticket.expiresAt,
    }),
  }),
})

const CreateStreamTicketInput = builder.inputType('CreateStreamTicketInput', {
  description: 'The subscription that the ticket is for.',
  fields: (t) => ({
    query: t.string({ required: true, description: 'Its document; at most 8192 characters.' }),
    variables: t.field({ type: 'JSONObject', description: 'Its variables; at most 4096 characters as JSON.' }),
    operationName: t.string({ description: 'Which operation, when the document has several.' }),
  }),
})

const ticketing = refusing(ValidationError)

const text = z.string().refine((value) => value.isWellFormed(), 'Must be well-formed Unicode (no lone surrogates).')

const shape = z
  .object({
    query: text.pipe(z.string().max(maxQueryLength, `At most ${String(maxQueryLength)} characters.`)),
    variables: z
      .record(z.string(), z.unknown())
      .nullish()
      .refine(
        (variables) => JSON.stringify(variables ?? {}).length <= maxVariablesLength,
        `At most ${String(maxVariablesLength)} characters as JSON.`,
      ),
    operationName: text.pipe(z.string().max(256, 'At most 256 characters.')).nullish(),
  })
  .superRefine(({ query, operationName }, issues) => {
    const fault = faultIn(query, operationName)
    if (fault !== null) issues.addIssue({ code: 'custom', path: ['query'], message: fault })
  })

/** Whether it fits the schema is found, and told, when it is opened. */
function faultIn(query: string, operationName: string | null | undefined): string | null {
  try {
    const operation = getOperationAST(parseWithinLimits(query), operationName)
    if (operation?.operation === OperationTypeNode.SUBSCRIPTION) return null
    return 'Must be a document with one subscription, or operationName one of its subscriptions.'
  } catch (error) {
    if (error instanceof GraphQLError) return error.message
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
      const { query, variables, operationName } = operation
      const params = new URLSearchParams({ query })
      if (variables) params.set('variables', JSON.stringify(variables))
      if (operationName) params.set('operationName', operationName)
      params.set('ticket', ticket)
      return { ticket, expiresAt, search: `?${params.toString()}` }
    },
  }),
)
