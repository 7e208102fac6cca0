import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { limited } from '../../telemetry/facts.ts'
import { RateLimitedError } from '../errors.ts'
import { networkOf } from '../../fairness/network.ts'

/**
 * Slows down who guesses passwords or makes people by the thousand. Counted in each process for itself, an IPv6 network of 64
 * bits as one address.
 */
export interface Attempts {
  /** Throws RateLimitedError when this address registered too many people lately. */
  register(ip: string): Promise<void>
  /** Throws RateLimitedError while there were too many failed logins for this handle from this address. */
  checkLogin(ip: string, handle: string): Promise<void>
  loginFailed(ip: string, handle: string): Promise<void>
  /** Throws RateLimitedError when this person got too many tickets lately. */
  createTicket(userId: string): Promise<void>
}

const registrationsPerMinute = 300
const ticketsPerMinute = 120
const failedLogins = { points: 10, duration: 15 * 60 }

function rateLimited(retryAfterMs: number): RateLimitedError {
  if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit: 'attempts' })
  return new RateLimitedError(retryAfterMs)
}

export function createAttempts(enabled: boolean): Attempts {
  if (!enabled) {
    const allow = () => Promise.resolve()
    return { register: allow, checkLogin: allow, loginFailed: allow, createTicket: allow }
  }
  const registrations = new RateLimiterMemory({ keyPrefix: 'register', points: registrationsPerMinute, duration: 60 })
  const tickets = new RateLimiterMemory({ keyPrefix: 'ticket', points: ticketsPerMinute, duration: 60 })
  const failures = new RateLimiterMemory({ keyPrefix: 'login', ...failedLogins })
  const keyOf = (ip: string, handle: string) => `${networkOf(ip)} ${handle.toLowerCase().slice(0, 64)}`
  const consume = async (limiter: RateLimiterMemory, key: string) => {
    try {
      await limiter.consume(key)
    } catch (error) {
      throw error instanceof RateLimiterRes ? rateLimited(error.msBeforeNext) : error
    }
  }
  return {
    register: (ip) => consume(registrations, networkOf(ip)),
    createTicket: (userId) => consume(tickets, userId),
    async checkLogin(ip, handle) {
      const state = await failures.get(keyOf(ip, handle))
      if (state && state.consumedPoints >= failedLogins.points) throw rateLimited(state.msBeforeNext)
    },
    async loginFailed(ip, handle) {
      // The answer to this attempt says what was wrong with it; the limit shows at the next one.
      await failures.consume(keyOf(ip, handle)).catch(() => undefined)
    },
  }
}
