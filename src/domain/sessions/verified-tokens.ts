import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { timeMs } from '../../clock.ts'

const maxTokens = 10_000
/** Ours have some 250 characters, those of others up to some thousands. Of a longer one its hash is kept, which is shorter. */
const maxKeptLength = 512
const keyOf = (token: string) =>
  token.length <= maxKeptLength ? token : createHash('sha256').update(token).digest('base64')

/**
 * Access tokens whose signature was found good, until they expire: verifying one takes longer than many a request. A
 * token that is not in here is not a wrong one. The one used longest ago goes first.
 */
export class VerifiedTokens {
  private readonly tokens = new LRUCache<string, { sessionId: string; expiresAtMs: number }>({ max: maxTokens })

  get size(): number {
    return this.tokens.size
  }

  get(token: string): string | undefined {
    const key = keyOf(token)
    const found = this.tokens.get(key)
    if (!found) return undefined
    // Not lru-cache's own ttl: it counts on the monotonic clock, and a token ends by the other one.
    if (found.expiresAtMs > timeMs()) return found.sessionId
    this.tokens.delete(key)
    return undefined
  }

  set(token: string, sessionId: string, expiresAtMs: number): void {
    this.tokens.set(keyOf(token), { sessionId, expiresAtMs })
  }

  clear(): void {
    this.tokens.clear()
  }
}
