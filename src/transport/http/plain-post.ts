import type { ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import { asksForCost, withCost } from '../../execution/costs/told-cost.ts'
import type { Prepared } from '../../execution/operations.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import type { JsonType } from './accept.ts'
import type { AskedOperation } from './asked-operation.ts'
import { answerJson, sendJsonText } from './json-answer.ts'

export interface PlainPostOptions {
  logger: Logger
  createContext: (init: ContextInit) => Promise<TransportContext>
  /** Where answers are kept. */
  reads?: KeptReads | null
}

/** Answers that are there already, as JSON. Null for what can only be executed. Never rejects. */
export interface KeptReads {
  answer(asked: {
    prepared: Prepared
    contextValue: TransportContext
    variables: AskedOperation['variables']
  }): Buffer | ExecutionResult | Promise<Buffer | ExecutionResult> | null
}

export interface PlainPost {
  response: ServerResponse
  init: ContextInit
  mediaType: JsonType
  asked: AskedOperation
  /** What is to be run, or what is wrong with it. */
  prepared: Prepared | { errors: readonly GraphQLError[] }
}

/**
 * The short path for what nearly all requests are: a query or mutation by POST, answered as JSON. Without the Request, the
 * Response and the hooks of Yoga, and with the same answer to the byte.
 */
export function createPlainPost({ logger, createContext, reads = null }: PlainPostOptions) {
  return async ({ response, init, mediaType, asked, prepared }: PlainPost): Promise<void> => {
    const made = 'run' in prepared ? await resultOf(prepared, asked, init) : prepared
    if (Buffer.isBuffer(made)) {
      sendJsonText(response, made, mediaType)
      return
    }
    const isTold = 'run' in prepared && asksForCost(asked.extensions)
    const result = isTold ? withCost(made, prepared, asked.variables) : made
    answerJson(response, result, { mediaType, traceId: init.traceId, logger })
  }

  async function resultOf(prepared: Prepared, { variables, extensions }: AskedOperation, init: ContextInit) {
    try {
      const contextValue = await createContext(init)
      // What it costs is told of what is executed.
      const kept = asksForCost(extensions) ? null : reads?.answer({ prepared, contextValue, variables })
      if (kept) return await kept
      return await prepared.execute({ contextValue, variableValues: variables })
    } catch (error) {
      return { errors: [error as GraphQLError] } satisfies ExecutionResult
    }
  }
}
