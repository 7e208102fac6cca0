import { retryingFetch, type RetryingFetchOptions } from './retrying-fetch.ts'

/** A fetch that repeats what may be repeated, with the token of the moment. Null: nobody is signed in yet. */
export function authorizedFetch(
  token: () => string | null | Promise<string | null>,
  options: RetryingFetchOptions = {},
): typeof fetch {
  const send = retryingFetch(options)
  return async (input, init) => {
    const found = await token()
    const headers = new Headers(init?.headers)
    if (found !== null) headers.set('authorization', `Bearer ${found}`)
    return send(input, { ...init, headers })
  }
}
