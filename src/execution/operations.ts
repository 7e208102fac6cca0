import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  getOperationAST,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'
import { createFairness, inTurn, paced, type Fairness } from '../fairness/fairness.ts'
import type { DocumentLimits } from '../schema/building/parse.ts'
import { isActivity } from '../schema/building/fresh-loaders.ts'
import type { Context } from '../schema/building/context.ts'
import { operated } from '../telemetry/facts.ts'
import { asGraphQLError } from '../transport/errors.ts'
import { defaultEventLimits, defaultOperationLimits, tellOfLimit, type OperationLimits } from './costs/budget.ts'
import { Documents } from './documents/documents.ts'
import { costLimit, type Verdict } from './costs/limits.ts'
import { createPersistedDocuments, type DocumentRequest, type TrustedDocuments } from './documents/persisted.ts'
import type { OnOpened } from './subscribe.ts'
import { planOperation, type Input, type RunOperation } from './plan-operation.ts'
import { Plans } from './plans.ts'

export interface OperationRequest extends DocumentRequest {
  operationName?: string | null
}

/** What was executed, or what was there. */
export type Answered<Made extends object> = ExecutionResult | Made

/** `run` executes the query with a context, within its limits. */
export type Find<Made extends object> = (
  run: (contextValue: unknown) => ExecutionResult | Promise<ExecutionResult>,
) => Promise<Answered<Made>>

/** An operation that is valid and within the limits, ready to run any number of times. */
export interface Prepared {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly isSubscription: boolean
  /** Whether it is something that the viewer did. What clients ask and subscribe to, they do by themselves. */
  readonly isActivity: boolean
  /** What it comes to with these variables, and whether that is too much: known before it runs. */
  costOf(variables: Readonly<Record<string, unknown>> | null | undefined): Verdict
  /** Runs it for one event of a subscription, within the budget of an event. */
  run: RunOperation
  /** Runs a query or mutation when it is its payer's turn, or says that it is too much. Never rejects. */
  execute(input: Input): ExecutionResult | Promise<ExecutionResult>
  /**
   * The same for a query of which `find` may have the answer already, and executes it otherwise: it waits its turn, counts and is
   * refused like one that is executed.
   */
  answer<Made extends object>(input: Input, find: Find<Made>): Answered<Made> | Promise<Answered<Made>>
  /** Opens a subscription with `start` when its payer has room for it, or says that it is too much. Never rejects. */
  open<Stream extends object>(
    input: Input,
    start: (onOpened: OnOpened) => Promise<ExecutionResult | Stream>,
  ): ExecutionResult | Stream | Promise<ExecutionResult | Stream>
}

/** Parses, validates, limits and plans operations, and remembers them; for all transports. */
export interface Operations {
  readonly schema: GraphQLSchema
  /** One that was prepared before, which is nearly every one and costs nothing. Throws where `textOf` does. */
  known(request: OperationRequest): Prepared | undefined
  /** Throws what is wrong with the request, for presentErrors. What it takes is charged to the payer. */
  prepare(request: OperationRequest, payer: string): Prepared
  /** The same step by step, for Yoga. */
  textOf(request: DocumentRequest): string | undefined
  /** A valid document. Throws what is wrong with it. */
  read(text: string, payer: string): DocumentNode
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
  documentCacheByteSize?: number
  /** What a document may come to. */
  documentLimits?: DocumentLimits
  /** What one operation, and one event of a subscription, may come to. */
  operationLimits?: OperationLimits
  eventLimits?: OperationLimits
  /**
   * Before a query of a payer that comes to so many objects at the most, or a mutation that answers more than what it did: throws
   * RateLimitedError. Null: they are not counted.
   */
  countReads?: ((payer: string, objects: number, isQuery: boolean) => Promise<void>) | null
  /** What of a client's address is counted as one, null where it is the address of many; without it none is. */
  clientNetwork?: (address: string) => string | null
}

const noLogger = { error: () => undefined }

export function createOperations(options: OperationsOptions): Operations {
  const { schema, introspection, trustedDocuments = null, fairness = createFairness(noLogger) } = options
  const { operationLimits = defaultOperationLimits, eventLimits = defaultEventLimits } = options
  const { countReads = null, clientNetwork = () => null } = options
  const limits = { operationLimits, eventLimits, countReads, clientNetwork }
  const parts: Parts = { schema, fairness, plans: new Plans(), ...limits }
  const persisted = createPersistedDocuments(trustedDocuments, options.documentLimits)
  const documents = new Documents({
    schema,
    introspection,
    work: fairness.work,
    cacheByteSize: options.documentCacheByteSize,
    limits: options.documentLimits,
  })
  const preparedOf = new WeakMap<DocumentNode, Map<string | null, Prepared>>()

  const operations: Operations = {
    schema,
    get documentCount() {
      return documents.count
    },
    known(request) {
      const text = persisted.textOf(request)
      const document = text === undefined ? undefined : documents.known(text)
      return document && preparedOf.get(document)?.get(request.operationName ?? null)
    },
    prepare(request, payer) {
      const text = persisted.textOf(request)
      if (text === undefined) throw new GraphQLError('Must provide query string.')
      const prepared = operations.select(documents.read(text, payer), request.operationName)
      if (prepared) return prepared
      throw new GraphQLError('Could not determine what operation to execute.', {
        extensions: { http: { status: 400 } },
      })
    },
    textOf: (request) => persisted.textOf(request),
    read: (text, payer) => documents.read(text, payer),
    select(document, operationName) {
      const known = preparedOf.get(document) ?? new Map<string | null, Prepared>()
      preparedOf.set(document, known)
      const name = operationName ?? null
      const prepared = known.get(name)
      if (prepared) return prepared
      const operation = getOperationAST(document, operationName)
      if (!operation) return undefined
      const made = prepare(parts, document, operation)
      known.set(name, made)
      return made
    },
  }
  return operations
}

