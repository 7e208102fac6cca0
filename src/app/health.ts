import type { Bus } from '../bus/bus.ts'
import type { PresenceStates } from '../ephemeral/presence.ts'
import type { Database } from '../store/database/database.ts'

export interface Health {
  /** Whether this process can serve. It needs the database; without Redis it serves, with more delay. */
  ready: boolean
  status: 'ok' | 'degraded' | 'unavailable'
  checks: Record<string, string>
}

export interface HealthParts {
  db: Pick<Database, 'check'>
  bus: Pick<Bus, 'connected'>
  states: Pick<PresenceStates, 'isReachable'>
}

const reachability = (works: boolean) => (works ? 'ok' : 'unreachable')

export async function healthOf({ db, bus, states }: HealthParts): Promise<Health> {
  const database = await db.check()
  const ready = database === 'ok'
  const status = !ready ? 'unavailable' : bus.connected && states.isReachable ? 'ok' : 'degraded'
  const checks = { database, bus: reachability(bus.connected), presence: reachability(states.isReachable) }
  return { ready, status, checks }
}
