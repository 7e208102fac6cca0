import { execute, type ExecutionArgs, type Source } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import type { Logger } from '../../telemetry/logger.ts'
import type { ContextInit, TransportContext } from '../context.ts'
import { useHttpResults, useStrictRequests, type ServerContext } from './plugins.ts'
import type { Operations } from '../../execution/operations.ts'
import { addressPayer } from '../../fairness/network.ts'

export const graphqlPath = '/graphql'

export interface EngineOptions {
  operations: Operations
  logger: Logger
  createContext: (init: ContextInit) => Promise<TransportContext>
}

/** Speaks HTTP for what plain-post.ts and events.ts leave: queries by GET, and mistakes in the request itself. */
export function createEngine({ operations, logger, createContext }: EngineOptions) {
  return createYoga<ServerContext>({
    schema: operations.schema,
    graphqlEndpoint: graphqlPath,
    context: ({ init }) => createContext(init),
    // Each transport presents errors where it writes them, the one place that sees all of them with their trace id:
    // useHttpResults here, onNext and onError in websocket.ts.
    maskedErrors: false,
    graphiql: false,
    landingPage: false,
    multipart: false,
    batching: false,
    // The body was read before, and counted: Yoga's own limit leaves the connection unusable for the next request.
    maxRequestBodySize: false,
    parserAndValidationCache: false,
    cors: false,
    logging: {
      // A line for each step of each request, of use to Yoga's developers only.
      debug: () => undefined,
      info: (...lines: unknown[]) => logger.info(lines.map(String).join(' ')),
      warn: (...lines: unknown[]) => logger.warn(lines.map(String).join(' ')),
      error: (...lines: unknown[]) => logger.error({ err: lines[0] }, 'GraphQL Yoga reported an error'),
    },
    plugins: [useStrictRequests(), useOperations(operations), useHttpResults(logger)],
  })
}

/** Has Yoga take documents, limits and plans from where the other paths take them. */
function useOperations(operations: Operations): Plugin<ServerContext> {
  return {
    onParams({ params, setParams }) {
      const query = operations.textOf(params)
      if (query !== params.query) setParams({ ...params, query })
    },
    onParse({ context, setParseFn }) {
      const payer = addressPayer(context.init.clientIp)
      setParseFn((source: string | Source) => operations.read(typeof source === 'string' ? source : source.body, payer))
    },
    onValidate({ setResult }) {
      // It would not have been read otherwise.
      setResult([])
    },
    onExecute({ setExecuteFn }) {
      setExecuteFn((args: ExecutionArgs) => {
        const { document, operationName } = args
        // graphql-js says what is wrong when there is no such operation.
        return operations.select(document, operationName)?.execute(args) ?? execute(args)
      })
    },
  }
}
