import type { SessionFieldsFragment } from '../generated/graphql.ts'

/** A session as it is kept: `renewAtMs` is of this device's clock, which may be wrong by days. */
export interface KeptSession {
  accessToken: string
  refreshToken: string
  renewAtMs: number
  user: { id: string; handle: string; displayName: string }
}

const marginMs = 60_000

/** For how long a JWT is valid by its own words; null when it is none, or for ever. Its clock is the server's alone. */
function lifetimeMsOf(token: string): number | null {
  try {
    const payload = token.split('.')[1] ?? ''
    const text = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const { iat, exp } = JSON.parse(text) as { iat?: unknown; exp?: unknown }
    return typeof iat === 'number' && typeof exp === 'number' ? (exp - iat) * 1_000 : null
  } catch {
    return null
  }
}

/** When a token that was received now has to be exchanged: a minute before its end, or after three quarters of a short life. */
export function renewAtMsOf(token: string, nowMs: number): number {
  const lifetimeMs = lifetimeMsOf(token)
  return lifetimeMs === null ? Infinity : nowMs + Math.max(lifetimeMs - marginMs, lifetimeMs * 0.75)
}

export function keptOf(
  session: Pick<SessionFieldsFragment, 'accessToken' | 'refreshToken' | 'user'>,
  nowMs: number,
): KeptSession {
  const { accessToken, refreshToken, user } = session
  const { id, handle, displayName } = user
  // JSON has no Infinity.
  const renewAtMs = Math.min(renewAtMsOf(accessToken, nowMs), Number.MAX_SAFE_INTEGER)
  return { accessToken, refreshToken, renewAtMs, user: { id, handle, displayName } }
}
