import type { Authorization } from '../requests/requests.ts'
import { renewAtMsOf } from './tokens.ts'

/** Gives an access token of the embedding product; `refused` is one that the server does not take. Null: nobody is signed in. */
export type GetToken = (refused: string | null) => Promise<string | null> | string | null

/** Tokens that somebody else makes: asked for again before they expire, once for all who wait. */
export class GivenTokens implements Authorization {
  private current: string | null = null
  private renewAtMs = 0
  private asking: Promise<string | null> | null = null

  constructor(
    private readonly getToken: GetToken,
    private readonly now: () => number = Date.now,
  ) {}

  async token(): Promise<string | null> {
    if (this.current !== null && this.now() < this.renewAtMs) return this.current
    return this.ask(null)
  }

  renew(refused: string): Promise<string | null> {
    return this.ask(refused)
  }

  private ask(refused: string | null): Promise<string | null> {
    this.asking ??= Promise.resolve(this.getToken(refused))
      .then((token) => {
        this.current = token
        this.renewAtMs = token === null ? 0 : renewAtMsOf(token, this.now())
        return token
      })
      .finally(() => (this.asking = null))
    return this.asking
  }
}
