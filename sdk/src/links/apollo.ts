import { ApolloLink, HttpLink } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { OperationTypeNode } from 'graphql'
import { authorizedFetch } from './authorized-fetch.ts'
import { createLiveClient, type LiveClientOptions } from './resuming-client.ts'

export interface ParleyLinkOptions extends Omit<LiveClientOptions, 'token'> {
  /** The access token of the moment; null while nobody is signed in. */
  token: () => string | null | Promise<string | null>
}

export interface ParleyLink {
  link: ApolloLink
  /** Closes the socket. */
  close: () => Promise<void>
}

/**
 * The link of an Apollo Client for Parley: subscriptions over one WebSocket that comes back by itself and continues each of them
 * after the newest event that came, all else by HTTP, repeated while the server cannot be reached. Apollo Client alone would
 * send the variables of the first time again.
 */
export function createParleyLink({ token, ...options }: ParleyLinkOptions): ParleyLink {
  const socket = createLiveClient({ ...options, token: async () => (await token()) ?? '' })
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: options.url, fetch: authorizedFetch(token) }),
  )
  return { link, close: async () => socket.dispose() }
}

export { createLiveClient, type LiveClientOptions } from './resuming-client.ts'
export { keepSession, type SessionKeeper, type SessionTokens } from './kept-session.ts'
export { SessionEndedError } from '../requests/errors.ts'
