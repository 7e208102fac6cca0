/** For graphql-sse, so that it comes back without a miss or a repeat: `@parley/client/sse`. */
export { createLiveSseClient, RefusedError } from './resuming-sse.ts'
export { keepSession, type SessionKeeper, type SessionTokens } from './kept-session.ts'
export { SessionEndedError } from '../requests/errors.ts'
