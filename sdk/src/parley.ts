import type { ConnectionStatus } from './connection/connection.ts'
import { Core, type CoreOptions } from './core.ts'
import type { DiagnosticCounts } from './feed/diagnostics.ts'
import type { SyncState } from './feed/feed.ts'
import type { AcceptInvitationInput, LoginInput, RegisterInput } from './generated/graphql.ts'
import type { Problem } from './health/problems.ts'
import type { Person } from './person.ts'
import { Replica } from './replica/replica.ts'
import type { ViewerState } from './replica/state.ts'
import { Sync } from './replica/sync.ts'
import type { TypedDocument } from './requests/document.ts'
import { SessionEndedError } from './requests/errors.ts'
import type { RequestOptions, Requests } from './requests/requests.ts'
import type { SubscriptionSink } from './connection/subscription.ts'
import type { Refusal } from './requests/refusal.ts'
import type { SessionState } from './session/session.ts'
import { memoryStorage } from './storage/memory.ts'
import { Chat } from './stores/chat.ts'
import type { Store } from './stores/store.ts'
import { Value } from './stores/store.ts'
import { following, switched } from './stores/switched.ts'

export type ParleyOptions = CoreOptions

/** A chat client: stores that are always as the server has it, and what a person does, shown at once and sent when it can be. */
export interface Parley extends Pick<
  Chat,
  | 'inbox'
  | 'timeline'
  | 'members'
  | 'receipts'
  | 'typing'
  | 'presence'
  | 'supportQueue'
  | 'send'
  | 'edit'
  | 'delete'
  | 'react'
  | 'markRead'
  | 'setTyping'
  | 'retry'
  | 'drop'
  | 'block'
  | 'unblock'
> {
  readonly session: {
    readonly state: Store<SessionState>
    /** Null: signed in. Rejects with a RequestError when the server cannot be asked. */
    login(input: LoginInput): Promise<Refusal | null>
    register(input: RegisterInput): Promise<Refusal | null>
    acceptInvitation(input: AcceptInvitationInput): Promise<Refusal | null>
    /** Wipes what is kept here about the person, also their unsent messages. */
    logout(): Promise<void>
  }
  readonly syncState: Store<SyncState>
  /** Why there is no connection, and when the next attempt is due. Of the tab that leads; the others have none. */
  readonly connection: Store<ConnectionStatus>
  /** Tries to connect now. */
  retryNow(): void
  readonly problems: Store<readonly Problem[]>
  readonly viewer: Store<ViewerState | null>
  readonly unread: Chat['unread']
  readonly blocked: Chat['blocked']
  readonly sessions: Chat['sessions']
  readonly outbox: { readonly operations: Chat['outbox']['operations']; readonly refused: Chat['outbox']['refused'] }
  readonly diagnostics: DiagnosticCounts
  /** One request: see RequestError. Writes that have to arrive go through `send` and the like. */
  request<Data, Variables>(
    document: TypedDocument<Data, Variables>,
    variables: Variables,
    options?: RequestOptions,
  ): Promise<Data>
  /** A subscription that begins anew with each connection. `variables` may be a function: it is asked each time. */
  subscribe<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables | (() => Variables),
    sink: SubscriptionSink<Data>,
  ): () => void
  close(): Promise<void>
}

const refusing: Requests = { request: () => Promise.reject(new SessionEndedError('Nobody is signed in')) }
const none: DiagnosticCounts = { ACK_WITHOUT_EVENT: 0, DUPLICATE_EVENT: 0, DUPLICATE_MESSAGE: 0, READ_WENT_BACK: 0 }
const offline = new Value<SyncState>('OFFLINE')

/** The stores of nobody: empty, and what is done is refused. */
function chatOfNobody(): Chat {
  const storage = memoryStorage()
  const replica = Replica.empty(storage)
  const connection = { subscribe: () => () => undefined }
  return new Chat({ requests: refusing, storage, connection, replica, sync: new Sync({ replica, requests: refusing }) })
}

