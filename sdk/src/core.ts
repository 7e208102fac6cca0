import { Connection, type ConnectionStatus } from './connection/connection.ts'
import type { Subscriber } from './connection/subscription.ts'
import { deviceIn, type Device } from './devices/device.ts'
import type { Diagnostic } from './feed/diagnostics.ts'
import type { FeedMessage } from './feed/follower.ts'
import { RenewTokenDocument, ServerDocument, SyncViewerDocument } from './generated/graphql.ts'
import { heed } from './health/greeting.ts'
import { Problems } from './health/problems.ts'
import type { OutboxChange } from './outbox/outbox.ts'
import { Person } from './person.ts'
import { WrongServerError } from './requests/errors.ts'
import { createRequests, type Requests } from './requests/requests.ts'
import { GivenTokens, type GetToken } from './session/given-tokens.ts'
import { PendingLogouts, type Ended } from './session/pending-logouts.ts'
import { PasswordSession, type SessionState } from './session/session.ts'
import type { KeptSession } from './session/tokens.ts'
import { KeptValues } from './storage/kept-values.ts'
import { memoryStorage } from './storage/memory.ts'
import type { ParleyStorage } from './storage/storage.ts'
import type { TransmitOptions } from './outbox/transmit.ts'
import { Value, type Store } from './stores/store.ts'
import { SharedSubscriptions, type SubscriptionMessage } from './tabs/shared-subscriptions.ts'
import { Tabs, type TabsPlatform } from './tabs/tabs.ts'

export interface CoreOptions {
  /** Where GraphQL is served: http://localhost:4000/graphql */
  url: string
  /** Tokens of the embedding product. Without it people sign in by `session`. */
  getToken?: GetToken
  /** Where the copy and the unsent messages are kept. Default: in memory. */
  storage?: ParleyStorage
  /** What kind of device this is, and its id. By default found out, and kept with the storage. */
  device?: Partial<Device>
  /** The class of the `ws` package, where there is no global WebSocket (Node before 22). */
  webSocketImpl?: unknown
  fetch?: typeof fetch
  /** Sends the bytes of a file, in place of fetch, which cannot tell how far it is. */
  put?: TransmitOptions['put']
  /** Told of what must never happen. */
  onDiagnostics?: (diagnostic: Diagnostic) => void
  /** Told of what went wrong behind the scenes, and is tried again. */
  onError?: (error: unknown) => void
  tabs?: TabsPlatform
}

/** Until the stored copy is shown without knowing whether it is this person's. */
const viewerDeadlineMs = 3_000

/** Between the tabs. */
export type TabMessage =
  | FeedMessage
  | SubscriptionMessage
  | { kind: 'PROBE' }
  | { kind: 'SESSION' }
  | { kind: 'OUTBOX'; changes: readonly OutboxChange[] }

/** All that is there before anybody has signed in, and who has: the rooms below the stores put together. */
export class Core {
  readonly problems = new Problems()
  readonly requests: Requests
  readonly connection: Connection
  readonly subscriptions: Subscriber
  readonly tabs: Tabs<TabMessage>
  /** Null with tokens of the embedding product. */
  readonly session: PasswordSession | null
  readonly storage: ParleyStorage
  /** With tokens of the embedding product. */
  private readonly givenState = new Value<SessionState>({ status: 'LOADING' })
  private readonly personValue = new Value<Person | null>(null)
  private readonly shared: SharedSubscriptions
  private readonly logouts: PendingLogouts
  private readonly kept: KeptValues
  private readonly device: Promise<Device>
  private opening: Promise<void> = Promise.resolve()
  private hasClosed = false
  /** What another tab has changed in the outbox. */
  onOutbox: (changes: readonly OutboxChange[]) => void = () => undefined

  constructor(private readonly options: CoreOptions) {
    const { url, getToken, webSocketImpl, fetch } = options
    this.storage = options.storage ?? memoryStorage()
    this.kept = new KeptValues(this.storage)
    this.tabs = new Tabs({
      name: this.storage.sharedAs ?? null,
      onMessage: (message) => this.take(message),
      platform: options.tabs,
    })
    this.logouts = new PendingLogouts({
      url,
      fetch,
      kept: { read: () => this.kept.read<Ended[]>('ended'), write: (ended) => this.kept.write('ended', ended) },
      alone: (run) => this.tabs.alone('logout', run),
    })
    this.session = getToken
      ? null
      : new PasswordSession({
          url,
          fetch,
          kept: {
            read: () => this.kept.read<KeptSession>('session'),
            write: (session) => this.kept.write('session', session),
          },
          alone: (run) => this.tabs.alone('refresh', run),
          onLogout: (ended) => this.logouts.add(ended),
          onChange: () => this.tabs.post({ kind: 'SESSION' }),
        })
    const authorization = this.session ?? new GivenTokens(getToken ?? (() => null))
    this.requests = createRequests({ url, authorization, fetch })
    this.device = deviceIn(this.kept, options.device)
    this.connection = new Connection({
      url,
      authorization,
      renewal: getToken && RenewTokenDocument,
      device: () => this.device,
      webSocketImpl,
      greet: (greeting) => heed(greeting, this.problems, Date.now()),
      onPage: (isShown) => {
        if (isShown) void this.tabs.stepUp().then(() => this.shared.renew())
        else this.tabs.stepDown()
      },
    })
    this.connection.status.subscribe(() => this.onStatus(this.connection.status.getSnapshot()))
    this.shared = new SharedSubscriptions({
      connection: this.connection,
      isLeader: this.tabs.isLeader,
      post: (message) => this.tabs.post(message),
      tab: this.tabs.id,
      whenGone: (tab, gone) => this.tabs.whenGone(tab, gone),
    })
    this.subscriptions = this.shared
    if (this.session) this.session.state.subscribe(() => this.look())
    else this.look()
    if (this.session) void this.logouts.run()
  }

