import DataLoader from 'dataloader'
import { timeMs } from '../../clock.ts'
import type { Bus } from '../../bus/bus.ts'
import { topics } from '../../bus/topics.ts'
import { within } from '../../flow/deadline.ts'
import { oncePerTurn } from '../../flow/turn.ts'
import type { SessionRow, SessionStore } from '../../store/sessions.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { Viewer } from '../viewer.ts'

/** Milliseconds for which a live session is believed without asking the database again, and between looks at those in use. */
const recheckMs = 1_000
/** Milliseconds before its end at which a session is told to end: its token has expired, and the skew of clocks is left. */
const warnMs = 30_000
/** Milliseconds for which one look is waited for: the next one waits for it. */
const lookTimeoutMs = 5_000

/** Somebody ended it; or its tokens ended, and with a new one its client may go on. */
export type SessionEnd = 'REVOKED' | 'EXPIRED'

/**
 * Knows which sessions are live, and what role their people have. An ended one is told over the bus at once; the sessions that hold sockets or
 * subscriptions here are looked up every second besides, so that a lost message delays the end by that much, and a changed role is known that much later.
 */
export interface SessionWatch {
  /** The session when it is live, else null. */
  check(sessionId: string): Promise<SessionRow | null>
  /** Takes a session that was found live at this moment. */
  learn(session: SessionRow): void
  /** Calls the listener once when the session ends. Returns a function that takes the listener away. */
  onEnded(sessionId: string, listener: (how: SessionEnd) => void): () => void
  announceEnded(sessionId: string): void
  /** This viewer with the role that they have now. Only for sessions that have a listener here. */
  current(viewer: Viewer): Viewer
  /** Calls the listener when the session ends soon, unless its client sends a new token: once for each end that it has. */
  onEnding(sessionId: string, listener: (endsAt: Date) => void): () => void
  /** Ends it here alone, as one whose newer tokens belong to a session that is over. */
  endHere(sessionId: string): void
  /**
   * Calls the listener once when the person of the session is no longer staff. Returns a function that takes it away. Not
   * called at the end of the session.
   */
  onDemoted(sessionId: string, listener: () => void): () => void
  /** Listeners on all sessions. */
  readonly listenerCount: number
  stop(): void
}

export interface SessionWatchOptions {
  store: SessionStore
  bus: Bus
  logger: Logger
}

