import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  getOperationAST,
  validate,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'
import { createFairness, inTurn, type Fairness } from '../fairness/fairness.ts'
import { isActivity } from '../schema/building/fresh-loaders.ts'
import type { Context } from '../schema/building/context.ts'
import { asGraphQLError } from '../transport/errors.ts'
import { DocumentCache } from './document-cache.ts'
import { parseWithinLimits } from '../schema/building/parse.ts'
import { rowLimit, validationRules } from './limits.ts'
import { createPersistedDocuments, type DocumentRequest, type TrustedDocuments } from './persisted.ts'
import { planOperation, type Input, type RunOperation } from './plan-operation.ts'

const maxDocuments = 1_000
/** Characters. What is kept for a document takes some 50 times the memory of its text. */
const maxDocumentLength = 16_384
const maxTotalLength = 2_097_152

export interface OperationRequest extends DocumentRequest {
  operationName?: string | null
}

/** An operation that is valid and within the limits, ready to run any number of times. */
export interface Prepared {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly isSubscription: boolean
  /** Whether it is something that the viewer did. What clients ask and subscribe to, they do by themselves. */
  readonly isActivity: boolean
  /** Says whether its pages would come to too many rows: to be asked once before an operation or a subscription runs. */
  rowsError(variables: Readonly<Record<string, unknown>> | null | undefined): GraphQLError | null
  /** Runs it, also for one event of a subscription. Asks for no limit. */
  run: RunOperation
  /** Runs a query or mutation when it is its payer's turn, or says that it is too much. Never rejects. */
  execute(input: Input): ExecutionResult | Promise<ExecutionResult>
  /** Opens a subscription with `start` when its payer has room for it, or says that it is too much. Never rejects. */
  open<Stream>(
    input: Input,
    start: () => Promise<ExecutionResult | Stream>,
  ): ExecutionResult | Stream | Promise<ExecutionResult | Stream>
}

/** Parses, validates, limits and plans operations, and remembers them; for all transports. */
export interface Operations {
  readonly schema: GraphQLSchema
  /** Throws what is wrong with the request, for presentErrors. */
  prepare(request: OperationRequest): Prepared
  /** The same step by step, for Yoga. */
  textOf(request: DocumentRequest): string | undefined
  parse(text: string): DocumentNode
  validate(document: DocumentNode): readonly GraphQLError[]
  /** Undefined when the document, which is valid, has no such operation. */
  select(document: DocumentNode, operationName: string | null | undefined): Prepared | undefined
  /** Documents kept. */
  readonly documentCount: number
}

export interface OperationsOptions {
  schema: GraphQLSchema
  introspection: boolean
  trustedDocuments?: TrustedDocuments | null
  /** Of the process; one of its own without. */
  fairness?: Fairness
}

const noLogger = { error: () => undefined }

export function createOperations(options: OperationsOptions): Operations {
  const { schema, introspection, trustedDocuments = null, fairness = createFairness(noLogger) } = options
  const rules = validationRules(introspection)
  const persisted = createPersistedDocuments(trustedDocuments)
  // Valid ones alone: anybody can think of any number of wrong ones.
  const documents = new DocumentCache<DocumentNode>(maxDocuments, maxDocumentLength, maxTotalLength)
  const mistakesOf = new WeakMap<DocumentNode, readonly GraphQLError[]>()
  const preparedOf = new WeakMap<DocumentNode, Map<string | null, Prepared>>()

  const operations: Operations = {
    schema,
    get documentCount() {
      return documents.size
    },
    prepare(request) {
      const text = operations.textOf(request)
      if (text === undefined) throw new GraphQLError('Must provide query string.')
      const document = operations.parse(text)
      const known = preparedOf.get(document)?.get(request.operationName ?? null)
      if (known) return known
      const missing = () =>
        new GraphQLError('Could not determine what operation to execute.', { extensions: { http: { status: 400 } } })
      // Before the mistakes, as Yoga does.
      if (!getOperationAST(document, request.operationName)) throw missing()
      const mistakes = operations.validate(document)
      if (mistakes.length > 0) throw new AggregateError(mistakes)
      const prepared = operations.select(document, request.operationName)
      if (!prepared) throw missing()
      return prepared
    },
    textOf: (request) => persisted.textOf(request),
    parse(text) {
      const known = documents.get(text)
      if (known) return known
      const document = parseWithinLimits(text)
      if (operations.validate(document).length === 0) documents.set(text, text, document)
      return document
    },
    validate(document) {
      let mistakes = mistakesOf.get(document)
      if (!mistakes) {
        mistakes = validate(schema, document, rules)
        mistakesOf.set(document, mistakes)
      }
      return mistakes
    },
    select(document, operationName) {
      const known = preparedOf.get(document) ?? new Map<string | null, Prepared>()
      preparedOf.set(document, known)
      const name = operationName ?? null
      const prepared = known.get(name)
      if (prepared) return prepared
      const operation = getOperationAST(document, operationName)
      if (!operation) return undefined
      const made = prepare(schema, document, operation, fairness)
      known.set(name, made)
      return made
    },
  }
  return operations
}

function prepare(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { work, operations, sends }: Fairness,
): Prepared {
  const limit = rowLimit(schema, document, operation)
  const run = planOperation(schema, document, operation)
  const rowsError: Prepared['rowsError'] = (variables) => limit(variables ?? {})
  const isSend = isSendOf(operation)
  return {
    document,
    operation,
    isSubscription: operation.operation === OperationTypeNode.SUBSCRIPTION,
    isActivity: hasActivity(operation),
    rowsError,
    run,
    execute(input) {
      const error = rowsError(input.variableValues)
      if (error) return { errors: [error] }
      const payer = payerOf(input)
      return isSend
        ? answered(() => sends.run(payer, () => run(input)))
        : answered(() => operations.run(payer, () => inTurn(work, payer, () => run(input))))
    },
    open(input, start) {
      const error = rowsError(input.variableValues)
      return error ? { errors: [error] } : answered(() => operations.run(payerOf(input), start))
    },
  }
}

/** A refusal is an answer. */
function answered<Result>(
  operation: () => Result | Promise<Result>,
): Result | ExecutionResult | Promise<Result | ExecutionResult> {
  const refusal = (error: unknown): ExecutionResult => ({ errors: [asGraphQLError(error)] })
  try {
    const result = operation()
    return result instanceof Promise ? result.catch(refusal) : result
  } catch (error) {
    return refusal(error)
  }
}

const payerOf = ({ contextValue }: Input): string => (contextValue as Partial<Context> | undefined)?.payer ?? 'nobody'

/** What people wait for in each other's sight: it stands behind nothing else. */
const sendNames = ['sendMessage', 'editMessage', 'deleteMessage', 'markRead']

const isSendOf = ({ operation, selectionSet }: OperationDefinitionNode): boolean =>
  operation === OperationTypeNode.MUTATION &&
  selectionSet.selections.every((one) => one.kind === Kind.FIELD && sendNames.includes(one.name.value))

const hasActivity = ({ operation, selectionSet }: OperationDefinitionNode): boolean =>
  operation === OperationTypeNode.MUTATION &&
  selectionSet.selections.some((selection) => selection.kind !== Kind.FIELD || isActivity(selection.name.value))
