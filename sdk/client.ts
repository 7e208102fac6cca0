import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import { print, type GraphQLFormattedError } from 'graphql'
import { createClient, type Client, type ClientOptions } from 'graphql-ws'
import type { DeviceKind } from './generated/graphql.ts'

export interface ParleyClientOptions {
  /** Where GraphQL is served: http://localhost:4000/graphql */
  url: string
  /** The current access token; called for each request and each (re)connection. Null: not logged in. */
  token: () => string | null
  /** The class of the `ws` package, where there is no global WebSocket (Node before 22). */
  webSocketImpl?: unknown
  /**
   * The person's device: while the socket is open the person counts as online. `id` is 1 to 64 characters, and stays the
   * same for the same device, for example a random one kept in the browser's storage.
   */
  device?: { id: string; kind: DeviceKind }
  /**
   * More options for graphql-ws's client, such as keepAlive. It does not retry by itself: it would subscribe again with the
   * same `after`, and repeat what was delivered. When a subscription rejects, subscribe again from the newest cursor.
   */
  socket?: Partial<ClientOptions>
}

/** Top-level errors of an answer. `code` is that of the first error: see the protocol for the list. */
export class ParleyError extends Error {
  override name = 'ParleyError'
  constructor(readonly errors: readonly GraphQLFormattedError[]) {
    super(errors.map((error) => error.message).join('\n'))
  }
  get code(): string {
    const code = this.errors[0]?.extensions?.code
    return typeof code === 'string' ? code : 'INTERNAL'
  }
}

export interface ParleyClient {
  /**
   * Resolves with the data. Rejects with a ParleyError for top-level errors, with fetch's TypeError when the server cannot
   * be reached, and with a SyntaxError when the answer is not GraphQL, for example a proxy's error page. Refusals in a
   * mutation's union are data.
   */
  request<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>
  /**
   * Yields events until the server ends the subscription or `return()` is called. `next()` rejects with a ParleyError when
   * the subscription is refused or an event fails, and with the socket's close or error event when the connection is
   * refused or lost; a close event's `code` says why.
   */
  subscribe<Data, Variables extends object>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): AsyncIterableIterator<Data>
  /** Closes the socket and with it all subscriptions. Does not reject. */
  close(): Promise<void>
}

/** A client of one Parley server, typed by the documents of sdk/documents. */
export function createParleyClient({ url, token, device, webSocketImpl, socket }: ParleyClientOptions): ParleyClient {
  let client: Client | undefined
  const connect = () =>
    (client ??= createClient({
      url: url.replace(/^http/, 'ws'),
      ...(webSocketImpl !== undefined && { webSocketImpl }),
      retryAttempts: 0,
      connectionParams: () => {
        const accessToken = token()
        return {
          ...(accessToken !== null && { authorization: `Bearer ${accessToken}` }),
          ...(device && { deviceId: device.id, deviceKind: device.kind }),
        }
      },
      ...socket,
    }))

  return {
    async request(document, variables) {
      const accessToken = token()
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(accessToken !== null && { authorization: `Bearer ${accessToken}` }),
        },
        body: JSON.stringify({ query: print(document), variables }),
      })
      const { data, errors } = (await response.json()) as { data?: unknown; errors?: GraphQLFormattedError[] }
      if (errors?.length) throw new ParleyError(errors)
      return data as never
    },
    subscribe(document, variables) {
      const results = connect().iterate({
        query: print(document),
        variables: variables as Record<string, unknown>,
      })
      const unwrap = (result: Awaited<ReturnType<typeof results.next>>) => {
        if (result.done) return { done: true, value: undefined } as const
        if (result.value.errors?.length) throw new ParleyError(result.value.errors)
        return { done: false, value: result.value.data as never } as const
      }
      const iterator: AsyncIterableIterator<never> = {
        async next() {
          try {
            return unwrap(await results.next())
          } catch (error) {
            // A refused subscription: graphql-ws throws the list of errors itself.
            if (Array.isArray(error)) throw new ParleyError(error as GraphQLFormattedError[])
            throw error
          }
        },
        async return() {
          await results.return?.()
          return { done: true, value: undefined }
        },
        [Symbol.asyncIterator]: () => iterator,
      }
      return iterator
    },
    async close() {
      await client?.dispose()
    },
  }
}
