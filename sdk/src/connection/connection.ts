import { SessionEndedError } from '../requests/errors.ts'
import type { Authorization } from '../requests/requests.ts'
import { textOf, type TypedDocument } from '../requests/document.ts'
import { Value, type Store } from '../stores/store.ts'
import { askOn } from './ask.ts'
import { Backoff } from './backoff.ts'
import { systemClock, watchClock, type Clock } from './clock.ts'
import { closingOf } from './close-codes.ts'
import { openLink as openSocket, type Link, type LinkListener, type OpenLink } from './link.ts'
import { watchPage, type Page, type PageEvent } from './page.ts'
import { Subscription, type Subscriber, type SubscriptionSink } from './subscription.ts'
import { transition, type ConnectionEffect, type ConnectionEvent, type ConnectionState } from './table.ts'

export interface ConnectionOptions {
  /** Where GraphQL is served: http://localhost:4000/graphql */
  url: string
  authorization: Authorization
  /** Tells the server of a newer token on the open socket, which ends with its token otherwise. Without it sockets outlive theirs. */
  renewal?: TypedDocument<{ renewToken: { __typename?: string } }, { input: { token: string } }>
  /** The person's device: while the socket is open the person counts as online. */
  device?: () => Promise<{ id: string; kind: string }>
  /** The class of the `ws` package, where there is no global WebSocket (Node before 22). */
  webSocketImpl?: unknown
  /** What the server says about itself when it acknowledges. False: this is no server to talk to. */
  greet?: (payload: unknown) => boolean
  /** The page is about to be kept without running, or is back. */
  onPage?: (isShown: boolean) => void
  clock?: Clock
  random?: () => number
  openLink?: OpenLink
  page?: Page
}

export interface ConnectionStatus {
  state: ConnectionState
  /** Why there is no connection: the close code and its reason, where the server gave one. */
  code: number | null
  reason: string | null
  /** When the next attempt is due; null when none is. */
  retryAtMs: number | null
}

/** Milliseconds from an answer to the next ping, and until its answer has to come. */
const pingIntervalMs = 10_000
const answerDeadlineMs = 5_000
const connectDeadlineMs = 15_000
/** A connection counts as alive for this long after the server has last answered. */
const proofAgeMs = 20_000

/** One socket that comes back: the table says what to do, and this does it. */
export class Connection implements Subscriber {
  private readonly value = new Value<ConnectionStatus>({ state: 'IDLE', code: null, reason: null, retryAtMs: null })
  private readonly backoff: Backoff
  private readonly clock: Clock
  private readonly subscriptions = new Set<Subscription>()
  private readonly stopWatching: (() => void)[]
  private link: Link | null = null
  private token: string | null = null
  private cancelTimer: () => void = () => undefined
  /** Counts attempts, so that what an older one still says is not taken for the present one's. */
  private attempt = 0
  private pingCount = 0
  private isRenewing = false
  private provenAtMs = -Infinity
  private closing: { code: number | null; reason: string | null } = { code: null, reason: null }

  constructor(private readonly options: ConnectionOptions) {
    this.clock = options.clock ?? systemClock
    this.backoff = new Backoff(options.random)
    this.stopWatching = [
      watchClock(this.clock, () => this.take('DOUBT')),
      watchPage((event) => this.onPage(event), options.page),
    ]
  }

  get status(): Store<ConnectionStatus> {
    return this.value
  }

  /** Open, and the server has answered a moment ago: not what the browser says about the network. */
  get isAlive(): boolean {
    const ageMs = this.clock.now() - this.provenAtMs
    return this.value.getSnapshot().state === 'OPEN' && ageMs >= 0 && ageMs < proofAgeMs
  }

  start(): void {
    this.take('START')
  }

  stop(): void {
    this.take('STOP')
  }

  /** Asks the server for an answer now, if none is under way. */
  ping(): void {
    this.take('PING_DUE')
  }

  /** As ping, and until it has come the connection does not count as alive. */
  probe(): void {
    this.take('DOUBT')
  }

  /** Ends everything. */
  close(): void {
    this.take('STOP')
    for (const stop of this.stopWatching) stop()
    for (const subscription of this.subscriptions) subscription.end()
    this.subscriptions.clear()
  }

