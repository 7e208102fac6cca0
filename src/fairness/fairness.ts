import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../telemetry/logger.ts'
import { Admission, type AdmissionOptions } from './admission.ts'
import { FairWork, type Work } from './work.ts'

/** Who may have how much at once, and when: one for the process. */
export interface Fairness {
  readonly work: Work
  /** Everything but sends: queries, mutations that may wait, subscriptions until they have begun. */
  readonly operations: Admission
  /** Sends and what belongs to them, which never stand behind reads. */
  readonly sends: Admission
}

/** A sender without a connection sends one after the other all that was written meanwhile. */
const maxSendsRunning = 256
const maxSendsWaiting = 4_096
const maxSendsRunningPerNetwork = 1_024

/** `limits`: of operations that are no sends. */
export const createFairness = (
  logger: Pick<Logger, 'error'>,
  limits?: Pick<AdmissionOptions, 'maxRunningPerPayer' | 'maxRunningPerNetwork'>,
): Fairness => ({
  work: new FairWork(logger),
  operations: new Admission(limits),
  sends: new Admission({
    maxRunningPerPayer: maxSendsRunning,
    maxWaitingPerPayer: maxSendsWaiting,
    maxRunningPerNetwork: maxSendsRunningPerNetwork,
  }),
})

/** Rows are read in many small pieces, whose time nobody measures: 1.6 MB of long texts took 26 ms of processor time. */
const msPerReadByte = 16 / 1_000_000
/** What nearly every statement answers; not worth the telling. */
const fewBytes = 8_192

/** Charges who asked for it with the reading of what the database answered. */
export const chargeReads =
  ({ work }: Pick<Fairness, 'work'>) =>
  (payer: string | undefined, byteSize: number): void => {
    if (payer !== undefined && byteSize > fewBytes) work.charge(payer, byteSize * msPerReadByte)
  }

/**
 * Begins an operation when it is its payer's turn: later, while others want something too and the payer is over their share.
 * What it takes after that is charged by who runs it.
 */
export function inTurn<Result extends object>(
  work: Work,
  payer: string,
  operation: () => Result | PromiseLike<Result>,
): Result | Promise<Result> {
  const paceMs = work.paceMs(payer)
  if (paceMs > 0) return sleep(paceMs).then(() => enqueued(work, payer, operation))
  return enqueued(work, payer, operation)
}

/** Processor time at once for which sends are not paced: hundreds of messages that were written without a connection. */
const unpacedSendsMs = 2_000

/** Begins a send, which stands behind nothing else: later only where its sender has long taken more than their share. */
export function paced<Result>(
  work: Work,
  payer: string,
  operation: () => Result | PromiseLike<Result>,
): Result | PromiseLike<Result> {
  const paceMs = work.paceMs(payer, unpacedSendsMs)
  return paceMs > 0 ? sleep(paceMs).then(operation) : operation()
}

function enqueued<Result extends object>(
  work: Work,
  payer: string,
  operation: () => Result | PromiseLike<Result>,
): Result | Promise<Result> {
  let begun: Result | PromiseLike<Result> | undefined
  let tell: ((result: Result | PromiseLike<Result>) => void) | undefined
  work.enqueue(payer, () => {
    try {
      begun = operation()
    } catch (error) {
      begun = Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    tell?.(begun)
  })
  if (begun !== undefined) return begun as Result | Promise<Result>
  return new Promise((resolve) => (tell = resolve))
}
