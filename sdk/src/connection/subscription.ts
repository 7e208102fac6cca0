import type { TypedDocument } from '../requests/document.ts'
import type { ParleyError } from '../requests/errors.ts'
import type { Clock } from './clock.ts'
import type { Link } from './link.ts'

export interface SubscriptionSink<Data> {
  next(data: Data): void
  /** It begins, for the first time or again: what has no position, as typing, is to be forgotten. */
  begun?(): void
  /** Refused for good. Nothing comes after it. */
  error?(error: ParleyError): void
  /** The server ended it, as after the viewer has left. Nothing comes after it. */
  complete?(): void
}

export interface Subscriber {
  /** Until the returned function is called. Variables are asked for at each beginning. */
  subscribe<Data, Variables extends object>(
    document: TypedDocument<Data, Variables>,
    variables: Variables | (() => Variables),
    sink: SubscriptionSink<Data>,
  ): () => void
}

/** A subscription over the connections that come and go. */
export class Subscription {
  onEnd: () => void = () => undefined
  private link: Link | null = null
  private stop: () => void = () => undefined
  private hasEnded = false

  constructor(
    private readonly query: string,
    private readonly variables: object | (() => object),
    private readonly sink: SubscriptionSink<unknown>,
    private readonly clock: Clock,
  ) {}

  begin(link: Link): void {
    if (this.hasEnded || this.link === link) return
    this.stop()
    this.link = link
    const isCurrent = () => this.link === link && !this.hasEnded
    const variables = typeof this.variables === 'function' ? (this.variables as () => object)() : this.variables
    this.sink.begun?.()
    this.stop = link.subscribe(this.query, variables, {
      next: (data) => isCurrent() && this.sink.next(data),
      error: (error) => {
        if (!isCurrent()) return
        this.stop()
        if (!error.retryable) this.finish(() => this.sink.error?.(error))
        else this.again(link, error.retryAfterMs ?? 0)
      },
      complete: () => isCurrent() && this.finish(() => this.sink.complete?.()),
    })
  }

  /** The connection is gone. */
  pause(): void {
    this.stop()
    this.stop = () => undefined
    this.link = null
  }

  end(): void {
    this.finish(() => undefined)
  }

  private again(link: Link, waitMs: number): void {
    const cancel = this.clock.after(waitMs * (1 + Math.random() / 2), () => {
      this.link = null
      this.begin(link)
    })
    this.stop = cancel
  }

  private finish(tell: () => void): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.pause()
    this.onEnd()
    tell()
  }
}
