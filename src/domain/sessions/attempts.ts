import type { Counter, Counters } from '../../ephemeral/counters.ts'
import { limited } from '../../telemetry/facts.ts'
import { RateLimitedError } from '../errors.ts'
import type { Rates } from '../limits/rates.ts'
import { addressPayer, networkOf, networkPayer } from '../../fairness/network.ts'

/**
 * Slows down who guesses passwords or makes people by the thousand. Counted over all processes, an IPv6 network of 64 bits as
 * one address. Everything throws RateLimitedError at its limit.
 */
export interface Attempts {
  register(ip: string): Promise<void>
  /** Before anything of a login is looked at, whether it will succeed or not. */
  login(ip: string): Promise<void>
  /**
   * While too many logins failed: with this handle from this address, with any handle from this address, or with this handle
   * from anywhere. The last two are no reason for who logged in with this handle from this address before: neither a
   * neighbour behind the same address nor somebody elsewhere locks them out.
   */
  checkLogin(ip: string, handle: string): Promise<void>
  loginFailed(ip: string, handle: string): Promise<void>
  loginSucceeded(ip: string, handle: string): Promise<void>
  /** Before a refresh token is looked up. */
  refresh(ip: string): Promise<void>
  refreshFailed(ip: string): Promise<void>
  createTicket(userId: string): Promise<void>
  /** Before a report is looked at. */
  report(userId: string): Promise<void>
}

export interface AttemptsOptions {
  counters: Counters
  /** In a quarter of an hour, over all handles. */
  loginFailuresPerAddress: number
  /** In a quarter of an hour, over all addresses. */
  loginFailuresPerAccount: number
  registrationsPerHour: number
  /** From one address, successful ones included; 0: no bound. */
  loginsPerMinute: number
  loginsPerQuarterHour: number
  rates: Rates
}

const quarterMs = 15 * 60_000
const minuteMs = 60_000
const failuresPerPair = 10
/** A refresh is one statement. Behind a proxy that TRUST_PROXY does not name, 90,000 people who refresh each quarter of an hour are one address. */
const refreshesPerMinute = 6_000
const failedRefreshesPerMinute = 120
const ticketsPerMinute = 120
const reportsPerHour = 60
/** For how long an address is known as one where somebody logs in. Less than 24.8 days, the longest timer there is. */
const knownMs = 14 * 24 * 60 * minuteMs

const allow = () => Promise.resolve()

/** With RATE_LIMITS=off. */
export const noAttemptsCounted: Attempts = {
  register: allow,
  login: allow,
  checkLogin: allow,
  loginFailed: allow,
  loginSucceeded: allow,
  refresh: allow,
  refreshFailed: allow,
  createTicket: allow,
  report: allow,
}

const pairOf = (ip: string, handle: string) => `${networkOf(ip)} ${handle.toLowerCase().slice(0, 64)}`

function refuse(limit: string, payer: string, retryAfterMs: number): never {
  if (limited.hasSubscribers) limited.publish({ code: 'RATE_LIMITED', limit, payer })
  throw new RateLimitedError(retryAfterMs)
}

export class CountedAttempts implements Attempts {
  private readonly registrations: Counter
  private readonly logins: Counter | null
  private readonly loginsOfQuarter: Counter | null
  private readonly rates: Rates
  private readonly failuresOfPair: Counter
  private readonly failuresOfAddress: Counter
  private readonly failuresOfAccount: Counter
  /** Where somebody logged in with a handle. */
  private readonly known: Counter
  private readonly refreshes: Counter
  private readonly failedRefreshes: Counter
  private readonly tickets: Counter
  private readonly reports: Counter

  constructor({ counters, ...limits }: AttemptsOptions) {
    const of = (name: string, points: number, durationMs: number) => counters.counter({ name, points, durationMs })
    this.registrations = of('register', limits.registrationsPerHour, 60 * minuteMs)
    this.logins = limits.loginsPerMinute > 0 ? of('logins', limits.loginsPerMinute, minuteMs) : null
    this.loginsOfQuarter =
      limits.loginsPerQuarterHour > 0 ? of('logins-quarter', limits.loginsPerQuarterHour, quarterMs) : null
    this.rates = limits.rates
    this.failuresOfPair = of('login', failuresPerPair, quarterMs)
    this.failuresOfAddress = of('login-address', limits.loginFailuresPerAddress, quarterMs)
    this.failuresOfAccount = of('login-account', limits.loginFailuresPerAccount, quarterMs)
    this.known = of('login-known', 1, knownMs)
    this.refreshes = of('refresh', refreshesPerMinute, minuteMs)
    this.failedRefreshes = of('refresh-failed', failedRefreshesPerMinute, minuteMs)
    this.tickets = of('ticket', ticketsPerMinute, minuteMs)
    this.reports = of('report', reportsPerHour, 60 * minuteMs)
  }

  register(ip: string): Promise<void> {
    return this.count(this.registrations, 'registrations', networkOf(ip), addressPayer(ip))
  }

  async login(ip: string): Promise<void> {
    const [network, payer] = [networkOf(ip), addressPayer(ip)]
    if (this.logins) await this.count(this.logins, 'logins', network, payer)
    if (this.loginsOfQuarter) await this.count(this.loginsOfQuarter, 'logins-per-quarter-hour', network, payer)
  }

  async checkLogin(ip: string, handle: string): Promise<void> {
    const [address, pair] = [networkOf(ip), pairOf(ip, handle)]
    const payer = networkPayer(address)
    const [pairMs, addressMs, accountMs, knownForMs] = await Promise.all([
      this.failuresOfPair.fullForMs(pair),
      this.failuresOfAddress.fullForMs(address),
      this.failuresOfAccount.fullForMs(handle),
      this.known.fullForMs(pair),
    ])
    if (pairMs > 0) refuse('login-failures', payer, pairMs)
    if (knownForMs > 0) return
    if (addressMs > 0) refuse('login-failures-per-address', payer, addressMs)
    if (accountMs > 0) refuse('login-failures-per-account', payer, accountMs)
  }

  async loginFailed(ip: string, handle: string): Promise<void> {
    // The answer to this attempt says what was wrong with it; the limit shows at the next one.
    await Promise.all([
      this.failuresOfPair.add(pairOf(ip, handle)),
      this.failuresOfAddress.add(networkOf(ip)),
      this.failuresOfAccount.add(handle),
    ])
  }

  async loginSucceeded(ip: string, handle: string): Promise<void> {
    await this.known.add(pairOf(ip, handle))
  }

  async refresh(ip: string): Promise<void> {
    const address = networkOf(ip)
    const failedMs = await this.failedRefreshes.fullForMs(address)
    if (failedMs > 0) refuse('refresh-failures', networkPayer(address), failedMs)
    await this.count(this.refreshes, 'refreshes', address, networkPayer(address))
  }

  async refreshFailed(ip: string): Promise<void> {
    await this.failedRefreshes.add(networkOf(ip))
  }

  createTicket(userId: string): Promise<void> {
    return this.count(this.tickets, 'stream-tickets', userId, userId)
  }

  report(userId: string): Promise<void> {
    return this.count(this.reports, 'reports', userId, userId)
  }

  private async count(counter: Counter, limit: string, key: string, payer: string): Promise<void> {
    const counted = await counter.take(key)
    this.rates.note(payer, limit, counted)
    if (counted.overForMs > 0) refuse(limit, payer, counted.overForMs)
  }
}
