import type { TabsPlatform } from '../../sdk/src/tabs/tabs.ts'

type Held = (lock: null) => Promise<unknown>
interface Waiting {
  grant: () => void
  abort: (error: Error) => void
}

/** Web Locks of one browser, with what the client package uses of them. Node 20 has none. */
class Locks {
  private readonly holders = new Map<string, { lose: (error: Error) => void }>()
  private readonly lines = new Map<string, Waiting[]>()

  async request(name: string, ...rest: [Held] | [LockOptions, Held]): Promise<unknown> {
    const held = rest.at(-1) as Held
    const options = (rest.length > 1 ? rest[0] : {}) as LockOptions
    if (options.steal) {
      this.holders.get(name)?.lose(new DOMException('Stolen', 'AbortError'))
      this.holders.delete(name)
    } else if (this.holders.has(name)) await this.turn(name, options.signal)
    options.signal?.throwIfAborted()
    let lose: (error: Error) => void = () => undefined
    const lost = new Promise<never>((_, reject) => (lose = reject))
    const holder = { lose }
    this.holders.set(name, holder)
    try {
      return await Promise.race([held(null), lost])
    } finally {
      if (this.holders.get(name) === holder) {
        this.holders.delete(name)
        this.lines.get(name)?.shift()?.grant()
      }
    }
  }

  /** Its holder is no more. */
  lose(name: string): void {
    this.holders.get(name)?.lose(new DOMException('Lost', 'AbortError'))
  }

  private turn(name: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const line = this.lines.get(name) ?? []
      this.lines.set(name, line)
      const waiting = { grant: resolve, abort: reject }
      line.push(waiting)
      signal?.addEventListener('abort', () => {
        line.splice(line.indexOf(waiting), 1)
        reject(new DOMException('Aborted', 'AbortError'))
      })
    })
  }
}

/**
 * What a tab has of its browser. `freeze` makes it deaf and dumb for the others, as one whose code does not run; a tab that is killed
 * loses its locks besides.
 */
export interface Tab {
  platform: TabsPlatform
  freeze(): void
  kill(): void
}

/** A browser with tabs that share locks and channels. */
export function openBrowser(): { openTab(): Tab } {
  const locks = new Locks()
  return {
    openTab() {
      let isFrozen = false
      class Channel extends BroadcastChannel {
        override postMessage(message: unknown) {
          if (!isFrozen) super.postMessage(message)
        }
        override set onmessage(listener: ((event: MessageEvent) => void) | null) {
          super.onmessage = (event) => {
            if (!isFrozen) listener?.(event)
          }
        }
      }
      const held = new Set<string>()
      const request = async (name: string, first: unknown, second?: Held) => {
        const run = second ?? (first as Held)
        const noting = (lock: null) => {
          held.add(name)
          return run(lock).finally(() => held.delete(name))
        }
        return locks.request(name, second ? (first as LockOptions) : {}, noting)
      }
      const freeze = () => (isFrozen = true)
      const kill = () => {
        freeze()
        for (const name of held) locks.lose(name)
      }
      return { platform: { locks: { request }, BroadcastChannel: Channel }, freeze, kill }
    },
  }
}
