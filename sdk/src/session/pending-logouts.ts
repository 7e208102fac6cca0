import { LogoutDocument, RefreshSessionDocument } from '../generated/graphql.ts'
import { isRequestError } from '../requests/errors.ts'
import { createRequests, type Authorization } from '../requests/requests.ts'
import type { KeptSession } from './tokens.ts'

export type Ended = Pick<KeptSession, 'accessToken' | 'refreshToken'>

export interface PendingLogoutsOptions {
  url: string
  fetch?: typeof fetch
  /** Where they are kept until the server knows. */
  kept: { read(): Promise<Ended[] | null>; write(ended: Ended[] | null): Promise<void> }
  /** Runs while no other tab runs the same. */
  alone: <Result>(run: () => Promise<Result>) => Promise<Result>
}

const deadlineMs = 5_000
const [leastWaitMs, mostWaitMs] = [5_000, 300_000]
/** Of one device whose server is away for long; the oldest ones expire by themselves. */
const maxKept = 10

/** Sessions that ended here and that the server does not know of: what they were worth is not left to whoever has a copy. */
export class PendingLogouts {
  private timer: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  private hasClosed = false

  constructor(private readonly options: PendingLogoutsOptions) {}

  /** Keeps it before it is told, as the program may end meanwhile; resolves after the first attempt. */
  async add({ accessToken, refreshToken }: Ended): Promise<void> {
    const { kept, alone } = this.options
    await alone(async () => {
      const before = (await kept.read().catch(() => null)) ?? []
      await kept.write([...before, { accessToken, refreshToken }].slice(-maxKept)).catch(() => undefined)
    })
    // Also where nothing can be kept.
    if (await this.tell({ accessToken, refreshToken })) await this.drop(refreshToken)
    await this.run()
  }

  /** Tells the server, and again later what it could not be told. */
  async run(): Promise<void> {
    clearTimeout(this.timer)
    const pending = (await this.options.kept.read().catch(() => null)) ?? []
    for (const ended of pending) if (await this.tell(ended)) await this.drop(ended.refreshToken)
    const isDone = ((await this.options.kept.read().catch(() => null)) ?? []).length === 0
    if (isDone) this.failures = 0
    if (isDone || this.hasClosed) return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.run(), Math.min(mostWaitMs, leastWaitMs * 2 ** this.failures++))
  }

  close(): void {
    this.hasClosed = true
    clearTimeout(this.timer)
  }

  private drop(refreshToken: string): Promise<void> {
    const { kept, alone } = this.options
    return alone(async () => {
      const rest = ((await kept.read()) ?? []).filter((one) => one.refreshToken !== refreshToken)
      await kept.write(rest.length > 0 ? rest : null)
    }).catch(() => undefined)
  }

  /** True: the session is over on the server, by this or before. */
  private async tell({ accessToken, refreshToken }: Ended): Promise<boolean> {
    const { url, fetch } = this.options
    const nobody: Authorization = { token: async () => null, renew: async () => null }
    const authorization: Authorization = {
      token: async () => accessToken,
      // By then the access token may have expired. A pair that is refused belongs to a session that is over.
      async renew() {
        const requests = createRequests({ url, authorization: nobody, fetch })
        const variables = { input: { refreshToken } }
        const { refreshSession } = await requests.request(RefreshSessionDocument, variables, { deadlineMs })
        return 'session' in refreshSession ? refreshSession.session.accessToken : null
      },
    }
    try {
      await createRequests({ url, authorization, fetch }).request(LogoutDocument, {}, { deadlineMs })
      return true
    } catch (error) {
      return isRequestError(error) && error.code === 'UNAUTHENTICATED'
    }
  }
}
