import { SyncBlockedUsersDocument, SyncViewerDocument } from '../generated/graphql.ts'
import type { Requests } from '../requests/requests.ts'
import { applyBlocked, applyViewer } from './apply-answer.ts'
import { pageSizes } from './pages.ts'
import type { Replica } from './replica.ts'
import type { State } from './state.ts'

/** No event tells of a new role: who the viewer is, is read again with each connection, and this often. */
const viewerAgeMs = 300_000
const momentMs = 1_000

/** Reads who the viewer is, and whom they have blocked. */
export class ViewerReader {
  private timer: ReturnType<typeof setTimeout> | null = null
  private readAtMs = -Infinity

  constructor(private readonly options: { replica: Replica; requests: Requests; onError?: (error: unknown) => void }) {}

  /** Rejects with a RequestError. */
  async read(): Promise<void> {
    const { replica, requests } = this.options
    this.readAtMs = Date.now()
    const answer = await requests.request(SyncViewerDocument, { blocked: pageSizes.blocked })
    await replica.change([], (state) => applyViewer(state, answer))
  }

  /** From now on, as there is a connection: at once, unless that was a moment ago, and then from time to time. */
  start(): void {
    if (this.timer) return
    if (Math.abs(Date.now() - this.readAtMs) >= momentMs)
      this.read().catch((error: unknown) => this.options.onError?.(error))
    this.timer = setTimeout(() => {
      this.timer = null
      this.start()
    }, viewerAgeMs)
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
  }

  /** Whether there are blocks that are not here. */
  isBehind({ blocks, viewer }: State): boolean {
    return viewer !== null && blocks.after !== null
  }

  /** The next page of blocks, if there is one. Rejects with a RequestError. */
  async moreBlocked(): Promise<void> {
    const { replica, requests } = this.options
    const { after } = replica.snapshot.blocks
    if (after === null) return
    const { viewer } = await requests.request(SyncBlockedUsersDocument, { first: pageSizes.blocked, after })
    await replica.change([], (state) => applyBlocked(state, viewer.blockedUsers, after))
  }
}
