import { createClient, type Client, type ClientOptions, type Sink, type SubscribePayload } from 'graphql-ws'
import { SessionEndedError } from '../requests/errors.ts'
import { SubscriptionPosition } from './subscription-position.ts'
import { retryAfterMs } from './retry.ts'
import { iterateOver } from './iterate.ts'

/**
 * Makes a graphql-ws client resume: after a reconnect a subscription continues after the newest event that came. By itself
 * graphql-ws sends the first variables again. Then all events since those come once more, or, if they name no position, the
 * events during the interruption are lost. Wrap the client before Apollo, urql or Relay get it, as they keep the variables
 * with which they subscribed.
 *
 * A subscription that the server refuses for a temporary reason (UNAVAILABLE, RATE_LIMITED) is sent again too, at the time
 * that the server gives. Other refusals go to `error` as a list of GraphQL errors, as from graphql-ws. `subscribe` and
 * `iterate` throw an Error when the document does not take or select the position. SnapshotRequired is delivered as an
 * event.
 */
export function resuming(client: Client): Client {
  const subscribe = (payload: SubscribePayload, sink: Sink<never>): (() => void) => {
    const position = SubscriptionPosition.of(payload)
    if (!position) return client.subscribe(payload, sink)
    // graphql-ws serialises this object again at each subscribe.
    const fresh: SubscribePayload = {
      ...payload,
      get variables() {
        return position.variables
      },
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    let stop: () => void = () => undefined
    const start = (): void => {
      stop = client.subscribe(fresh, {
        next(result) {
          position.take(result)
          sink.next(result as never)
        },
        error(error) {
          const waitMs = retryAfterMs(error)
          if (waitMs === null) sink.error(error)
          else timer = setTimeout(again, waitMs)
        },
        complete: () => sink.complete(),
      })
    }
    const again = (): void => {
      timer = undefined
      start()
    }
    start()
    return () => {
      if (timer === undefined) stop()
      else {
        clearTimeout(timer)
        timer = undefined
        sink.complete()
      }
    }
  }
  const iterate = (payload: SubscribePayload) => iterateOver((sink) => subscribe(payload, sink))
  return { ...client, subscribe, iterate: iterate as Client['iterate'] }
}

export interface LiveClientOptions extends Partial<Omit<ClientOptions, 'url' | 'connectionParams'>> {
  /** Where GraphQL is served: http://localhost:4000/graphql */
  url: string
  /** Called at each connect, as the session lives longer than a token. */
  token: () => string | Promise<string>
  /** The device that it runs on: see Presence and Delivered in the protocol. */
  device?: { id: string; kind: 'DESKTOP' | 'MOBILE' | 'WEB' }
  /** Milliseconds after which a connection that does not answer counts as dead. Default: 5000. */
  pongTimeoutMs?: number
}

const maxRetryWaitMs = 30_000
/** Close code by which the server asks the client to come back later, and the least milliseconds until then. */
const tooMuchWork = 4420
const laterMs = 5_000

/**
 * A graphql-ws client for Parley that reconnects without a limit, and resumes each subscription. graphql-ws alone gives up
 * after five failures in a row, and at the first connection that is refused. A subscription's `error` gets a list of
 * GraphQL errors, or the close event of a code after which graphql-ws does not connect again: 4400, 4401, 4406, 4409, 4429,
 * 4500, 4004, 4005, 1008, 1009; or the SessionEndedError that `token` rejects with. When `token` rejects with any other
 * error it connects again later. After 4420 (too much work at once) it connects again some seconds later.
 */
export function createLiveClient(options: LiveClientOptions): Client {
  const { url, token, device, pongTimeoutMs = 5_000, ...more } = options
  let pongTimer: ReturnType<typeof setTimeout> | undefined
  let ended: SessionEndedError | null = null
  let leastWaitMs = 0
  const client: Client = createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams: async () => {
      ended = null
      try {
        return {
          authorization: `Bearer ${await token()}`,
          ...(device && { deviceId: device.id, deviceKind: device.kind }),
        }
      } catch (error) {
        if (error instanceof SessionEndedError) ended = error
        // An error thrown here closes with 4005. If that close arrives late, it ends the next connection for good.
        client.terminate()
        return {}
      }
    },
    retryAttempts: Infinity,
    // Random, so that not all clients come back at once after a restart.
    retryWait: (retries) =>
      new Promise((resolve) =>
        setTimeout(resolve, leastWaitMs + Math.random() * Math.min(maxRetryWaitMs, 250 * 2 ** retries)),
      ),
    keepAlive: 10_000,
    connectionAckWaitTimeout: 10_000,
    ...more,
    // Also when connecting is refused. Close codes that mean "give up" end the client in any case.
    shouldRetry: (error) => {
      leastWaitMs = (error as { code?: unknown } | null)?.code === tooMuchWork ? laterMs : 0
      return !ended && (more.shouldRetry?.(error) ?? true)
    },
  })
  client.on('ping', (received) => {
    if (received) return
    clearTimeout(pongTimer)
    pongTimer = setTimeout(() => {
      client.terminate()
    }, pongTimeoutMs)
  })
  const isAlive = () => {
    clearTimeout(pongTimer)
  }
  client.on('pong', isAlive)
  client.on('closed', isAlive)
  const subscribe = (payload: SubscribePayload, sink: Sink<never>) =>
    client.subscribe(payload, {
      next: (result) => sink.next(result as never),
      // graphql-ws only knows that the connection was terminated.
      error: (error) => sink.error(ended && !Array.isArray(error) ? ended : error),
      complete: () => sink.complete(),
    })
  return resuming({ ...client, subscribe })
}