export async function startSessionWatch({ store, bus, logger }: SessionWatchOptions): Promise<SessionWatch> {
  const checked = new Map<string, { session: SessionRow; untilMs: number }>()
  const listeners: Listeners<SessionEnd> = new Map()
  const demotions: Listeners = new Map()
  const warnings = new Map<string, Warning>()
  /** Roles of the sessions in use. Few people are more than a USER, and those are not in it. */
  const roles = new Map<string, Viewer['role']>()

  const note = (session: SessionRow) => {
    const { sessionId, role, endsAt } = session
    const warning = warnings.get(sessionId)
    if (warning && endsAt && endsAt > warning.toldOf && endsAt.getTime() - timeMs() <= warnMs) {
      warning.toldOf = endsAt
      for (const listener of warning.listeners) listener(endsAt)
    }
    const known = checked.get(sessionId)
    if (known) known.session = session
    if (role !== 'USER') {
      roles.set(sessionId, role)
      return
    }
    roles.delete(sessionId)
    const demoted = demotions.get(sessionId)
    demotions.delete(sessionId)
    for (const listener of demoted ?? []) listener()
  }

  const learn = (session: SessionRow) => {
    checked.set(session.sessionId, { session, untilMs: performance.now() + recheckMs })
    note(session)
  }

  const lookUp = new DataLoader<string, SessionRow | null>(
    async (sessionIds) => {
      const found = (await store.live(sessionIds)).filter((session) => !session.isExpired)
      const live = new Map(found.map((session) => [session.sessionId, session]))
      return sessionIds.map((sessionId) => live.get(sessionId) ?? null)
    },
    { cache: false, batchScheduleFn: oncePerTurn },
  )

  const end = (sessionId: string, how: SessionEnd = 'REVOKED') => {
    checked.delete(sessionId)
    roles.delete(sessionId)
    demotions.delete(sessionId)
    warnings.delete(sessionId)
    const ended = listeners.get(sessionId)
    listeners.delete(sessionId)
    for (const listener of ended ?? []) listener(how)
  }

  const unsubscribe = await bus.subscribe(topics.sessionsEnded, (sessionId) => {
    end(sessionId)
  })

  const look = async () => {
    const nowMs = performance.now()
    for (const [sessionId, { untilMs }] of checked) if (untilMs <= nowMs) checked.delete(sessionId)
    for (const sessionId of roles.keys())
      if (!checked.has(sessionId) && !listeners.has(sessionId)) roles.delete(sessionId)
    const sessionIds = [...listeners.keys()]
    if (sessionIds.length === 0) return
    const found = await within(lookTimeoutMs, store.live(sessionIds), () => new Error('no answer in time'))
    const seen = new Map(found.map((session) => [session.sessionId, session]))
    for (const sessionId of sessionIds) {
      const session = seen.get(sessionId)
      if (!session) end(sessionId)
      else if (session.isExpired) end(sessionId, 'EXPIRED')
      else note(session)
    }
  }

  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look()
      .catch((error: unknown) => {
        logger.debug({ err: error }, 'could not look up the sessions in use; will try again')
      })
      .finally(() => {
        looking = false
      })
  }, recheckMs)

  return {
    async check(sessionId) {
      const known = checked.get(sessionId)
      if (known && known.untilMs > performance.now()) return known.session
      const session = await lookUp.load(sessionId)
      if (!session) return null
      learn(session)
      return session
    },
    learn,
    onEnded: (sessionId, listener) => listenTo(listeners, sessionId, listener),
    onDemoted: (sessionId, listener) => listenTo(demotions, sessionId, listener),
    onEnding(sessionId, listener) {
      const warning = warnings.get(sessionId) ?? { toldOf: new Date(0), listeners: new Set() }
      warning.listeners.add(listener)
      warnings.set(sessionId, warning)
      return () => {
        warning.listeners.delete(listener)
        if (warning.listeners.size === 0 && warnings.get(sessionId) === warning) warnings.delete(sessionId)
      }
    },
    endHere: (sessionId) => {
      end(sessionId)
    },
    current(viewer) {
      const role = roles.get(viewer.sessionId) ?? 'USER'
      return role === viewer.role ? viewer : { ...viewer, role }
    },
    announceEnded(sessionId) {
      end(sessionId)
      bus.publish(topics.sessionsEnded, sessionId).catch((error: unknown) => {
        logger.debug(
          { err: error, sessionId },
          'could not announce the end of a session; other processes will find it in the database',
        )
      })
    },
    get listenerCount() {
      const warned = [...warnings.values()].map((warning) => warning.listeners)
      return [...listeners.values(), ...demotions.values(), ...warned].reduce((sum, { size }) => sum + size, 0)
    },
    stop() {
      clearInterval(timer)
      unsubscribe()
      listeners.clear()
      demotions.clear()
      warnings.clear()
    },
  }
}

interface Warning {
  /** The end that was told. */
  toldOf: Date
  listeners: Set<(endsAt: Date) => void>
}

type Listeners<How = void> = Map<string, Set<(how: How) => void>>

function listenTo<How>(all: Listeners<How>, sessionId: string, listener: (how: How) => void): () => void {
  const existing = all.get(sessionId) ?? new Set<(how: How) => void>()
  all.set(sessionId, existing.add(listener))
  return () => {
    existing.delete(listener)
    if (existing.size === 0 && all.get(sessionId) === existing) all.delete(sessionId)
  }
}
