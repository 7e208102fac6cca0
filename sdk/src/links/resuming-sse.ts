import { createClient, type Client, type RequestParams, type Sink } from 'graphql-sse'
import { iterateOver } from './iterate.ts'
import { SubscriptionPosition } from './subscription-position.ts'

export interface LiveSseClientOptions {
  /** Where GraphQL is served: http://localhost:4000/graphql */
  url: string
  /** Called at each connect. Null: not logged in. */
  token: () => string | null | Promise<string | null>
  /**
   * Milliseconds without a byte after which a stream counts as dead. The server sends something every 15 s. Default: 40000.
   */
  silenceMs?: number
  /** Waits before the next connect; `retries` is the number of failures in a row. */
  retryWait?: (retries: number) => Promise<void>
}

/** The server refuses the stream, and a retry would be refused too. */
export class RefusedError extends Error {
  override name = 'RefusedError'
  constructor(
    readonly status: number,
    /** The body of the server's answer. */
    readonly body: string,
  ) {
    super(`The stream is refused (${status}): ${body}`)
  }
}

const maxRetryWaitMs = 30_000
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
// Random, so that not all clients come back at once after a restart.
const defaultRetryWait = (retries: number) => wait(Math.random() * Math.min(maxRetryWaitMs, 250 * 2 ** retries))
const passes = [408, 425, 429, 500, 502, 503, 504]

/** How long the client must wait by the server's Retry-After, in milliseconds. */
const retryAfterOf = (response: Response) => Number(response.headers.get('retry-after') ?? 0) * 1_000

const authorization = (token: string | null): Record<string, string> =>
  token === null ? {} : { authorization: `Bearer ${token}` }

/**
 * The same bytes, but the end comes one turn of the event loop later, and silence is an error. graphql-sse 2 waits for ever
 * if the end arrives while it delivers what came before it.
 */
function unhurried(body: ReadableStream<Uint8Array>, silenceMs: number): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let timer: ReturnType<typeof setTimeout> | undefined
      const silence = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error('The stream has fallen silent')), silenceMs)
      })
      try {
        const { done, value } = await Promise.race([reader.read(), silence])
        if (done) {
          await wait(0)
          controller.close()
        } else controller.enqueue(value)
      } catch (error) {
        await wait(0)
        controller.error(error)
      } finally {
        clearTimeout(timer)
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

/**
 * A graphql-sse client for Parley that reconnects by itself and continues after the newest event that came, as resuming()
 * does for graphql-ws. graphql-sse alone sends the first variables again, gives up after five failures in a row, and
 * connects again even where it is refused for good. A subscription's `error` gets a RefusedError for a status that is not
 * temporary (400, 401, 403 and the like), and the error that `token` rejects with. `subscribe` and `iterate` throw an Error
 * when the document does not take or select the position.
 */
export function createLiveSseClient(options: LiveSseClientOptions): Client {
  const { url, token, silenceMs = 40_000 } = options
  const { retryWait = defaultRetryWait } = options
  // A client for each subscription: they share no connection, and graphql-sse does not say which subscription it retries.
  const connect = (): Client => {
    let leftAloneUntilMs = 0
    let refused: RefusedError | null = null
    return createClient({
      url,
      headers: async () => authorization(await token()),
      retryAttempts: Infinity,
      retry: async (retries) => {
        // An error of fetchFn is retried; an error thrown here ends the subscription.
        if (refused) throw refused
        await Promise.all([wait(leftAloneUntilMs - Date.now()), retryWait(retries)])
      },
      fetchFn: async (input: string, init: RequestInit) => {
        const response = await fetch(input, init)
        if (response.ok) return response.body ? new Response(unhurried(response.body, silenceMs), response) : response
        if (passes.includes(response.status)) leftAloneUntilMs = Date.now() + retryAfterOf(response)
        else refused = new RefusedError(response.status, await response.text())
        return response
      },
    })
  }
  const running = new Set<Client>()
  const subscribe = (request: RequestParams, sink: Sink<never>, on?: Parameters<Client['subscribe']>[2]) => {
    const position = SubscriptionPosition.of(request)
    const client = connect()
    running.add(client)
    return client.subscribe(
      // Serialised again at each connect.
      {
        ...request,
        get variables() {
          return position ? position.variables : request.variables
        },
      },
      {
        next(result) {
          position?.take(result)
          sink.next(result as never)
        },
        error(error) {
          running.delete(client)
          sink.error(error)
        },
        complete() {
          running.delete(client)
          sink.complete()
        },
      },
      on,
    )
  }
  const iterate = (request: RequestParams, on?: Parameters<Client['iterate']>[1]) =>
    iterateOver((sink) => subscribe(request, sink, on))
  return {
    subscribe,
    iterate: iterate as Client['iterate'],
    dispose() {
      for (const client of running) client.dispose()
    },
  }
}
