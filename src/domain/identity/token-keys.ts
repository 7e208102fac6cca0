import { createLocalJWKSet, errors as joseErrors, type CryptoKey, type JWK, type JWSHeaderParameters } from 'jose'
import { z } from 'zod'
import { startRounds } from '../../flow/rounds.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { UnavailableError } from '../errors.ts'

/** Milliseconds between two looks for keys that are gone or new, and for which one answer is waited for. */
const refreshMs = 5 * 60_000
const fetchTimeoutMs = 4_000
const maxByteSize = 262_144
const maxKeys = 100
/** Looks that tokens with unknown keys can cause at once, and milliseconds in which one more may be. */
const burst = 5
const refillMs = 5_000
/** Milliseconds after a look that failed, and for which a key that was not there is not looked for again. */
const failedMs = 1_000
const missingMs = 3_000
const maxMissing = 1_000

type Key = CryptoKey | Uint8Array

/** The public keys with which tokens of the embedding product are verified. */
export interface TokenKeys {
  /**
   * The keys that may have signed it: most often one. Rejects with a JOSEError when there is none, and with UNAVAILABLE when
   * that cannot be found out now.
   */
  of(header: JWSHeaderParameters): Promise<Key[]>
  stop(): Promise<void>
}

type LocalSet = ReturnType<typeof createLocalJWKSet>

async function keysIn(set: LocalSet, header: JWSHeaderParameters): Promise<Key[]> {
  try {
    return [await set(header)]
  } catch (error) {
    if (!(error instanceof joseErrors.JWKSMultipleMatchingKeys)) throw error
    const keys: Key[] = []
    for await (const key of error) keys.push(key)
    return keys
  }
}

/** Keys that never change while the process runs: a token need not name one. */
export function fixedKeys(keys: readonly JWK[]): TokenKeys {
  const set = createLocalJWKSet({ keys: [...keys] })
  return { of: ({ alg }) => keysIn(set, { alg }), stop: () => Promise.resolve() }
}

const keySetShape = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(maxKeys) })

/** Not as text(): that has no bound. */
async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let byteSize = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    byteSize += chunk.byteLength
    if (byteSize > maxByteSize) throw new Error(`more than ${String(maxByteSize)} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

async function fetchKeys(url: string): Promise<JWK[]> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(fetchTimeoutMs),
  })
  if (response.status !== 200) throw new Error(`answered ${String(response.status)}`)
  return keySetShape.parse(JSON.parse(await readBounded(response))).keys
}

export interface RemoteKeysOptions {
  url: string
  logger: Logger
  /** Keys are gone: what was verified with them is to be verified again. */
  onKeysGone: () => void
}

export const remoteKeys = (options: RemoteKeysOptions): TokenKeys => new RemoteKeys(options)

/**
 * The keys at an address. What was read goes on to count while the address is away. A key that is not there is looked for
 * again, so rarely that no client can make us a burden for the issuer.
 */
class RemoteKeys implements TokenKeys {
  private set: LocalSet | null = null
  private prints = new Set<string>()
  private looking: Promise<void> | null = null
  private looks = burst
  private countedAtMs = performance.now()
  private failedAtMs = -Infinity
  /** By kid, when it was found missing. */
  private readonly missing = new Map<string, number>()
  private readonly rounds

  constructor(private readonly options: RemoteKeysOptions) {
    // So that the first token need not wait.
    this.look().catch(() => undefined)
    this.rounds = startRounds(refreshMs, () => this.look().catch(() => undefined))
  }

  async of(header: JWSHeaderParameters): Promise<Key[]> {
    // The one that runs may have begun before the key was there.
    if (!this.set) await this.lookSoon()
    const known = await this.find(header)
    if (known) return known
    const kid = JSON.stringify(header.kid ?? header.alg)
    const missingAtMs = this.missing.get(kid)
    if (missingAtMs !== undefined && performance.now() - missingAtMs < missingMs)
      throw new joseErrors.JWKSNoMatchingKey()
    if (this.looking) await this.looking.catch(() => undefined)
    const soon = await this.find(header)
    if (soon) return soon
    await this.lookSoon()
    const found = await this.find(header)
    if (found) return found
    if (this.missing.size >= maxMissing) this.missing.clear()
    this.missing.set(kid, performance.now())
    throw new joseErrors.JWKSNoMatchingKey()
  }

  async stop() {
    await this.rounds.stop()
  }

  private async find(header: JWSHeaderParameters): Promise<Key[] | null> {
    if (!this.set) return null
    try {
      return await keysIn(this.set, header)
    } catch (error) {
      if (error instanceof joseErrors.JWKSNoMatchingKey) return null
      throw error
    }
  }

  private async lookSoon(): Promise<void> {
    if (this.looking) return this.looking
    const nowMs = performance.now()
    this.looks = Math.min(burst, this.looks + (nowMs - this.countedAtMs) / refillMs)
    this.countedAtMs = nowMs
    if (this.looks < 1 || nowMs - this.failedAtMs < failedMs) throw this.away()
    this.looks--
    return this.look()
  }

  private look(): Promise<void> {
    this.looking ??= this.read().finally(() => (this.looking = null))
    return this.looking
  }

  private async read(): Promise<void> {
    const { url, logger, onKeysGone } = this.options
    try {
      const keys = await fetchKeys(url)
      const prints = new Set(keys.map((key) => JSON.stringify(key)))
      const isGone = [...this.prints].some((print) => !prints.has(print))
      this.set = createLocalJWKSet({ keys })
      this.prints = prints
      if (isGone) onKeysGone()
    } catch (error) {
      this.failedAtMs = performance.now()
      logger.warn(
        { err: error, url: new URL(url).origin },
        'The keys of AUTH_JWKS_URL cannot be read; those known still count',
      )
      throw this.away()
    }
  }

  private away() {
    return new UnavailableError('The keys of the issuer of this token cannot be read at the moment.', refillMs)
  }
}
