import type { GraphQLFormattedError } from 'graphql'
import type { Client } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { textOf, type TypedDocument } from '../../sdk/src/requests/document.ts'
import type { Person } from './person.ts'
import { atEndOfEachFile } from './at-end.ts'
import { socketClient } from './socket-client.ts'

const open = new Set<Reader<unknown>>()

atEndOfEachFile(() => {
  for (const reader of open) reader.cut()
})

const waitTimeoutMs = 40_000
const probeCount = 3

/**
 * One subscription on a socket of its own. It collects the events, lets a test wait for some, and can be cut off without a
 * close, as when a phone loses its network.
 */
export class Reader<Event> {
  /** All events, in order. */
  readonly events: Event[] = []
  /** How it ended: 'completed' by the server, 'cut' by the test, a close code, or the errors of a refusal. */
  ended: 'completed' | 'cut' | { closeCode: number } | { errors: readonly GraphQLFormattedError[] } | null = null
  private readonly waiting = new Set<() => void>()
  private socket: WebSocket | null = null

  private constructor(private readonly client: Client) {}

  /**
   * Resolves once the server has very likely started the subscription, or has refused it: the server does not tell. A test
   * for which the exact moment matters must wait for an event.
   */
  static async open<Data, Variables extends object, Event>(
    person: Person,
    document: TypedDocument<Data, Variables>,
    variables: Variables,
    pick: (data: Data) => Event,
  ): Promise<Reader<Event>> {
    const client = socketClient(person)
    const reader = new Reader<Event>(client)
    open.add(reader)
    client.on('opened', (socket) => {
      reader.socket = socket as WebSocket
    })
    client.on('closed', (event) => {
      reader.end({ closeCode: (event as { code: number }).code })
    })
    client.subscribe<Data>(
      { query: textOf(document), variables: variables as Record<string, unknown> },
      {
        next: ({ data, errors }) => {
          if (errors) reader.end({ errors })
          if (data) reader.events.push(pick(data))
          reader.notify()
        },
        error: (error) => {
          if (Array.isArray(error)) reader.end({ errors: error as GraphQLFormattedError[] })
        },
        complete: () => {
          reader.end('completed')
        },
      },
    )
    // Operations of one socket start in order, but their statements use different database connections, one of which may
    // have to be opened first. After some queries one after the other, the last answer comes after that.
    for (let count = 0; count < probeCount && !reader.ended; count++) await reader.probe()
    return reader
  }

  /** Resolves with the events once there are `count` of them. */
  async waitForCount(count: number): Promise<Event[]> {
    await this.waitUntil(() => this.events.length >= count, `${String(count)} events`)
    return this.events
  }

  /** Resolves with the first event that matches. */
  async waitFor(fits: (event: Event) => boolean, what = 'an event that fits'): Promise<Event> {
    await this.waitUntil(() => this.events.some(fits), what)
    return this.events.find(fits) as Event
  }

  async waitForEnd() {
    await this.waitUntil(() => this.ended !== null, 'the end')
    return this.ended
  }

  /** Ends the connection as a lost network does: without a close frame or an unsubscribe. */
  cut(): void {
    this.end('cut')
    this.socket?.terminate()
    void this.client.dispose()
  }

  /** Stops reading from the network; the connection stays. */
  stall(): void {
    this.socket?.pause()
  }

  resume(): void {
    this.socket?.resume()
  }

  private async probe(): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        if (this.ended) done()
      }
      const done = () => {
        this.waiting.delete(wake)
        resolve()
      }
      this.waiting.add(wake)
      this.client.subscribe(
        { query: '{ viewer { cursor { eventSeq } } }' },
        { next: done, error: done, complete: done },
      )
    })
  }

  private end(how: NonNullable<typeof this.ended>): void {
    this.ended ??= how
    open.delete(this)
    this.notify()
  }

  private notify(): void {
    for (const wake of [...this.waiting]) wake()
  }

  private async waitUntil(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(check)
        const got = JSON.stringify(this.events.slice(-3))
        reject(new Error(`waited in vain for ${what}; got ${String(this.events.length)} events, the last: ${got}`))
      }, waitTimeoutMs)
      const check = () => {
        const isOver = condition()
        if (!isOver && this.ended === null) return
        this.waiting.delete(check)
        clearTimeout(timer)
        if (isOver) resolve()
        else reject(new Error(`the subscription ended (${JSON.stringify(this.ended)}) before ${what}`))
      }
      this.waiting.add(check)
      check()
    })
  }
}
