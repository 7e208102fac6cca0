import { GraphQLError, type DocumentNode, type ExecutionArgs, type ExecutionResult } from 'graphql'
import { UnavailableError } from '../domain/errors.ts'
import type { LiveItem } from '../domain/streams/event-loaders.ts'
import { within } from '../flow/deadline.ts'
import type { Context } from '../schema/building/context.ts'
import { executed, shared } from '../telemetry/facts.ts'
import type { Share } from '../fairness/shares.ts'
import { namesBelowRoot } from './kept-variables.ts'
import type { SharedAnswer } from './resume-text.ts'
import { SharedContext } from './shared-context.ts'

/** Milliseconds that the result of an event serves others who read it after the first one. */
const sharedMs = 100

/** Milliseconds after which the result of an event is given up, so that its readers come back for it. */
const resultTimeoutMs = 5_000
const retryAfterMs = 1_000
const notInTime = () =>
  new UnavailableError('This event could not be read in time. Come back with your cursor.', retryAfterMs)

/** What one event is for all viewers who get the same of it: executed once, and made into bytes once by the transport. */
export class EventResult {
  /** Null until settled. */
  value: ExecutionResult | null = null
  /** `value` as a WebSocket gets it. */
  bytes: Buffer | null = null
  /** `bytes`, cut where the resume token of each reader goes. */
  pieces: Buffer[] | null = null
  /** `pieces` with the token of the place where the last reader stood: most often all stand there. */
  answer: SharedAnswer | null = null
  /** `value` as a stream of server-sent events gets it. */
  text: string | null = null
  settledAtMs = 0
  private waiting: (() => void)[] = []

  constructor(
    running: ExecutionResult | PromiseLike<ExecutionResult>,
    private readonly context: SharedContext | null = null,
  ) {
    if (!('then' in running)) this.settle(running)
    else
      // Others wait for it who did not ask for what it hangs on.
      within(resultTimeoutMs, running, notInTime).then(
        (value) => this.settle(value),
        (error: unknown) => this.settle(failed(error)),
      )
  }

  whenSettled(listener: () => void): void {
    if (this.value) listener()
    else this.waiting.push(listener)
  }

  /** Whether this viewer would get the same. Known once settled. */
  serves(viewerId: string | undefined): boolean {
    return this.context?.serves(viewerId) ?? true
  }

  /** Whether it is one viewer's alone. */
  get isExclusive(): boolean {
    return this.context?.isExclusive ?? false
  }

  /** Predicts from this settled result whether a pending one will suit this viewer. */
  predictsServing(running: EventResult, viewerId: string | undefined): boolean {
    return this.context?.areAlike(running.context?.ownId, viewerId) ?? true
  }

  private settle(value: ExecutionResult): void {
    this.value = value
    this.settledAtMs = performance.now()
    const waiting = this.waiting
    this.waiting = []
    for (const listener of waiting) listener()
  }
}

const failed = (error: unknown): ExecutionResult => {
  const originalError = error instanceof Error ? error : new Error(String(error))
  return { errors: [new GraphQLError(originalError.message, { originalError })] }
}

/** One subscription's way to the results of its events. */
export interface EventResults<Item = unknown> {
  /** The result for this subscription's viewer, most likely: whether it is theirs is known once it has settled. */
  of(item: Item): EventResult
  /** Whether a settled result is this viewer's; if not, `of` gives another one. */
  isOwn(result: EventResult): boolean
  close(): void
}

/** What each event of one subscription is executed with. */
export interface EventArgs extends Pick<
  ExecutionArgs,
  'document' | 'operationName' | 'variableValues' | 'contextValue'
> {
  /** Executes the operation; each event is the root value once. */
  run: (
    input: Pick<ExecutionArgs, 'rootValue' | 'variableValues' | 'contextValue'>,
  ) => ExecutionResult | PromiseLike<ExecutionResult>
  /** Whose it is; undefined where nobody counts. */
  share?: Share
}

/** Throws when this subscription is one too many for its person, or for all. */
export type OpenEventResults<Item = unknown> = (args: EventArgs) => EventResults<Item>

/** What one event came to. */
interface Entry {
  epoch: object | undefined
  first: EventResult
  /** What others got who would not get the same as the first one, but perhaps the same as one another. */
  others: EventResult[]
}

/** Variants besides the first that are looked through: beyond that each viewer gets a result of their own. */
const maxOthers = 8

/** All subscriptions that ask the same of the same document, by the key under which they find each other. */
interface Plan {
  key: string
  siblings: Map<string, Plan>
  entries: Map<unknown, Entry>
  /** The same for readers from whom the message of the event is withheld. */
  withheld: Map<unknown, Entry>
  /** Types of events whose last result was one viewer's alone: the next one is not waited for to see. */
  exclusiveTypes: Set<string>
  subscriptionCount: number
}

/**
 * Executes each event once for all readers in this process that ask the same and would get the same. Who may read the event
 * at all is not decided here: every reader has a feed of its own, which ends with the membership and the session.
 */
