import type { ServerResponse } from 'node:http'
import {
  execute,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
} from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import type { Viewer } from '../domain/viewer.ts'
import type { OpenEventResults } from '../schema/event-results.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ContextInit, TransportContext } from './context.ts'
import { graphiqlOptions, renderGraphiqlPage } from './graphiql.ts'
import { useHttpResults, useStrictRequests, type ServerContext } from './http-plugins.ts'
import { operationLimits } from './limits.ts'
import { subscribeOneByOne } from './subscribe.ts'

export const graphqlPath = '/graphql'

const maxCachedDocuments = 1_000
const maxCachedDocumentLength = 16_384

export interface EngineOptions {
  schema: GraphQLSchema
  logger: Logger
  graphiql: boolean
  introspection: boolean
  corsOrigins: readonly string[] | '*'
  createContext: (init: ContextInit) => Promise<TransportContext>
  openEventResults: OpenEventResults
  /** Called with each stream of server-sent events that begins. */
  onStream: (response: ServerResponse, viewer: Viewer | null) => void
}

export type Engine = ReturnType<typeof createEngine>

/** What the engine's getEnveloped() gives for one operation; Envelop leaves it untyped. */
export interface Enveloped {
  schema: GraphQLSchema
  parse: (source: string) => DocumentNode
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[]
  contextFactory: () => Promise<object>
  execute: (args: ExecutionArgs) => Promise<ExecutionResult>
  subscribe: (args: ExecutionArgs) => Promise<ExecutionResult | AsyncIterable<ExecutionResult>>
}

/** Parses, validates, limits and executes for both transports, and speaks HTTP for one of them. */
export function createEngine(options: EngineOptions) {
  const { schema, logger, graphiql, introspection, corsOrigins, createContext, openEventResults, onStream } = options
  let graphiqlPage: Promise<string> | undefined
  return createYoga<ServerContext>({
    schema,
    graphqlEndpoint: graphqlPath,
    context: ({ init }) => createContext(init),
    // Each transport presents errors where it writes them, the one place that sees all of them with their trace id:
    // useHttpResults here, onNext and onError in websocket.ts.
    maskedErrors: false,
    graphiql: graphiql ? graphiqlOptions : false,
    renderGraphiQL: (pageOptions) => (graphiqlPage ??= renderGraphiqlPage(pageOptions)),
    landingPage: false,
    multipart: false,
    batching: false,
    // useStrictRequests counts: Yoga's own limit leaves the connection unusable for the next request.
    maxRequestBodySize: false,
    parserAndValidationCache: { documentCache: createDocumentCache(), errorCache: noCache },
    cors: (request) => corsFor(request.headers.get('origin'), corsOrigins),
    logging: {
      // A line for each step of each request, of use to Yoga's developers only.
      debug: () => undefined,
      info: (...lines: unknown[]) => logger.info(lines.map(String).join(' ')),
      warn: (...lines: unknown[]) => logger.warn(lines.map(String).join(' ')),
      error: (...lines: unknown[]) => logger.error({ err: lines[0] }, 'GraphQL Yoga reported an error'),
    },
    plugins: [
      useGraphqlJs(openEventResults),
      useStrictRequests(),
      ...operationLimits(introspection),
      useHttpResults(logger, onStream),
    ],
  })
}

/**
 * graphql-js itself executes queries and mutations: Yoga's own executor puts the fields of an answer in the order in which
 * they were resolved, and not in that of the query, as the specification asks for.
 */
const useGraphqlJs = (openEventResults: OpenEventResults): Plugin => ({
  onExecute: ({ setExecuteFn }) => {
    setExecuteFn(execute)
  },
  onSubscribe: ({ setSubscribeFn }) => {
    setSubscribeFn((args: ExecutionArgs) => subscribeOneByOne(args, openEventResults))
  },
})

// Yoga would keep the last 1,024 documents and the last 1,024 errors with theirs, at up to 1 MB each.
const noCache = { get: () => undefined, set: () => undefined }

function createDocumentCache() {
  const documents = new Map<string, DocumentNode>()
  return {
    get: (source: string) => documents.get(source),
    set: (source: string, document: DocumentNode) => {
      if (source.length > maxCachedDocumentLength) return
      const [oldest] = documents.keys()
      if (documents.size >= maxCachedDocuments && oldest !== undefined) documents.delete(oldest)
      documents.set(source, document)
    },
  }
}

function corsFor(origin: string | null, allowed: readonly string[] | '*') {
  const common = { methods: ['GET', 'POST'], exposedHeaders: ['x-trace-id'], maxAge: 600 }
  // Any origin may ask with a bearer token; only a named one may have the browser send the refresh cookie along.
  if (allowed === '*' || allowed.includes('*')) return { ...common, origin: '*', credentials: false }
  return origin !== null && allowed.includes(origin) ? { ...common, origin, credentials: true } : false
}
