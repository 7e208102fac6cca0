import { SessionEndedError } from '../requests/errors.ts'
import { retryingFetch } from './retrying-fetch.ts'

/** The tokens in the answer to register, login and refreshSession. */
export interface SessionTokens {
  accessToken: string
  accessTokenExpiresAt: string
  refreshToken: string
}

export interface SessionKeeper {
  /**
   * A valid access token; the old one while the server cannot be reached. Rejects only with SessionEndedError, when the
   * person has to log in again.
   */
  token: () => Promise<string>
}

/** Milliseconds before its expiry at which a token is exchanged. */
const marginMs = 60_000

const refreshText = `mutation ($input: RefreshSessionInput) {
  refreshSession(input: $input) {
    ... on RefreshSessionSuccess { session { accessToken accessTokenExpiresAt refreshToken } }
    ... on Error { code reason }
  }
}`

/**
 * Keeps a session fresh. Callers who ask for a token during an exchange all get the new one. Does not throw; see `token`
 * for its rejection.
 */
export function keepSession(
  url: string,
  session: SessionTokens,
  {
    onChange,
    fetch: send = retryingFetch(),
  }: { onChange?: (session: SessionTokens) => void; fetch?: typeof fetch } = {},
): SessionKeeper {
  let current = session
  let exchange: Promise<string> | null = null
  const refresh = async (): Promise<string> => {
    const response = await send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query: refreshText, variables: { input: { refreshToken: current.refreshToken } } }),
    })
    const { data } = (await response.json()) as {
      data?: { refreshSession: { session?: SessionTokens; reason?: string } } | null
    }
    const answer = data?.refreshSession
    if (answer?.reason !== undefined) throw new SessionEndedError(answer.reason)
    if (answer?.session) {
      current = answer.session
      onChange?.(current)
    }
    return current.accessToken
  }
  return {
    async token() {
      if (Date.parse(current.accessTokenExpiresAt) - Date.now() > marginMs) return current.accessToken
      exchange ??= refresh().finally(() => (exchange = null))
      try {
        return await exchange
      } catch (error) {
        if (error instanceof SessionEndedError) throw error
        // The network is away: the old token may still be valid, and a caller who is refused asks again.
        return current.accessToken
      }
    },
  }
}