/** Starts a client. It connects as soon as somebody is signed in. */
export function createParley(options: ParleyOptions): Parley {
  const core = new Core(options)
  const nobody = chatOfNobody()
  const chats = new Value<Chat>(nobody)
  let stopPerson: () => void = () => undefined

  function begin(person: Person): void {
    const chat = new Chat({
      requests: core.requests,
      storage: core.storage,
      connection: core.subscriptions,
      replica: person.replica,
      sync: person.sync,
      ...(options.put && { put: options.put }),
      onOutboxChange: (changes) => core.tabs.post({ kind: 'OUTBOX', changes }),
      onDiagnostics(what, detail) {
        if (what === 'ACK_WITHOUT_EVENT') person.diagnostics.missed(JSON.stringify(detail))
        else options.onError?.((detail as { error?: unknown }).error ?? new Error(what))
      },
    })
    const { outbox } = chat
    core.onOutbox = (changes) => outbox.receive(changes)
    const { isLeader } = core.tabs
    const { status } = core.connection
    const look = () => {
      const { state } = status.getSnapshot()
      outbox.setSender(isLeader.getSnapshot())
      const isOnline = state === 'OPEN' || state === 'PROBING'
      if (isOnline !== wasOnline) outbox.setOnline(isOnline)
      wasOnline = isOnline
    }
    let wasOnline = false
    const stops = [isLeader.subscribe(look), status.subscribe(look)]
    stopPerson = () => {
      for (const stop of stops) stop()
      core.onOutbox = () => undefined
      outbox.close()
    }
    void outbox.open(person.replica.snapshot.viewerId).catch((error: unknown) => options.onError?.(error))
    look()
    chats.set(chat)
  }
  core.person.subscribe(() => {
    stopPerson()
    stopPerson = () => undefined
    const person = core.person.getSnapshot()
    if (person) begin(person)
    else chats.set(nobody)
  })
  const person = core.person.getSnapshot()
  if (person) begin(person)

  const stores = new Map<string, unknown>()
  /** The store of whoever is signed in, the same object for the same question. */
  const store = <T extends Store<unknown>>(key: string, pick: (chat: Chat) => T): T => {
    const known = stores.get(key) as T | undefined
    if (known) return known
    const made = following(chats, pick)
    stores.set(key, made)
    return made
  }
  const chat = () => chats.getSnapshot()
  const signedIn = () => {
    if (chat() === nobody) throw new SessionEndedError('Nobody is signed in')
    return chat()
  }
  const { session } = core
  const byProduct = () => Promise.reject(new Error('This client gets its tokens by getToken'))

  return {
    session: {
      state: core.sessionState,
      login: (input) => session?.login(input) ?? byProduct(),
      register: (input) => session?.register(input) ?? byProduct(),
      acceptInvitation: (input) => session?.acceptInvitation(input) ?? byProduct(),
      logout: () => core.logout(),
    },
    syncState: switched(core.person, (found) => found?.syncState ?? offline),
    connection: core.connection.status,
    retryNow: () => core.retryNow(),
    problems: core.problems.store,
    viewer: store('viewer', (one) => one.viewer),
    unread: store('unread', (one) => one.unread),
    blocked: store('blocked', (one) => one.blocked),
    sessions: store('sessions', (one) => one.sessions),
    outbox: {
      operations: store('operations', (one) => one.outbox.operations),
      refused: store('refused', (one) => one.outbox.refused),
    },
    get diagnostics() {
      return core.person.getSnapshot()?.diagnostics.counts ?? none
    },
    inbox: (options) => store(`inbox ${options?.filter ?? ''}`, (one) => one.inbox(options)),
    timeline: (id) => store(`timeline ${id}`, (one) => one.timeline(id)),
    members: (id) => store(`members ${id}`, (one) => one.members(id)),
    receipts: (id) => store(`receipts ${id}`, (one) => one.receipts(id)),
    typing: (id) => store(`typing ${id}`, (one) => one.typing(id)),
    presence: (userIds) => store(`presence ${[...userIds].sort().join(' ')}`, (one) => one.presence(userIds)),
    supportQueue: (options) => store(`support ${options?.status ?? ''}`, (one) => one.supportQueue(options)),
    send: async (message) => signedIn().send(message),
    edit: async (change) => signedIn().edit(change),
    delete: async (target) => signedIn().delete(target),
    react: async (reaction) => signedIn().react(reaction),
    markRead: async (id, seq) => signedIn().markRead(id, seq),
    setTyping: async (id, typing) => signedIn().setTyping(id, typing),
    retry: async (key, changes) => signedIn().retry(key, changes),
    drop: async (key) => signedIn().drop(key),
    block: async (userId) => signedIn().block(userId),
    unblock: async (userId) => signedIn().unblock(userId),
    request: (document, variables, more) => core.requests.request(document, variables, more),
    subscribe: (document, variables, sink) => core.subscriptions.subscribe(document, variables, sink),
    async close() {
      stopPerson()
      await core.close()
    },
  }
}