export function createEventResults(): OpenEventResults<LiveItem> {
  const plansOf = new WeakMap<DocumentNode, Map<string, Plan>>()
  const plans = new Set<Plan>()
  let sweeping: NodeJS.Timeout | undefined

  const sweep = () => {
    const expiredMs = performance.now() - sharedMs
    let left = 0
    for (const plan of plans) {
      for (const entries of [plan.entries, plan.withheld]) {
        for (const [event, { first }] of entries) {
          if (first.value && first.settledAtMs <= expiredMs) entries.delete(event)
        }
        left += entries.size
      }
    }
    sweeping = left > 0 ? setTimeout(sweep, sharedMs).unref() : undefined
  }

  const join = (args: EventArgs): Plan => {
    const { document, operationName } = args
    let siblings = plansOf.get(document)
    if (!siblings) plansOf.set(document, (siblings = new Map<string, Plan>()))
    const key = `${operationName ?? ''} ${JSON.stringify(variablesBelowRoot(args))}`
    let plan = siblings.get(key)
    plan ??= { key, siblings, entries: new Map(), withheld: new Map(), exclusiveTypes: new Set(), subscriptionCount: 0 }
    args.share?.subscribe(plan)
    siblings.set(key, plan)
    plans.add(plan)
    plan.subscriptionCount++
    return plan
  }

  const leave = (plan: Plan) => {
    if (--plan.subscriptionCount > 0) return
    plan.siblings.delete(plan.key)
    plans.delete(plan)
  }

  // A class, so that a subscription costs three references and no functions of its own.
  return (args) => new Sharing(args, join(args), leave, () => (sweeping ??= setTimeout(sweep, sharedMs).unref()))
}

class Sharing implements EventResults<LiveItem> {
  constructor(
    private readonly args: EventArgs,
    private readonly plan: Plan,
    private readonly leave: (plan: Plan) => void,
    private readonly sweepLater: () => void,
  ) {}

  of(item: LiveItem): EventResult {
    const { event, epoch } = item
    const { viewerId } = this
    // Word of a lost place is for this reader alone. An event of a personal stream shows things of other streams, whose
    // edits and deletions do not show in its epoch.
    if (!event || event.streamId === viewerId) return this.run(item)
    const entries = 'isWithheld' in item && item.isWithheld ? this.plan.withheld : this.plan.entries
    const entry = entries.get(event)
    if (!entry || entry.epoch !== epoch || !isFresh(entry.first)) {
      const first = this.run(item, this.plan.subscriptionCount)
      entries.set(event, { epoch, first, others: [] })
      first.whenSettled(() => this.learn(event.type, first))
      this.sweepLater()
      return first
    }
    const { first, others } = entry
    // Whom the first one serves is not known while it runs; most often it is everybody.
    if (!first.value && this.plan.exclusiveTypes.has(event.type)) return this.run(item)
    const known =
      !first.value || first.serves(viewerId)
        ? first
        : others.find((other) => (other.value ? other.serves(viewerId) : first.predictsServing(other, viewerId)))
    if (known) {
      if (shared.hasSubscribers) shared.publish({ type: event.type })
      return known
    }
    const own = this.run(item)
    if (!first.isExclusive && others.length < maxOthers) others.push(own)
    return own
  }

  isOwn(result: EventResult): boolean {
    return result.serves(this.viewerId)
  }

  close(): void {
    this.args.share?.unsubscribe(this.plan)
    this.leave(this.plan)
  }

  private learn(type: string, { isExclusive }: EventResult): void {
    if (isExclusive) this.plan.exclusiveTypes.add(type)
    else this.plan.exclusiveTypes.delete(type)
  }

  private get viewerId(): string | undefined {
    return (this.args.contextValue as Context).viewer?.userId
  }

  private run(item: LiveItem, readerCount = 1): EventResult {
    const own = this.args.contextValue as Context
    const context = new SharedContext(own, own.domain.loadersFor(item))
    const { variableValues } = this.args
    const startedMs = performance.now()
    const running = executed.run(
      () => factOf(item),
      () => this.args.run({ rootValue: item, contextValue: context, variableValues }),
    )
    // What is loaded first takes about as long again when it has come.
    const tookMs = (performance.now() - startedMs) * ('then' in running ? 2 : 1)
    // What others follow as well would be executed without this person too: each pays a part of what falls to them.
    this.args.share?.spendWork(tookMs / readerCount)
    return new EventResult(running, context)
  }
}

const factOf = ({ event }: LiveItem) => ({
  type: event?.type ?? 'SNAPSHOT_REQUIRED',
  ...(event && 'trace' in event && event.trace !== undefined && { trace: event.trace }),
})

const isFresh = ({ value, settledAtMs }: EventResult) => !value || settledAtMs > performance.now() - sharedMs

/** Variables of the selection: those of the root field say what is followed and from where, and change no event. */
const variablesBelowRoot = ({ document, variableValues }: EventArgs): Record<string, unknown> =>
  Object.fromEntries(namesBelowRoot(document).map((name) => [name, variableValues?.[name]]))
