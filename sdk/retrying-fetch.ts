import { retryAfterMs } from './retry.ts'

export interface RetryingFetchOptions {
  /** Milliseconds after which an attempt without an answer is given up. Default: 10000. */
  attemptTimeoutMs?: number
  /** Milliseconds after which it gives up altogether. Default: 60000. */
  totalTimeoutMs?: number
  fetch?: typeof fetch
}

const passes = [408, 425, 429, 502, 503, 504]
const maxWaitMs = 5_000

/** When to try again, by the answer; null when it is one to keep. */
function waitOf(response: Response, text: string): number | null {
  if (passes.includes(response.status)) return Number(response.headers.get('retry-after') ?? 0) * 1_000
  try {
    return retryAfterMs((JSON.parse(text) as { errors?: unknown }).errors)
  } catch {
    return null
  }
}

/**
 * A fetch for GraphQL clients that repeats a request whose answer was lost, or that was refused for a reason that passes.
 * What is repeated is the same body, thus with the same key (`clientMessageId`, `opKey`), so a write has one effect
 * however often it is sent. Of writes without a key a repetition leaves things as they are, but for register and
 * leaveConversation, which then say that it has been done.
 *
 * Resolves with the last answer, be it a refusal. Rejects when the time is over without any answer, with the last failure
 * (fetch's TypeError, or a TimeoutError), and with the caller's own reason when their signal aborts.
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
        // The body may be what is lost.
        const text = await answer.text()
        const { status, statusText, headers } = answer
        response = new Response(text, { status, statusText, headers })
        waitMs = waitOf(answer, text)
        if (waitMs === null) return response
      } catch (error) {
        if (init?.signal?.aborted) throw error
        failure = error
      }
      // Some chance in it, so that not all come back at once after a restart.
      waitMs = Math.max(waitMs ?? 0, Math.random() * Math.min(maxWaitMs, 200 * 2 ** attempt))
      if (Date.now() + waitMs >= deadlineMs) {
        if (response) return response
        throw failure
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}
