import type { ServerResponse } from 'node:http'
import type { ExecutionResult, GraphQLError } from 'graphql'
import { asksForCost, withCost } from '../../execution/costs/told-cost.ts'
import type { Prepared } from '../../execution/operations.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import type { JsonType } from './accept.ts'
import type { AskedOperation } from './asked-operation.ts'
import { answerJson } from './json-answer.ts'

export interface PlainPostOptions {
  logger: Logger
  createContext: (init: ContextInit) => Promise<TransportContext>
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
export function createPlainPost({ logger, createContext }: PlainPostOptions) {
  return async ({ response, init, mediaType, asked, prepared }: PlainPost): Promise<void> => {
    const made = 'run' in prepared ? await resultOf(prepared, asked, init) : prepared
    const isTold = 'run' in prepared && asksForCost(asked.extensions)
    const result = isTold ? withCost(made, prepared, asked.variables) : made
    answerJson(response, result, { mediaType, traceId: init.traceId, logger })
  }

  async function resultOf(prepared: Prepared, { variables }: AskedOperation, init: ContextInit) {
    try {
      const contextValue = await createContext(init)
      return await prepared.execute({ contextValue, variableValues: variables })
    } catch (error) {
      return { errors: [error as GraphQLError] } satisfies ExecutionResult
    }
  }
}
