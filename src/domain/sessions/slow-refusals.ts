import { setTimeout as sleep } from 'node:timers/promises'
import { RateLimitedError } from '../errors.ts'
import type { Sessions } from './sessions.ts'

/** Milliseconds before a refusal is answered. */
const refusalDelayMs = 500

async function slowly<Result>(attempt: Promise<Result>): Promise<Result> {
  try {
    return await attempt
  } catch (error) {
    if (error instanceof RateLimitedError) await sleep(refusalDelayMs)
    throw error
  }
}

/** Whoever is refused for too many attempts, and tries again at once on many connections, waits and costs next to nothing then. */
export const withSlowRefusals = (sessions: Sessions): Sessions => ({
  register: (input, client) => slowly(sessions.register(input, client)),
  login: (input, client) => slowly(sessions.login(input, client)),
  acceptInvitation: (input, client) => slowly(sessions.acceptInvitation(input, client)),
  refresh: (refreshToken, ip) => slowly(sessions.refresh(refreshToken, ip)),
  logout: (viewer) => sessions.logout(viewer),
  list: (viewer) => sessions.list(viewer),
  revoke: (viewer, sessionId) => sessions.revoke(viewer, sessionId),
  used: (viewer) => {
    sessions.used(viewer)
  },
  changePassword: (viewer, input, ip) => slowly(sessions.changePassword(viewer, input, ip)),
  authenticate: (accessToken) => sessions.authenticate(accessToken),
  forgetOver: (isStopping) => sessions.forgetOver(isStopping),
})
