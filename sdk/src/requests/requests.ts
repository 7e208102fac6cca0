import { textOf, type TypedDocument } from './document.ts'
import { NetworkError, ParleyError, WrongServerError, type AnsweredError } from './errors.ts'

/** Who asks. Both resolve with null where nobody is logged in, and reject with SessionEndedError when the session is over. */
export interface Authorization {
  token(): Promise<string | null>
  /** Another token than `refused`, which the server does not take. */
  renew(refused: string): Promise<string | null>
}

export interface RequestOptions {
  /** Milliseconds until there has to be an answer. Default: 20,000. */
  deadlineMs?: number
  signal?: AbortSignal
}

export interface Requests {
  /**
   * Resolves with the data; refusals in a mutation's union are data. Rejects with a RequestError, or with the reason of
   * `signal`. It is one attempt: who asks decides by `retryable` whether to ask again. Only a token that has expired is
   * replaced, and the request repeated with the new one.
   */
  request<Data, Variables>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): Promise<Data>
}

export interface RequestsOptions {
  url: string
  authorization: Authorization
  fetch?: typeof fetch
}

interface Answer {
  data?: unknown
  errors?: AnsweredError[]
}

const defaultDeadlineMs = 20_000
/** What proxies answer for a server that is away or busy. */
const temporary = [408, 425, 429, 500, 502, 503, 504]

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && ('data' in value || Array.isArray((value as Answer).errors))

function retryAfterMsOf(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? NaN)
  return Number.isFinite(seconds) ? seconds * 1_000 : null
}

function answerIn(response: Response, text: string): Answer {
  try {
    const answer: unknown = JSON.parse(text)
    if (isAnswer(answer)) return answer
  } catch {
    // No JSON: told below.
  }
  const { status } = response
  if (temporary.includes(status)) throw new NetworkError(`The server is away (${status})`, retryAfterMsOf(response))
  throw new WrongServerError(`This address is not that of a Parley server: it answered ${status}, and not by GraphQL`)
}

/** Sends operations by HTTP. */
export function createRequests({ url, authorization, fetch: send = fetch }: RequestsOptions): Requests {
  async function attempt(body: string, token: string | null, signal: AbortSignal): Promise<unknown> {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
    }
    const response = await send(url, { method: 'POST', headers, body, signal })
    const { data, errors } = answerIn(response, await response.text())
    if (errors?.length) throw new ParleyError(errors)
    return data
  }
  return {
    async request(document, variables, { deadlineMs = defaultDeadlineMs, signal } = {}) {
      const body = JSON.stringify({ query: textOf(document), variables })
      const deadline = AbortSignal.timeout(deadlineMs)
      const either = signal ? AbortSignal.any([signal, deadline]) : deadline
      try {
        const token = await authorization.token()
        try {
          return (await attempt(body, token, either)) as never
        } catch (error) {
          if (token === null || !(error instanceof ParleyError) || error.code !== 'UNAUTHENTICATED') throw error
          const renewed = await authorization.renew(token)
          if (renewed === null || renewed === token) throw error
          return (await attempt(body, renewed, either)) as never
        }
      } catch (error) {
        if (signal?.aborted) throw signal.reason
        if (deadline.aborted) throw new NetworkError('No answer in time', null, { cause: error })
        // fetch says nothing but "failed": no route, no name, refused, or not allowed by the server's CORS_ORIGINS.
        if (error instanceof TypeError) throw new NetworkError('The server cannot be reached', null, { cause: error })
        throw error
      }
    },
  }
}