  get sessionState(): Store<SessionState> {
    return this.session?.state ?? this.givenState
  }

  /** Who is signed in; null while nobody is, or their copy is being read. */
  get person(): Store<Person | null> {
    return this.personValue
  }

  /** Tries to connect without waiting for its time. */
  retryNow(): void {
    if (this.personValue.getSnapshot() && this.tabs.isLeader.getSnapshot()) this.connection.start()
  }

  /** Signs out, and wipes everything that is kept here about the person. */
  async logout(): Promise<void> {
    await this.session?.logout()
    if (!this.session) this.look()
    await this.opening
    await this.storage.write([], ['meta', 'conversations', 'messages', 'outbox']).catch(this.onError)
  }

  async close(): Promise<void> {
    this.hasClosed = true
    await this.opening
    this.personValue.getSnapshot()?.close()
    this.connection.close()
    this.logouts.close()
    this.tabs.close()
    this.storage.close()
  }

  private readonly onError = (error: unknown): void => {
    if (error instanceof WrongServerError) this.problems.set('WRONG_SERVER', error.message)
    this.options.onError?.(error)
  }

  private take(message: TabMessage): void {
    switch (message.kind) {
      case 'SESSION':
        void this.session?.look()
        return
      case 'OUTBOX':
        this.onOutbox(message.changes)
        return
      case 'COMMIT':
      case 'STATUS':
      case 'PROBE':
        this.personValue.getSnapshot()?.take(message)
        return
      default:
        this.shared.take(message)
    }
  }

  /** One after the other: a person is closed before the next is opened. */
  private look(): void {
    this.opening = this.opening.then(() => this.follow()).catch(this.onError)
  }

  private async follow(): Promise<void> {
    if (this.hasClosed) return
    const state = this.session?.state.getSnapshot()
    if (state?.status === 'LOADING') return
    const person = this.personValue.getSnapshot()
    const viewerId = state && 'user' in state ? state.user.id : null
    if (state?.status === 'SIGNED_IN' && person?.replica.snapshot.viewerId === viewerId) {
      // The same person is back after their session had ended.
      if (this.tabs.isLeader.getSnapshot()) this.connection.start()
      return
    }
    if (state?.status === 'ENDED') return
    if (person) {
      person.close()
      this.connection.stop()
      this.personValue.set(null)
    }
    if (state?.status === 'SIGNED_OUT') return
    await this.open(viewerId ?? (await this.askViewerId()))
  }

  /** With tokens of the embedding product the server knows who it is; null: it cannot be asked now. */
  private async askViewerId(): Promise<string | null> {
    try {
      const { viewer } = await this.requests.request(
        SyncViewerDocument,
        { blocked: 1 },
        { deadlineMs: viewerDeadlineMs },
      )
      return viewer.user.id
    } catch (error) {
      this.onError(error)
      return null
    }
  }

  private async open(viewerId: string | null): Promise<void> {
    const { onDiagnostics } = this.options
    const person = await Person.open({
      viewerId,
      storage: this.storage,
      connection: this.connection,
      requests: this.requests,
      isLeader: this.tabs.isLeader,
      post: (message) => this.tabs.post(message),
      takeOver: () => this.tabs.takeOver(),
      onDiagnostics,
      onError: this.onError,
    })
    const { storageState } = person.replica
    const told = () => {
      const stored = storageState.getSnapshot()
      const refused = 'This browser does not let the page store anything: what is not sent is lost when it is closed'
      this.problems.set('STORAGE_REFUSED', stored === 'REFUSED' ? refused : null)
      const full = 'There is no room left on this device: what is new is not stored'
      const trimmed = 'There is little room left on this device: older messages are not stored'
      this.problems.set('STORAGE_FULL', stored === 'FULL' ? full : stored === 'TRIMMED' ? trimmed : null)
    }
    storageState.subscribe(told)
    told()
    this.personValue.set(person)
    if (!this.session) this.tellGiven(person)
  }

  /** Who it is, is known from their copy. */
  private tellGiven(person: Person): void {
    const tell = () => {
      const { viewer } = person.replica.snapshot
      if (!viewer || this.givenState.getSnapshot().status === 'SIGNED_IN') return
      const { id, handle, displayName } = viewer.user
      this.givenState.set({ status: 'SIGNED_IN', user: { id, handle, displayName } })
    }
    person.replica.state.subscribe(tell)
    tell()
  }

  private onStatus({ state, code, reason }: ConnectionStatus): void {
    if (state === 'OPEN') {
      void this.logouts.run()
      this.problems.set('WRONG_SERVER', null)
      this.problems.set('REFUSED', null)
    } else if (state === 'ENDED') {
      if (code === 4401 || code === 4403) void this.end(reason ?? 'The session has ended')
      else if (code !== null) this.problems.set('REFUSED', `The server refuses this client: ${reason ?? ''} (${code})`)
    } else if (state === 'WAITING') void this.findOut()
  }

  private async end(reason: string): Promise<void> {
    await this.session?.ended(reason)
    const given = this.givenState.getSnapshot()
    if ('user' in given) this.givenState.set({ status: 'ENDED', user: given.user, reason })
  }

  /** A socket that does not open says nothing: an answer by HTTP does. */
  private async findOut(): Promise<void> {
    try {
      const { server } = await this.requests.request(ServerDocument, {})
      this.problems.set('WRONG_SERVER', null)
      if (!heed(server, this.problems, Date.now())) this.connection.stop()
    } catch (error) {
      if (error instanceof WrongServerError) this.onError(error)
    }
  }
}
