interface Failure {
  message: string
  extensions?: { code?: string; retryAfterMs?: number }
}

/** An answer, or why there is none: then it is unknown whether the request had an effect. */
export type Reply = { data: Record<string, unknown> } | { noAnswer: string; retryAfterMs: number }

/** Top-level errors that a client must expect while things fail. */
const passing = ['UNAVAILABLE', 'RATE_LIMITED']

export class UnexpectedAnswer extends Error {
  override name = 'UnexpectedAnswer'
  constructor(
    message: string,
    readonly code = '',
  ) {
    super(message)
  }
}

/** One request by HTTP. Throws only for answers that no fault explains. */
export async function call(
  url: string,
  token: string,
  query: string,
  variables: object,
  timeoutMs: number,
): Promise<Reply> {
  let text: string
  let status: number
  try {
    const response = await fetch(url, {
      method: 'POST',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        // Servers come and go on the same address: a kept connection would only make the next request fail.
        connection: 'close',
      },
      body: JSON.stringify({ query, variables }),
    })
    status = response.status
    text = await response.text()
  } catch (error) {
    return { noAnswer: String(error), retryAfterMs: 0 }
  }
  let body: { data?: Record<string, unknown> | null; errors?: Failure[] }
  try {
    body = JSON.parse(text) as typeof body
  } catch {
    throw new UnexpectedAnswer(`${status} ${text.slice(0, 200)}`)
  }
  const [failure] = body.errors ?? []
  if (!failure && body.data) return { data: body.data }
  const { code = '', retryAfterMs = 0 } = failure?.extensions ?? {}
  if (passing.includes(code)) return { noAnswer: code, retryAfterMs }
  throw new UnexpectedAnswer(`${status} ${text.slice(0, 300)}`, code)
}
