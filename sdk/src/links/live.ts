/** For GraphQL clients of others, so that they come back without a miss or a repeat: `@parley/client/live`. */
export { createLiveClient, resuming, type LiveClientOptions } from './resuming-client.ts'
export { retryingFetch, type RetryingFetchOptions } from './retrying-fetch.ts'
export { keepSession, type SessionKeeper, type SessionTokens } from './kept-session.ts'
export { authorizedFetch } from './authorized-fetch.ts'
export { SessionEndedError } from '../requests/errors.ts'
