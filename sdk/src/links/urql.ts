import { subscriptionExchange, type Exchange } from '@urql/core'
import { authorizedFetch } from './authorized-fetch.ts'
import { createLiveClient, type LiveClientOptions } from './resuming-client.ts'

export interface ParleyUrqlOptions extends Omit<LiveClientOptions, 'token'> {
  /** The access token of the moment; null while nobody is signed in. */
  token: () => string | null | Promise<string | null>
}

export interface ParleyUrql {
  /** For urql's Client: its `url`, its `fetch`, and queries by POST, as by GET the variables would be in logs. */
  options: { url: string; fetch: typeof fetch; preferGetMethod: false }
  /** The last of its exchanges. */
  exchange: Exchange
  /** Closes the socket. */
  close: () => Promise<void>
}

/**
 * What makes an urql Client one for Parley: subscriptions over one WebSocket that comes back by itself and continues each of them
 * after the newest event that came, all else by HTTP, repeated while the server cannot be reached.
 */
export function createParleyUrql({ token, ...options }: ParleyUrqlOptions): ParleyUrql {
  const socket = createLiveClient({ ...options, token: async () => (await token()) ?? '' })
  return {
    options: { url: options.url, fetch: authorizedFetch(token), preferGetMethod: false },
    exchange: subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink as never) }),
      }),
    }),
    close: async () => socket.dispose(),
  }
}

export { createLiveClient, type LiveClientOptions } from './resuming-client.ts'
export { keepSession, type SessionKeeper, type SessionTokens } from './kept-session.ts'
export { SessionEndedError } from '../requests/errors.ts'
