import { setTimeout as sleep } from 'node:timers/promises'
import { newKey, type Person } from './person.ts'
import type { ConversationEvent } from './replica.ts'

const pauseMs = 50

/** The addresses that a client may use now: a test changes them as servers come and go. */
export type Addresses = string[]

const pick = (urls: Addresses, count: number): string => {
  const url = urls[count % urls.length]
  if (url === undefined) throw new Error('no server is left')
  return url
}

/** Writes as a good client does: a write without an answer is repeated with its key, at any server that is up. */
export class PersistentWriter {
  /** The acknowledged texts, in order. */
  readonly texts: string[] = []
  /** Attempts without an answer, or with an answer that says to try again. */
  setbackCount = 0
  private stopped = false
  private readonly done: Promise<void>

  constructor(
    readonly person: Person,
    conversationId: string,
    urls: Addresses,
    place = 0,
  ) {
    this.done = this.write(conversationId, urls, place)
    // stop() reports the error.
    this.done.catch(() => undefined)
  }

  async stop(): Promise<string[]> {
    this.stopped = true
    await this.done
    return this.texts
  }

  private async write(conversationId: string, urls: Addresses, place: number): Promise<void> {
    let attempt = place
    while (!this.stopped) {
      const [text, key] = [`${this.person.handle} ${this.texts.length + 1}`, newKey()]
      for (;;) {
        try {
          await this.person.at(pick(urls, attempt)).send(conversationId, text, key)
          break
        } catch (error) {
          // The server is gone, or cannot serve at the moment. Any other error is an answer, and a wrong one.
          const { code } = error as { code?: string }
          if (!(error instanceof TypeError || code === 'UNAVAILABLE')) throw error
          this.setbackCount++
          attempt++
          await sleep(pauseMs)
        }
      }
      this.texts.push(text)
    }
  }
}

/** Reads as a good client does: when its socket ends it continues from its cursor, at another server. */
export class PersistentReader {
  /** All events, over all its sockets. */
  readonly events: ConversationEvent[] = []
  /** The close codes of its sockets. */
  readonly closeCodes: number[] = []
  private stopped = false
  private readonly done: Promise<void>

  constructor(person: Person, conversationId: string, urls: Addresses, place = 0) {
    this.done = this.read(person, conversationId, urls, place)
    this.done.catch(() => undefined)
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.done
  }

  private async read(person: Person, conversationId: string, urls: Addresses, place: number): Promise<void> {
    for (let attempt = place; this.goesOn(); attempt++) {
      const after = this.events.at(-1)?.cursor ?? 0
      const reader = await person.at(pick(urls, attempt)).conversationEvents(conversationId, after)
      let taken = 0
      const take = () => {
        this.events.push(...reader.events.slice(taken))
        taken = reader.events.length
        return reader.ended
      }
      while (this.goesOn() && take() === null) await sleep(pauseMs / 5)
      const ended = take()
      if (ended !== null && typeof ended === 'object' && 'closeCode' in ended) this.closeCodes.push(ended.closeCode)
      else if (ended !== null && !JSON.stringify(ended).includes('"UNAVAILABLE"')) {
        throw new Error(`the subscription ended: ${JSON.stringify(ended)}`)
      }
      reader.cut()
      await sleep(pauseMs)
    }
  }

  /** A method, because other code changes it while `read` waits. */
  private goesOn(): boolean {
    return !this.stopped
  }
}
