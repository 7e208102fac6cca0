const maxTokens = 10_000
/** Ours have some 250 characters. A longer one could be valid all the same, and is verified each time. */
const maxTokenLength = 1_024

/**
 * Access tokens whose signature was found good, until they expire: verifying one takes longer than many a request. A
 * token that is not in here is not a wrong one. The one used longest ago goes first.
 */
export class VerifiedTokens {
  private readonly tokens = new Map<string, { sessionId: string; expiresAtMs: number }>()

  get size(): number {
    return this.tokens.size
  }

  get(token: string): string | undefined {
    const found = this.tokens.get(token)
    if (!found) return undefined
    this.tokens.delete(token)
    if (found.expiresAtMs <= Date.now()) return undefined
    this.tokens.set(token, found)
    return found.sessionId
  }

  set(token: string, sessionId: string, expiresAtMs: number): void {
    if (token.length > maxTokenLength) return
    this.tokens.set(token, { sessionId, expiresAtMs })
    const [oldest] = this.tokens.keys()
    if (this.tokens.size > maxTokens && oldest !== undefined) this.tokens.delete(oldest)
  }
}
