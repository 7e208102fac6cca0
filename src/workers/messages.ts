import type { PresenceStates } from '../ephemeral/presence.ts'
import type { CountRule } from '../ephemeral/counters.ts'

/** What a worker and the process that started it say to each other: each an object by node's own channel. */
export type ToPrimary =
  /** Comes first, and asks for a Welcome. */
  | { type: 'hello' }
  | { type: 'listening'; url: string; hasWebClient: boolean }
  | { type: 'subscribe'; topic: string; id: number }
  | { type: 'unsubscribe'; topic: string }
  /** Topics and payloads, in turn. */
  | { type: 'publish'; messages: string[] }
  | { type: 'call'; id: number; call: Call }

export type ToWorker =
  | ({ type: 'welcome' } & Welcome)
  | { type: 'subscribed'; id: number }
  | { type: 'published'; messages: string[] }
  /** What was published for a while did not reach this worker. */
  | { type: 'lost' }
  | { type: 'answer'; id: number; answer?: unknown; error?: string }
  | { type: 'stop' }

export interface Welcome {
  /** From 0; one that takes another's place has its number. */
  index: number
  /** Of the embedded PostgreSQL, which runs beside all workers. */
  embeddedUrl: string | null
}

/** What is kept by the process that all workers share, where there is no Redis. */
export type Call =
  | { what: 'apply'; changes: Parameters<PresenceStates['apply']>[0] }
  | { what: 'sweep' }
  | { what: 'saved'; moments: Parameters<PresenceStates['saved']>[0] }
  | { what: 'read'; userIds: readonly string[] }
  | { what: 'add' | 'take'; rule: CountRule; key: string; points?: number | undefined }
  | { what: 'giveBack' | 'fullForMs'; rule: CountRule; key: string }
