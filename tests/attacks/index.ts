import { answerAttacks } from './answers.ts'
import { databaseAttacks } from './database.ts'
import { longTextAttacks } from './long-texts.ts'
import { plainReads } from './plain-reads.ts'
import { requestAttacks } from './requests.ts'
import { socketAttacks } from './sockets.ts'

export interface Target {
  httpUrl: string
  wsUrl: string
  /** For what an attack needs to find there, like 100,000 people. */
  databaseUrl: string
}

/** What one client does to hurt others. */
export interface Attack {
  /** In kebab-case. */
  name: string
  /** What it does, in a few words. */
  title: string
  /** Makes what it needs, before anything is measured. What it answers attacks until the signal, and never rejects. */
  prepare: (target: Target) => Promise<(signal: AbortSignal) => Promise<void>>
}

/** By `npm run bench -- --attacks` for what a bystander's p95 becomes, by limits/attacks.heavy for that nothing is lost. */
export const attacks: readonly Attack[] = [
  plainReads,
  ...longTextAttacks,
  ...answerAttacks,
  ...requestAttacks,
  ...socketAttacks,
  ...databaseAttacks,
]
