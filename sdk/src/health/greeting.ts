import type { Problems } from './problems.ts'

/** The version of the API that this client was made for: a server of another one may not understand it, or say other things. */
export const apiVersion = 1

/** A token, a receipt or "5 minutes ago" is wrong by as much; less is what clocks usually are wrong by. */
const clockToleranceMs = 5 * 60_000

/** What a server says about itself: in connection_ack, and as the field `server`. */
export interface Greeting {
  apiVersion: number
  /** Its clock, ISO 8601. */
  time: string
}

const isGreeting = (value: unknown): value is Greeting =>
  typeof value === 'object' && value !== null && typeof (value as Greeting).apiVersion === 'number'

function inWords(ms: number): string {
  const [days, hours, minutes] = [86_400_000, 3_600_000, 60_000].map((unit) => Math.round(Math.abs(ms) / unit))
  if (days && days > 1) return `${days} days`
  return hours && hours > 1 ? `${hours} hours` : `${minutes ?? 0} minutes`
}

/** Takes in what the server said. False: this client must not talk to it. */
export function heed(greeting: unknown, problems: Problems, nowMs: number): boolean {
  // A server from before there was a version says nothing.
  if (!isGreeting(greeting)) return true
  const isOurs = greeting.apiVersion === apiVersion
  const other = greeting.apiVersion > apiVersion ? 'newer: reload the page, or update the app' : 'older'
  problems.set(
    'WRONG_VERSION',
    isOurs ? null : `The server is ${other} (version ${greeting.apiVersion} of the API, not ${apiVersion})`,
  )
  const aheadMs = nowMs - Date.parse(greeting.time)
  const isWrong = Math.abs(aheadMs) > clockToleranceMs
  const direction = aheadMs > 0 ? 'ahead' : 'behind'
  problems.set('CLOCK_WRONG', isWrong ? `The clock of this device is ${inWords(aheadMs)} ${direction}` : null)
  return isOurs
}
