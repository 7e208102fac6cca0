import { retryAfterMs } from './retry.ts'

export interface RetryingFetchOptions {
  /** Milliseconds after which an attempt without an answer is aborted. Default: 10000. */
  attemptTimeoutMs?: number
  /** Milliseconds after which the whole request fails. Default: 60000. */
  totalTimeoutMs?: number
  fetch?: typeof fetch
}

const passes = [408, 425, 429, 502, 503, 504]
const maxWaitMs = 5_000

/** Milliseconds to wait before a retry, from the answer; null if the answer is final. */
function waitOf(response: Response, text: string): number | null {
  if (passes.includes(response.status)) return Number(response.headers.get('retry-after') ?? 0) * 1_000
  try {
    return retryAfterMs((JSON.parse(text) as { errors?: unknown }).errors)
  } catch {
    return null
  }
}

/**
 * A fetch for GraphQL clients that repeats a request whose answer was lost, or that was refused for a temporary reason. It
 * repeats the same body, and so the same key (`clientMessageId`, `opKey`): a write has one effect however often it is sent.
 * Repeating a write without a key changes nothing more; only register and leaveConversation then answer that it has been
 * done already.
 *
 * Resolves with the last answer, even if that is a refusal. Rejects when the time is over without any answer, with the last
 * failure (fetch's TypeError, or a TimeoutError), and with the caller's own reason when their signal aborts.
 */
export function retryingFetch(options: RetryingFetchOptions = {}): typeof fetch {
  const { attemptTimeoutMs = 10_000, totalTimeoutMs = 60_000 } = options
  return async (input, init) => {
    const send = options.fetch ?? fetch
    const deadlineMs = Date.now() + totalTimeoutMs
    for (let attempt = 0; ; attempt++) {
      const timeout = AbortSignal.timeout(Math.min(attemptTimeoutMs, Math.max(1, deadlineMs - Date.now())))
      const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout
      let failure: unknown
      let response: Response | null = null
      let waitMs: number | null = 0
      try {
        const answer = await send(input, { ...init, signal })
        // The connection may break within the body.
        const text = await answer.text()
        const { status, statusText, headers } = answer
        response = new Response(text, { status, statusText, headers })
        waitMs = waitOf(answer, text)
        if (waitMs === null) return response
      } catch (error) {
        if (init?.signal?.aborted) throw error
        failure = error
      }
      // Random, so that not all clients come back at once after a restart.
      waitMs = Math.max(waitMs ?? 0, Math.random() * Math.min(maxWaitMs, 200 * 2 ** attempt))
      if (Date.now() + waitMs >= deadlineMs) {
        if (response) return response
        throw failure
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}
