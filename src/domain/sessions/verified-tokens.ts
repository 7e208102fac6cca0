import { LRUCache } from 'lru-cache'

const maxTokens = 10_000
/** Ours have some 250 characters. A longer one could be valid all the same, and is verified each time. */
const maxTokenLength = 1_024

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
    const found = this.tokens.get(token)
    if (!found) return undefined
    // Not lru-cache's own ttl: it counts on the monotonic clock, and a token ends by the other one.
    if (found.expiresAtMs > Date.now()) return found.sessionId
    this.tokens.delete(token)
    return undefined
  }

  set(token: string, sessionId: string, expiresAtMs: number): void {
    if (token.length <= maxTokenLength) this.tokens.set(token, { sessionId, expiresAtMs })
  }
}