interface Parts {
  schema: GraphQLSchema
  fairness: Fairness
  plans: Plans
  operationLimits: OperationLimits
  eventLimits: OperationLimits
  countReads: OperationsOptions['countReads']
  clientNetwork: (address: string) => string | null
}

/** Objects of an answer that is made in one go, so that nobody who waits for it waits for somebody else's. */
const maxUrgentObjects = 250

/**
 * Processor time of beginning a subscription, which falls to many small pieces: some, and more for each stream that it
 * follows (measured: an inbox of 800 conversations, opened and completed in a loop).
 */
const openingMs = 0.5
const openingMsPerStream = 0.03

/** Processor time of an answer that was there: its share of the look at the log, and its way through the process. */
const foundMs = 0.05

function prepare(parts: Parts, document: DocumentNode, operation: OperationDefinitionNode): Prepared {
  const { schema, fairness, plans, eventLimits } = parts
  const { work } = fairness
  const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION
  const limits = isSubscription ? eventLimits : parts.operationLimits
  const limit = costLimit(schema, document, operation, limits)
  const run = planOperation(schema, document, operation, { plans, work })
  const isSend = isSendOf(operation)
  /** The answer that it is too much, if it is. */
  const refusalOf = (input: Input): ExecutionResult | null => {
    const { error } = limit.judge(input.variableValues ?? {})
    if (!error) return null
    tellOfLimit('operation-objects', payerOf(input))
    return { errors: [error] }
  }
  const isUrgent = ({ variableValues }: Input) => {
    const verdict = limit.known(variableValues ?? {})
    return verdict !== undefined && !verdict.hasPages && verdict.objects <= maxUrgentObjects
  }
  const networkOf = ({ contextValue }: Input) => {
    const address = (contextValue as Partial<Context> | undefined)?.address
    return address === undefined ? null : parts.clientNetwork(address)
  }
  const admitted = <Result extends object>(input: Input, payer: string, begin: () => Result | Promise<Result>) =>
    answered(() => fairness.operations.run(payer, () => inTurn(work, payer, begin), networkOf(input)))
  const isQuery = operation.operation === OperationTypeNode.QUERY
  /** Begins it unless it is too much; counting takes time too where the sizes are new. */
  const counted =
    <Result extends object>(input: Input, payer: string, begin: () => Result | Promise<Result>) =>
    (): ExecutionResult | Result | Promise<Result> => {
      const refusal = refusalOf(input)
      if (refusal || !parts.countReads) return refusal ?? begin()
      const { objects, hasPages } = limit.judge(input.variableValues ?? {})
      // What a mutation tells of what it did is no reading. Pages are: else all could be read by mutations that change nothing.
      if (!isQuery && !hasPages && objects <= maxUrgentObjects) return begin()
      return parts.countReads(payer, objects, isQuery).then(begin)
    }
  return {
    document,
    operation,
    isSubscription,
    isActivity: hasActivity(operation),
    costOf: (variables) => limit.judge(variables ?? {}),
    run: (input) => run(input, { limits, payer: payerOf(input), isUrgent: isUrgent(input) }),
    execute: traced(operation, (input: Input) => {
      const payer = payerOf(input)
      if (isSend && isUrgent(input)) {
        const send = () => paced(work, payer, () => run(input, { limits, payer, isUrgent: true }))
        return answered(() => fairness.sends.run(payer, send, networkOf(input)))
      }
      return admitted(
        input,
        payer,
        counted(input, payer, () => run(input, { limits, payer })),
      )
    }),
    answer: traced(operation, <Made extends object>(input: Input, find: Find<Made>) => {
      const payer = payerOf(input)
      const found = () => {
        work.charge(payer, foundMs)
        return find((contextValue) => run({ ...input, contextValue }, { limits, payer }))
      }
      return admitted<Answered<Made>>(input, payer, counted(input, payer, found))
    }),
    open: traced(
      operation,
      <Stream extends object>(input: Input, start: (onOpened: OnOpened) => Promise<ExecutionResult | Stream>) => {
        const payer = payerOf(input)
        const onOpened = (streamCount: number) => work.charge(payer, openingMs + streamCount * openingMsPerStream)
        const begin = (): ExecutionResult | Promise<ExecutionResult | Stream> => refusalOf(input) ?? start(onOpened)
        return admitted(input, payer, begin)
      },
    ),
  }
}

/** Tells that it is run, to who wants to know what happens in its course. */
function traced<Run extends (input: Input, ...rest: never[]) => unknown>(
  { operation: kind, name }: OperationDefinitionNode,
  run: Run,
): Run {
  const wrapped = (input: Input, ...rest: never[]) => {
    const payloadOf = () => {
      const { traceId = '', traceparent } = (input.contextValue ?? {}) as Partial<Context>
      return { kind, traceId, ...(name && { name: name.value }), ...(traceparent !== undefined && { traceparent }) }
    }
    return operated.run(
      payloadOf,
      () => run(input, ...rest),
      (payload, result) => {
        payload.isFailed = typeof result === 'object' && result !== null && 'errors' in result
      },
    )
  }
  return wrapped as Run
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