  /**
   * A subscription that is there whenever there is a connection: it begins anew with each, with the variables of that
   * moment. `error` gets the ParleyError that it was refused with for good; what is temporary is tried again.
   */
  subscribe<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables | (() => Variables),
    sink: SubscriptionSink<Data>,
  ): () => void {
    const subscription = new Subscription(textOf(document), variables, sink, this.clock)
    this.subscriptions.add(subscription)
    subscription.onEnd = () => this.subscriptions.delete(subscription)
    if (this.link && this.isOpen()) subscription.begin(this.link)
    return () => subscription.end()
  }

  private isOpen(): boolean {
    const { state } = this.value.getSnapshot()
    return state === 'OPEN' || state === 'PROBING'
  }

  private onPage(event: PageEvent): void {
    if (event === 'PAUSE' || event === 'RESUME') this.options.onPage?.(event === 'RESUME')
    if (event !== 'SHOWN') this.take(event)
    // Who goes to and fro between tabs need not ask each time.
    else if (this.clock.now() - this.provenAtMs > pingIntervalMs + answerDeadlineMs || !this.isOpen())
      this.take('DOUBT')
  }

  private take(event: ConnectionEvent): void {
    const before = this.value.getSnapshot()
    const cell = transition(before.state, event)
    if (!cell) return
    this.cancelTimer()
    this.cancelTimer = () => undefined
    const wasOpen = this.isOpen()
    let retryAtMs: number | null = null
    for (const effect of cell.effects) retryAtMs = this.perform(effect) ?? retryAtMs
    const isKept = cell.next === 'CONNECTING' || cell.next === 'OPEN' || cell.next === 'PROBING'
    if (!isKept) this.link = null
    const { code, reason } = this.closing
    const told = cell.next === 'OPEN' || cell.next === 'PROBING' ? { code: null, reason: null } : { code, reason }
    const { state } = before
    if (state !== cell.next || retryAtMs !== null) this.value.set({ state: cell.next, ...told, retryAtMs })
    if (wasOpen && !this.isOpen()) for (const subscription of this.subscriptions) subscription.pause()
    // A listener of the store may have gone on meanwhile.
    if (!wasOpen && this.isOpen() && this.link) for (const each of [...this.subscriptions]) each.begin(this.link)
  }

  /** Milliseconds of the clock at which the next attempt is due, if that was planned. */
  private perform(effect: ConnectionEffect): number | null {
    switch (effect) {
      case 'CONNECT':
        void this.connect()
        return null
      case 'CLOSE':
        this.attempt++
        this.closing = { code: null, reason: null }
        this.link?.close()
        return null
      case 'TERMINATE':
        this.attempt++
        this.closing = { code: null, reason: 'The server does not answer' }
        this.link?.terminate()
        return null
      case 'PING':
        this.link?.ping({ ping: ++this.pingCount })
        this.later(answerDeadlineMs, 'OVERDUE')
        return null
      case 'PING_LATER':
        this.later(pingIntervalMs, 'PING_DUE')
        return null
      case 'RETRY':
        return this.retry(this.backoff.next())
      case 'RETRY_SOON':
        return this.retry(this.backoff.soon())
      case 'RETRY_LATER':
        return this.retry(this.backoff.later())
      case 'RESET_BACKOFF':
        this.backoff.reset()
        return null
      case 'RENEW_TOKEN':
        void this.renew()
        return null
    }
  }

  private later(ms: number, event: ConnectionEvent): void {
    this.cancelTimer = this.clock.after(ms, () => this.take(event))
  }

  private retry(ms: number): number {
    this.later(ms, 'RETRY_DUE')
    return this.clock.now() + ms
  }

  private async connect(): Promise<void> {
    const attempt = ++this.attempt
    const isCurrent = () => attempt === this.attempt
    this.later(connectDeadlineMs, 'OVERDUE')
    const { url, authorization, device, webSocketImpl, openLink = openSocket } = this.options
    try {
      const [token, named] = await Promise.all([authorization.token(), device?.()])
      if (!isCurrent()) return
      this.token = token
      const connectionParams = {
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(named && { deviceId: named.id, deviceKind: named.kind }),
      }
      const listener = this.listener(isCurrent)
      this.link = openLink({ url: url.replace(/^http/, 'ws'), connectionParams, webSocketImpl }, listener)
    } catch (error) {
      if (isCurrent()) this.fail(error)
    }
  }

  private listener(isCurrent: () => boolean): LinkListener {
    return {
      acknowledged: (payload) => {
        if (!isCurrent()) return
        this.provenAtMs = this.clock.now()
        if (this.options.greet?.(payload) ?? true) {
          this.take('ACKNOWLEDGED')
          return
        }
        this.link?.close()
        this.end('REFUSED', null, 'This server is of another version')
      },
      pong: (payload) => {
        // An answer that lay in the network while the device slept proves nothing.
        const answered = (payload as { ping?: unknown } | null | undefined)?.ping ?? this.pingCount
        if (!isCurrent() || answered !== this.pingCount) return
        this.provenAtMs = this.clock.now()
        this.take('PONG')
        void this.goOnWithNewToken(isCurrent)
      },
      tokenExpired: () => void this.goOnWithNewToken(isCurrent, true),
      closed: (code, reason) => {
        if (isCurrent()) this.end(closingOf(code), code, reason)
      },
    }
  }

  private end(event: ConnectionEvent, code: number | null, reason: string | null): void {
    this.attempt++
    this.closing = { code, reason }
    this.take(event)
  }

  private async renew(): Promise<void> {
    const attempt = ++this.attempt
    const refused = this.token
    try {
      const token = refused === null ? null : await this.options.authorization.renew(refused)
      if (attempt !== this.attempt) return
      if (token === null || token === refused) this.end('SESSION_ENDED', 4403, 'The access token is not valid')
      else this.take('TOKEN_RENEWED')
    } catch (error) {
      if (attempt === this.attempt) this.fail(error)
    }
  }

  /** Where that fails the server closes the socket, and it comes back with a new token. */
  private async goOnWithNewToken(isCurrent: () => boolean, isExpired = false): Promise<void> {
    const { renewal, authorization } = this.options
    if (!renewal || this.isRenewing) return
    this.isRenewing = true
    try {
      // The server's clock counts, also where the token seems to be good here.
      const token = await (isExpired && this.token !== null ? authorization.renew(this.token) : authorization.token())
      if (token === null || token === this.token || !isCurrent() || !this.isOpen() || !this.link) return
      const asking = { clock: this.clock, deadlineMs: answerDeadlineMs }
      const taken = await askOn(this.link, renewal, { input: { token } }, asking)
      if (taken?.renewToken.__typename === 'RenewTokenSuccess' && isCurrent()) this.token = token
    } catch {
      // The product gives none now: the next answer to a ping asks again.
    } finally {
      this.isRenewing = false
    }
  }

  private fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.end(error instanceof SessionEndedError ? 'SESSION_ENDED' : 'LOST', null, reason)
  }
}
