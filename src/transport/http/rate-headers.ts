import type { ServerResponse } from 'node:http'
import type { OperationsOptions } from '../../execution/operations.ts'
import { addressPayer } from '../../fairness/network.ts'
import type { ContextInit } from '../context.ts'

/** How a payer stands at the limit that is nearest to them; null where nothing of them was counted. */
export type RateOf = (payer: string) => { limit: number; remaining: number; resetMs: number } | null

/** Of what clients do over time; null where it is not counted. */
export interface Counting {
  /** Before a query, or a mutation that answers pages: throws RateLimitedError. */
  countReads?: OperationsOptions['countReads']
  /** Before a WebSocket of an address opens: the same. */
  countConnects?: ((payer: string) => Promise<void>) | null
  rateOf?: RateOf | null
}

/** Has an answer say how its payer stands: when its head is written, as what it asked for is counted by then. */
export function tellRate(response: ServerResponse, init: ContextInit, rateOf: RateOf): void {
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse
  response.writeHead = (...args: unknown[]) => {
    const rate = rateOf(init.payer ?? addressPayer(init.clientIp))
    if (rate && !response.headersSent) {
      response.setHeader('x-ratelimit-limit', rate.limit)
      response.setHeader('x-ratelimit-remaining', rate.remaining)
      response.setHeader('x-ratelimit-reset', Math.ceil(rate.resetMs / 1_000))
    }
    return writeHead(...args)
  }
}
