import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { HashingQueue } from './hashing-queue.ts'
import { networkOf } from '../../fairness/network.ts'

/** Hashes computed at once: one processor is left to everything else, as each takes one for tens of milliseconds. */
const defaultAtOnce = Math.max(1, availableParallelism() - 1)
const passes = 2
/** Some ten seconds' worth. */
const defaultMaxWaiting = 256

export interface PasswordsOptions {
  /** What computing a hash takes: of new ones, as each hash says for itself what it took. */
  memoryKib: number
  atOnce?: number
  /** How many wait for their turn, besides those whose turn it is. */
  maxWaiting?: number
}

/** Rejects with UnavailableError when too many wait. Addresses take turns; `ip` is that of who asks. */
export interface Passwords {
  /** argon2id, in PHC string format. */
  hash(password: string | Uint8Array, ip: string): Promise<string>
  /** `isAllowed` is called when it is the address's turn; when it rejects so does this, and nothing is computed. */
  matches(passwordHash: string, password: string, ip: string, isAllowed?: () => Promise<void>): Promise<boolean>
}

/** Hundreds who register or log in at the same moment wait for one another, and not everybody else for them. */
export function createPasswords(options: PasswordsOptions): Passwords {
  const { memoryKib, atOnce = defaultAtOnce, maxWaiting = defaultMaxWaiting } = options
  const queue = new HashingQueue({ atOnce, maxWaiting })
  return {
    hash: (password, ip) => queue.run(networkOf(ip), () => hash(password, { memoryCost: memoryKib, timeCost: passes })),
    async matches(passwordHash, password, ip, isAllowed) {
      const address = networkOf(ip)
      const matches = await queue.run(address, async () => {
        await isAllowed?.()
        return verify(passwordHash, password)
      })
      if (!matches) queue.failed(address)
      return matches
    },
  }
}
