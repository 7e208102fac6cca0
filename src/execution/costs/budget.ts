import { QueryTooComplexError, type OperationCost } from '../../domain/errors.ts'
import type { Work } from '../../fairness/work.ts'
import { limited } from '../../telemetry/facts.ts'

/** What one operation, or one event of a subscription, may come to. */
export interface OperationLimits {
  objects: number
  /** Bytes of the answer's data as JSON. */
  byteSize: number
  /** Milliseconds of processor time for its resolvers and its answer; what the database takes is not among them. */
  processorMs: number
}

export const defaultOperationLimits: OperationLimits = { objects: 50_000, byteSize: 4_194_304, processorMs: 250 }
/** An event is one of many, and comes to everybody who asked for it. */
export const defaultEventLimits: OperationLimits = { objects: 5_000, byteSize: 1_048_576, processorMs: 250 }

/** Objects between two looks at the clock. */
const objectsPerLook = 32
/** The most that may pass between two looks: a process that was halted, or had no processor, did no work meanwhile. */
const maxStepMs = 25
/** From here on the time counts that the process had on a processor, where that is less: it may share it with others. */
const exactFromMs = 20
/** Writing the answer down comes after the budget, and is charged by its size. */
const msPerByte = 20 / 4_194_304

/** Ends the execution wherever it is thrown. */
export class OverBudget extends QueryTooComplexError {}

export interface Payment {
  work: Work
  payer: string
}

const noCost = { objects: 0, byteSize: 0, processorMs: 0 }

const words = {
  'operation-objects': 'This operation asks for more objects than one answer may have.',
  'operation-bytes': 'The answer to this operation is longer than one may be.',
  'operation-time': 'This operation takes more processor time than one may.',
  'operation-plan': 'This operation selects too many different things.',
}

type OperationLimit = keyof typeof words

/** What is said of an operation that is more than its budget. */
export function overBudget(
  limit: OperationLimit,
  cost: Partial<typeof noCost>,
  { objects, byteSize, processorMs }: OperationLimits,
): OverBudget {
  const whole: OperationCost = {
    ...noCost,
    ...cost,
    maxObjects: objects,
    maxByteSize: byteSize,
    maxProcessorMs: processorMs,
  }
  return new OverBudget(`${words[limit]} Ask for less, or split it.`, whole)
}

export function tellOfLimit(limit: string, payer: string | undefined): void {
  if (!limited.hasSubscribers) return
  limited.publish({ code: 'QUERY_TOO_COMPLEX', limit, ...(payer !== undefined && { payer }) })
}

/** Counts what one execution comes to, and throws OverBudget when that is too much. */
export class Budget {
  objects = 0
  byteSize = 0
  spentMs = 0
  /** When it was last looked at the clock; negative while nothing of this execution runs. */
  private lookedAtMs = -1
  private processor: NodeJS.CpuUsage | null = null
  /** Of what runs now. */
  private unpaidMs = 0

  constructor(
    readonly limits: OperationLimits,
    readonly payment: Payment | null,
  ) {}

  /** One more value. */
  addBytes(byteSize: number): void {
    this.byteSize += byteSize
    if (this.byteSize > this.limits.byteSize) throw this.exceeded('operation-bytes')
  }

  /** One more object, whose keys take so many bytes. */
  addObject(byteSize: number): void {
    this.addBytes(byteSize)
    if (++this.objects > this.limits.objects) throw this.exceeded('operation-objects')
    if (this.objects % objectsPerLook === 0) this.lookAndKeep()
    // Also when it was used up by what ran before.
    if (this.spentMs > this.limits.processorMs) throw this.exceeded('operation-time')
  }

  /** Some of it runs from now until `stop`. False when it runs already. */
  start(): boolean {
    if (this.lookedAtMs >= 0) return false
    this.lookedAtMs = performance.now()
    if (this.spentMs >= exactFromMs) this.processor = process.cpuUsage()
    return true
  }

  stop(): void {
    const beforeMs = this.spentMs
    this.look()
    this.lookedAtMs = -1
    this.processor = null
    this.pay(this.spentMs - beforeMs + this.unpaidMs)
    this.unpaidMs = 0
  }

  /** The same as `start`, until what is under way in this turn of microtasks is done. */
  startForMicrotasks(): void {
    if (this.start()) queueMicrotask(() => this.stop())
  }

  /** When the answer is made. */
  settle(): void {
    this.pay(this.byteSize * msPerByte)
  }

  private lookAndKeep(): void {
    const beforeMs = this.spentMs
    this.look()
    this.unpaidMs += this.spentMs - beforeMs
  }

  private look(): void {
    if (this.lookedAtMs < 0) return
    const nowMs = performance.now()
    let tookMs = Math.min(maxStepMs, nowMs - this.lookedAtMs)
    if (this.processor) {
      const { user, system } = process.cpuUsage(this.processor)
      tookMs = Math.min(tookMs, (user + system) / 1_000)
      this.processor = process.cpuUsage()
    }
    this.lookedAtMs = nowMs
    this.spentMs += tookMs
  }

  private pay(tookMs: number): void {
    if (this.payment && tookMs > 0) this.payment.work.charge(this.payment.payer, tookMs)
  }

  private exceeded(limit: OperationLimit): OverBudget {
    const { objects, byteSize, spentMs, payment } = this
    tellOfLimit(limit, payment?.payer)
    return overBudget(limit, { objects, byteSize, processorMs: Math.ceil(spentMs) }, this.limits)
  }
}
