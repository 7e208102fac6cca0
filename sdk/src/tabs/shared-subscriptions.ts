import type { Subscriber, SubscriptionSink } from '../connection/subscription.ts'
import { textOf, type TypedDocument } from '../requests/document.ts'
import { ParleyError, type AnsweredError } from '../requests/errors.ts'
import type { Store } from '../stores/store.ts'

/** Subscriptions of a tab without a connection, over the tab that leads. */
export type SubscriptionMessage =
  | { kind: 'SUBSCRIBE'; id: string; tab: string; query: string; variables: object }
  | { kind: 'UNSUBSCRIBE'; id: string }
  | { kind: 'BEGUN'; id: string }
  | { kind: 'DATA'; id: string; data: unknown }
  | { kind: 'END'; id: string; errors: readonly AnsweredError[] | null }
  /** Somebody else leads now: whoever wants something says so again. */
  | { kind: 'LEADS' }

interface Wanted {
  query: string
  variables: object | (() => object)
  sink: SubscriptionSink<unknown>
  stop: () => void
}

/** Subscriptions by this tab's connection while it leads, and by the leader's while it does not. */
export class SharedSubscriptions implements Subscriber {
  private readonly wanted = new Map<string, Wanted>()
  /** Of other tabs, while this one leads. */
  private readonly served = new Map<string, { tab: string; stop: () => void }>()
  /** The tabs that are served: what ends the waiting for their end. */
  private readonly watched = new Map<string, () => void>()

  constructor(
    private readonly options: {
      connection: Subscriber
      isLeader: Store<boolean>
      post: (message: SubscriptionMessage) => void
      tab: string
      whenGone: (tab: string, gone: () => void) => () => void
    },
  ) {
    options.isLeader.subscribe(() => this.change())
  }

  subscribe<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables | (() => Variables),
    sink: SubscriptionSink<Data>,
  ): () => void {
    const id = crypto.randomUUID()
    const query = textOf(document)
    const wanted: Wanted = { query, variables, sink, stop: () => undefined }
    this.wanted.set(id, wanted)
    this.begin(id, wanted)
    return () => {
      this.wanted.delete(id)
      wanted.stop()
    }
  }

  take(message: SubscriptionMessage): void {
    if (this.options.isLeader.getSnapshot()) this.serve(message)
    else this.receive(message)
  }

  private serve(message: SubscriptionMessage): void {
    const { connection, post } = this.options
    if (message.kind === 'UNSUBSCRIBE') {
      this.served.get(message.id)?.stop()
      this.served.delete(message.id)
    } else if (message.kind === 'SUBSCRIBE' && !this.served.has(message.id)) {
      const { id, tab, query, variables } = message
      const end = (errors: readonly AnsweredError[] | null) => {
        this.served.delete(id)
        post({ kind: 'END', id, errors })
      }
      const stop = connection.subscribe(query, variables, {
        begun: () => post({ kind: 'BEGUN', id }),
        next: (data) => post({ kind: 'DATA', id, data }),
        error: ({ errors }) => end(errors),
        complete: () => end(null),
      })
      this.served.set(id, { tab, stop })
      this.watch(tab)
    }
  }

  /** A tab that is killed says nothing: its subscriptions end with it. */
  private watch(tab: string): void {
    if (this.watched.has(tab)) return
    const gone = () => {
      this.watched.delete(tab)
      for (const [id, one] of this.served) {
        if (one.tab !== tab) continue
        one.stop()
        this.served.delete(id)
      }
    }
    this.watched.set(tab, this.options.whenGone(tab, gone))
  }

  /** After this tab was put aside the leader serves it no more. */
  renew(): void {
    if (this.options.isLeader.getSnapshot()) return
    for (const [id, wanted] of this.wanted) this.begin(id, wanted)
  }

  private receive(message: SubscriptionMessage): void {
    if (message.kind === 'LEADS') for (const [id, wanted] of this.wanted) this.begin(id, wanted)
    if (!('id' in message)) return
    const wanted = this.wanted.get(message.id)
    if (!wanted) return
    if (message.kind === 'BEGUN') wanted.sink.begun?.()
    else if (message.kind === 'DATA') wanted.sink.next(message.data)
    else if (message.kind === 'END') {
      this.wanted.delete(message.id)
      if (message.errors) wanted.sink.error?.(new ParleyError(message.errors))
      else wanted.sink.complete?.()
    }
  }

  private change(): void {
    for (const { stop } of this.served.values()) stop()
    for (const end of this.watched.values()) end()
    this.served.clear()
    this.watched.clear()
    for (const [id, wanted] of this.wanted) {
      wanted.stop()
      this.begin(id, wanted)
    }
    if (this.options.isLeader.getSnapshot()) this.options.post({ kind: 'LEADS' })
  }

  private begin(id: string, wanted: Wanted): void {
    const { connection, isLeader, post, tab } = this.options
    const { query, variables, sink } = wanted
    if (isLeader.getSnapshot()) {
      wanted.stop = connection.subscribe(query, variables, sink)
      return
    }
    wanted.stop = () => post({ kind: 'UNSUBSCRIBE', id })
    const now = typeof variables === 'function' ? (variables as () => object)() : variables
    post({ kind: 'SUBSCRIBE', id, tab, query, variables: now })
  }
}
