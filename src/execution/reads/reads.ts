import type { GraphQLSchema } from 'graphql'
import { Basis } from '../../domain/basis.ts'
import { settlesWithin } from '../../flow/deadline.ts'
import type { Barrier } from '../../log/barrier.ts'
import type { Move } from '../../log/moves.ts'
import type { Context } from '../../schema/building/context.ts'
import type { MoveStore } from '../../store/moves.ts'
import { keptAsked } from '../../telemetry/facts.ts'
import type { Answered, Find, Prepared } from '../operations.ts'
import { KeepableOperations } from './keepable.ts'
import { KeptAnswers, type KeptPart } from './kept-answers.ts'
import { completed, listOf, wantedBy, type KeptList } from './kept-list.ts'
import type { ListShape } from './list-shape.ts'
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

interface Question {
  key: string
  context: Context
  run: Run
  /** Of the list that is asked for, if it is one. */
  shape: ListShape | null
}

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
    return prepared.answer<Buffer>({ contextValue, variableValues: variables }, (run) => this.proven(key, asked, run))
  }

  private async proven(key: string, { prepared, contextValue: context }: Asked, run: Run): Promise<Answer> {
    const { barrier } = this.options
    // All that was acknowledged before the request came is known when this is over.
    if (barrier && !(await barrier.pass())) return run(context)
    let body = this.kept.get(key)
    if (body === null) {
      // One that began before may have seen less. It is kept only if nothing has moved since, up to the passage above.
      const other = this.running.get(key)
      if (other && (await settlesWithin(maxWaitMs, other))) body = this.kept.get(key)
    }
    const part = body === null && barrier ? this.kept.part(key) : null
    const found = body ? 'all' : part ? 'part' : 'none'
    if (keptAsked.hasSubscribers) keptAsked.publish({ found })
    if (body) return body
    const shape = this.operations.shapeOf(prepared)
    const question = { key, context, run, shape }
    return (part && shape && barrier && (await this.completed(question, part, barrier))) ?? this.read(question)
  }

  private async read({ key, context, run, shape }: Question): Promise<Answer> {
    const basis = new Basis()
    const since = this.options.barrier?.now ?? 0
    const made = Promise.resolve(run(new ReadContext(context, basis))).then((result) => {
      if (result.errors) return { answer: result }
      const list = shape && !basis.isOpen ? listOf(result, shape, basis.list) : null
      return { answer: list?.body ?? Buffer.from(JSON.stringify(result)), list }
    })
    this.running.set(
      key,
      this.flight(key, async () => {
        const { answer, list = null } = await made
        if (Buffer.isBuffer(answer)) await this.keep(key, answer, basis, since, list)
      }),
    )
    return (await made).answer
  }

  /**
   * Reads what is missing of a list, and looks at the log once more: then the old part, in which nothing has moved up to this look, and
   * the new one are what one read would give. Null where more moved meanwhile, or the rest of the list does not tell what comes in.
   */
  private async completed(
    { key, context, run, shape }: Question,
    part: KeptPart,
    barrier: Barrier,
  ): Promise<Answer | null> {
    const wanted = wantedBy(part.list, part.moved)
    if (!shape || !wanted) return null
    const basis = new Basis(wanted)
    const since = barrier.now
    let body: Buffer | null = null
    const reading = this.flight(key, async () => {
      const result = await run(new ReadContext(context, basis))
      const read = result.errors || basis.isOpen ? null : listOf(result, shape, basis.list)
      const list = read && completed(part.list, read)
      if (!list || !(await barrier.pass())) return
      const moved = barrier.movedSince(since)
      const inbox = basis.inboxOf === null ? null : this.kept.inboxOf(basis.inboxOf)
      if (moved === null || (basis.inboxOf !== null && !inbox)) return
      // What was read just now may move again: who waits gets what it was.
      const rests = (move: Move) => basis.moves.has(move) || inbox?.has(move) === true || part.moves.includes(move)
      if (moved.some((move) => !part.moved.has(move) && rests(move))) return
      body = list.body
      for (const move of part.moves) basis.moves.add(move)
      if (!moved.some((move) => part.moved.has(move))) this.kept.put(key, body, basis, inbox, list)
    })
    this.running.set(key, reading)
    await reading
    return body
  }

  /** Never rejects: what cannot be kept, as the statement for it failed, is answered all the same. */
  private flight(key: string, run: () => Promise<void>): Promise<void> {
    const ended: Promise<void> = run()
      .catch(() => undefined)
      .then(() => {
        if (this.running.get(key) === ended) this.running.delete(key)
      })
    return ended
  }

  /** Keeps what was read after the move of this number, if nothing that it rests on has moved since. */
  private async keep(key: string, body: Buffer, basis: Basis, since: number, list: KeptList | null): Promise<void> {
    if (basis.isOpen) return
    const conversationIds = basis.inboxOf === null ? null : await this.conversationsOf(basis.inboxOf)
    const moved = this.options.barrier ? this.options.barrier.movedSince(since) : []
    if (moved === null) return
    if (moved.some((move) => basis.moves.has(move) || conversationIds?.has(move) === true)) return
    this.kept.put(key, body, basis, conversationIds, list)
  }

  /** Read after the answer: that they are the same as then is known from the person's own stream, which has not moved. */
  private async conversationsOf(viewerId: string): Promise<ReadonlySet<string>> {
    return this.kept.inboxOf(viewerId) ?? new Set(await this.options.store.conversationsOf(viewerId))
  }
}
