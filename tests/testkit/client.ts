import { createClient, type Client, type FormattedExecutionResult } from 'graphql-ws'
import { WebSocket } from 'ws'
import { textOf, type TypedDocument } from '../../sdk/src/requests/document.ts'
import { ParleyError, type AnsweredError } from '../../sdk/src/requests/errors.ts'
import { createRequests, type Requests } from '../../sdk/src/requests/requests.ts'
import type { NamedDevice } from './person.ts'

/** What a test asks by: the SDK's requests, and subscriptions as the server sends them. */
export interface TestClient extends Requests {
  /**
   * Yields events until the server ends the subscription or `return()` is called. Rejects with a ParleyError when it is refused or
   * an event fails, and with the socket's close or error event when the connection is refused or lost.
   */
  subscribe<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
  ): AsyncIterableIterator<Data>
  /** Closes the socket and with it all subscriptions. Does not reject. */
  close(): Promise<void>
}

async function* dataOf<Data>(results: AsyncIterable<FormattedExecutionResult>): AsyncIterableIterator<Data> {
  try {
    for await (const { data, errors } of results) {
      if (errors?.length) throw new ParleyError(errors)
      yield data as Data
    }
  } catch (error) {
    // A refused subscription: graphql-ws throws the list of errors itself.
    throw Array.isArray(error) ? new ParleyError(error as AnsweredError[]) : error
  }
}

/**
 * A client of a server. Its socket is graphql-ws alone, without the SDK's connection: tests of the server see what it sends, and
 * decide themselves when to connect again.
 */
export function createTestClient(url: string, token: () => string | null, device?: NamedDevice): TestClient {
  const authorization = { token: async () => token(), renew: async () => null }
  let client: Client | undefined
  const connect = () =>
    (client ??= createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: () => {
        const accessToken = token()
        return {
          ...(accessToken !== null && { authorization: `Bearer ${accessToken}` }),
          ...(device && { deviceId: device.id, deviceKind: device.kind }),
        }
      },
    }))

  return {
    ...createRequests({ url, authorization }),
    subscribe(document, variables) {
      const query = textOf(document)
      return dataOf(connect().iterate({ query, variables: variables as Record<string, unknown> }))
    },
    async close() {
      await client?.dispose()
    },
  }
}
