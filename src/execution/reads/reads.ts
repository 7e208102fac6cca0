import type { GraphQLSchema } from 'graphql'
import { Basis } from '../../domain/basis.ts'
import { settlesWithin } from '../../flow/deadline.ts'
import type { Barrier } from '../../log/barrier.ts'
import type { Context } from '../../schema/building/context.ts'
import type { MoveStore } from '../../store/moves.ts'
import { keptAsked } from '../../telemetry/facts.ts'
import type { Answered, Find, Prepared } from '../operations.ts'
import { KeepableOperations } from './keepable.ts'
import { KeptAnswers } from './kept-answers.ts'
import { ReadContext } from './read-context.ts'

export interface ReadsOptions {
  schema: GraphQLSchema
  /** Null in tests that look for what it proves. */
  barrier: Barrier | null
  store: Pick<MoveStore, 'conversationsOf'>
  maxByteSize: number
}

export interface Asked {
  prepared: Prepared
  contextValue: Context
  variables: Readonly<Record<string, unknown>> | null | undefined
}

/** Longer variables are no question that is asked again. */
const maxVariablesLength = 1_000

/** For another one that asks the same. */
const maxWaitMs = 300

type Answer = Answered<Buffer>
type Run = Parameters<Find<Buffer>>[0]

/** Answers queries from what is kept, as far as the barrier proves that it is what they would get (decision 0115). */
export class Reads {
  readonly kept: KeptAnswers
  private readonly operations: KeepableOperations
  /** Queries that run now and may be kept, each with the promise that it was, or was not. */
  private readonly running = new Map<string, Promise<unknown>>()

  constructor(private readonly options: ReadsOptions) {
    this.kept = new KeptAnswers(options.maxByteSize)
    this.operations = new KeepableOperations(options.schema)
    options.barrier?.keep(this.kept)
  }

  /**
   * The answer as JSON, or as a result that is not JSON yet. Null where nothing can be kept: it is to be executed. What was there already
   * waits its turn and is counted as what is executed. Never rejects, as operations do not.
   */
  answer(asked: Asked): Answer | Promise<Answer> | null {
    const { prepared, contextValue, variables } = asked
    const { viewer } = contextValue
    // Staff see more than members do, and what they read is noted; a key may be used for less.
    if (viewer?.role !== 'USER' || viewer.apiKey) return null
    const number = this.operations.numberOf(prepared)
    if (number === 0) return null
    const values = variables ? JSON.stringify(variables) : ''
    if (values.length > maxVariablesLength) return null
    const key = `${viewer.userId} ${String(number)} ${values}`
    return prepared.answer<Buffer>({ contextValue, variableValues: variables }, (run) =>
      this.proven(key, contextValue, run),
    )
  }

  private async proven(key: string, context: Context, run: Run): Promise<Answer> {
    const { barrier } = this.options
    // All that was acknowledged before the request came is known when this is over.
    if (barrier && !(await barrier.pass())) return run(context)
    let body = this.kept.get(key)
    if (body === null) {
      // One that began before may have seen less. It is kept only if nothing has moved since, up to the passage above.
      const other = this.running.get(key)
      if (other && (await settlesWithin(maxWaitMs, other))) body = this.kept.get(key)
    }
    if (keptAsked.hasSubscribers) keptAsked.publish({ isHit: body !== null })
    return body ?? this.read(key, context, run)
  }

  private async read(key: string, context: Context, run: Run): Promise<Answer> {
    const basis = new Basis()
    const since = this.options.barrier?.now ?? 0
    const result = run(new ReadContext(context, basis))
    const body = Promise.resolve(result).then((settled) =>
      settled.errors ? settled : Buffer.from(JSON.stringify(settled)),
    )
    const keeping = body.then((made) => (Buffer.isBuffer(made) ? this.keep(key, made, basis, since) : undefined))
    // What cannot be kept, as the statement for it failed, is answered all the same.
    const ended: Promise<void> = keeping
      .catch(() => undefined)
      .then(() => {
        if (this.running.get(key) === ended) this.running.delete(key)
      })
    this.running.set(key, ended)
    return body
  }

  /** Keeps what was read after the move of this number, if nothing that it rests on has moved since. */
  private async keep(key: string, body: Buffer, basis: Basis, since: number): Promise<void> {
    if (basis.isOpen) return
    const conversationIds = basis.inboxOf === null ? null : await this.conversationsOf(basis.inboxOf)
    const moved = this.options.barrier ? this.options.barrier.movedSince(since) : []
    if (moved === null) return
    if (moved.some((move) => basis.moves.has(move) || conversationIds?.has(move) === true)) return
    this.kept.put(key, body, basis, conversationIds)
  }

  /** Read after the answer: that they are the same as then is known from the person's own stream, which has not moved. */
  private async conversationsOf(viewerId: string): Promise<ReadonlySet<string>> {
    return this.kept.inboxOf(viewerId) ?? new Set(await this.options.store.conversationsOf(viewerId))
  }
}
