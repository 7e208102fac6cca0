import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import pLimit from 'p-limit'
import { UnavailableError } from '../errors.ts'

/** Hashes computed at once: one processor is left to everything else, as each takes one for tens of milliseconds. */
const defaultAtOnce = Math.max(1, availableParallelism() - 1)
const passes = 2
/** Some ten seconds' worth. */
const defaultMaxWaiting = 256
const retryAfterMs = 1_000

export interface PasswordsOptions {
  /** What computing a hash takes: of new ones, as each hash says for itself what it took. */
  memoryKib: number
  atOnce?: number
  /** How many wait for their turn, besides those whose turn it is. */
  maxWaiting?: number
}

/** Rejects with UnavailableError when too many wait. */
export interface Passwords {
  /** argon2id, in PHC string format. */
  hash(password: string | Uint8Array): Promise<string>
  matches(passwordHash: string, password: string): Promise<boolean>
}

/** Hundreds who register or log in at the same moment wait for one another, and not everybody else for them. */
export function createPasswords(options: PasswordsOptions): Passwords {
  const { memoryKib, atOnce = defaultAtOnce, maxWaiting = defaultMaxWaiting } = options
  const limit = pLimit(atOnce)

  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (limit.activeCount + limit.pendingCount < atOnce + maxWaiting) return limit(work)
    return Promise.reject(new UnavailableError('Too many are logging in. Try again shortly.', retryAfterMs))
  }

  return {
    hash: (password) => inTurn(() => hash(password, { memoryCost: memoryKib, timeCost: passes })),
    matches: (passwordHash, password) => inTurn(() => verify(passwordHash, password)),
  }
}
