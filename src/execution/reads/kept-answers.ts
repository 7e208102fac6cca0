import { changeOf, type Basis } from '../../domain/basis.ts'
import type { Keeper, Move } from '../../log/moves.ts'
import { dropped } from '../../telemetry/facts.ts'
import { without, type KeptList } from './kept-list.ts'

/** An answer of one viewer, as JSON. */
class KeptAnswer {
  isDead = false
  /** Conversations whose entries are not in the list any more, or whose newest messages are not yet. */
  readonly moved = new Set<string>()

  constructor(
    readonly key: string,
    private readonly plain: Buffer | null,
    /** The answer by parts, where it can be told by them. */
    public list: KeptList | null,
    readonly moves: readonly Move[],
    readonly byteSize: number,
    readonly inbox: KeptInbox | null,
  ) {}

  get body(): Buffer | null {
    return this.list ? this.list.body : this.plain
  }

  /** False: nothing of it is left. */
  miss(conversationId: string): boolean {
    if (!this.list || this.moved.size >= maxMoved) return false
    this.moved.add(conversationId)
    return true
  }
}

/** A list of which something is to be read again. */
export interface KeptPart {
  list: KeptList
  moved: ReadonlySet<string>
  /** What the part that is kept rests on. */
  moves: readonly Move[]
}

/** The conversations of somebody, for the answers that show their inbox. They are the same until the own stream moves. */
class KeptInbox {
  isDead = false
  readonly answers = new Set<KeptAnswer>()

  constructor(
    readonly key: string,
    readonly viewerId: string,
    readonly conversationIds: ReadonlySet<string>,
    readonly byteSize: number,
  ) {}
}

type Kept = KeptAnswer | KeptInbox

/** Bytes by estimate: of an object with its place in the map, and of one thing that it rests on. */
const objectByteSize = 300
const basisByteSize = 100
/** Part of all that one answer may have. */
const share = 1 / 16
/** Conversations of an inbox that are read again by themselves; with more all of it is. */
const maxMoved = 20
/** What may come to be rested on as a list is completed again and again. */
const maxMoves = 1_000

/**
 * Answers in memory, each until something moves that it rests on, or until others need its room: the one not used for longest goes
 * first. What moves is dropped at once: it may be a text that was deleted.
 */
export class KeptAnswers implements Keeper {
  private readonly kept = new Map<string, Kept>()
  /** What rests on each stream. Dead ones stay in it until it is looked at or swept. */
  private readonly resting = new Map<Move, Kept[]>()
  private readonly placesOf = new WeakMap<Kept, number>()
  private placeCount = 0
  private deadPlaceCount = 0
  byteSize = 0
  answerCount = 0

  constructor(private readonly maxByteSize: number) {}

  get isEmpty(): boolean {
    return this.kept.size === 0
  }

  /** Whether it is so now only a passage of the barrier proves. */
  get(key: string): Buffer | null {
    const answer = this.kept.get(key)
    if (!(answer instanceof KeptAnswer) || answer.moved.size > 0) return null
    if (answer.inbox) this.use(answer.inbox)
    this.use(answer)
    return answer.body
  }

  /** What is left of an answer that is a list. */
  part(key: string): KeptPart | null {
    const answer = this.kept.get(key)
    if (!(answer instanceof KeptAnswer) || !answer.list || answer.moved.size === 0) return null
    return { list: answer.list, moved: new Set(answer.moved), moves: answer.moves }
  }

  /** The conversations of a person, if they are known. */
  inboxOf(viewerId: string): ReadonlySet<string> | null {
    const inbox = this.kept.get(inboxKey(viewerId))
    return inbox instanceof KeptInbox ? inbox.conversationIds : null
  }

  /**
   * Keeps an answer, unless it or its basis is too large. Nothing of the basis may have moved since it was read. `conversationIds`
   * are those of `basis.inboxOf`.
   */
  put(
    key: string,
    body: Buffer,
    basis: Basis,
    conversationIds: ReadonlySet<string> | null,
    list: KeptList | null = null,
  ): void {
    const moves = movesOf(basis, conversationIds, list)
    const places = moves.length + (list?.entries.length ?? 0)
    const byteSize = body.byteLength + 2 * key.length + objectByteSize + basisByteSize * places
    if (byteSize > this.maxByteSize * share || moves.length > maxMoves) return
    const inbox = basis.inboxOf === null ? null : this.keepInbox(basis.inboxOf, conversationIds ?? new Set())
    if (basis.inboxOf !== null && !inbox) return
    const before = this.kept.get(key)
    if (before) this.drop(before, 'replaced')
    const answer = new KeptAnswer(key, list ? null : body, list, moves, byteSize, inbox)
    inbox?.answers.add(answer)
    this.add(answer, moves)
    this.makeRoom()
  }

  moved(moves: readonly Move[]): void {
    const parted = new Set<KeptAnswer>()
    for (const move of moves) {
      const here = this.resting.get(move)
      if (!here) continue
      const staying: Kept[] = []
      for (const one of here) {
        if (one.isDead) this.deadPlaceCount--
        else if (one instanceof KeptInbox && one.viewerId !== move) {
          staying.push(one)
          for (const answer of one.answers) {
            if (answer.list?.of === 'inbox' && answer.miss(move)) parted.add(answer)
            else this.drop(answer, 'moved')
          }
          continue
        } else if (
          one instanceof KeptAnswer &&
          one.list?.of === 'messages' &&
          one.list.conversationId === move &&
          one.miss(move)
        ) {
          staying.push(one)
          continue
        } else {
          this.drop(one, 'moved')
          this.deadPlaceCount--
        }
        this.placeCount--
      }
      if (staying.length === 0) this.resting.delete(move)
      else this.resting.set(move, staying)
    }
    // At once: it may be a text that was deleted.
    for (const answer of parted) if (answer.list) answer.list = without(answer.list, answer.moved)
    this.sweep()
  }

  lost(): void {
    const { answerCount } = this
    for (const one of this.kept.values()) one.isDead = true
    this.kept.clear()
    this.resting.clear()
    this.placeCount = this.deadPlaceCount = this.byteSize = this.answerCount = 0
    if (answerCount > 0 && dropped.hasSubscribers) dropped.publish({ reason: 'lost', count: answerCount })
  }

  private keepInbox(viewerId: string, conversationIds: ReadonlySet<string>): KeptInbox | null {
    const key = inboxKey(viewerId)
    const known = this.kept.get(key)
    if (known instanceof KeptInbox) {
      this.use(known)
      return known
    }
    const moves = [viewerId, ...conversationIds]
    const byteSize = objectByteSize + 2 * basisByteSize * moves.length
    if (byteSize > this.maxByteSize * share) return null
    const inbox = new KeptInbox(key, viewerId, conversationIds, byteSize)
    this.add(inbox, moves)
    return inbox
  }

  private add(one: Kept, moves: readonly Move[]): void {
    this.kept.set(one.key, one)
    this.byteSize += one.byteSize
    this.placeCount += moves.length
    this.placesOf.set(one, moves.length)
    if (one instanceof KeptAnswer) this.answerCount++
    for (const move of moves) {
      const here = this.resting.get(move)
      if (here) here.push(one)
      else this.resting.set(move, [one])
    }
  }

  /** Puts it last in the order in which they go. */
  private use(one: Kept): void {
    this.kept.delete(one.key)
    this.kept.set(one.key, one)
  }

  private drop(one: Kept, reason: 'moved' | 'room' | 'replaced'): void {
    if (one.isDead) return
    one.isDead = true
    this.kept.delete(one.key)
    this.byteSize -= one.byteSize
    this.deadPlaceCount += this.placesOf.get(one) ?? 0
    if (one instanceof KeptInbox) this.dropAnswersOf(one)
    else {
      this.answerCount--
      one.inbox?.answers.delete(one)
      if (dropped.hasSubscribers) dropped.publish({ reason, count: 1 })
    }
  }

  private dropAnswersOf({ answers }: KeptInbox): void {
    for (const answer of answers) this.drop(answer, 'moved')
    answers.clear()
  }

  private makeRoom(): void {
    for (const one of this.kept.values()) {
      if (this.byteSize <= this.maxByteSize) break
      this.drop(one, 'room')
    }
    this.sweep()
  }

  /** Places of dead ones cost memory that nobody counts: they are at most as many as those of the others, and some. */
  private sweep(): void {
    if (this.deadPlaceCount <= 10_000 || this.deadPlaceCount <= this.placeCount / 2) return
    for (const [move, here] of this.resting) {
      const staying = here.filter((one) => !one.isDead)
      if (staying.length === 0) this.resting.delete(move)
      else if (staying.length < here.length) this.resting.set(move, staying)
    }
    this.placeCount -= this.deadPlaceCount
    this.deadPlaceCount = 0
  }
}

/** What an answer itself rests on. A list of conversations is told of each of them by the inbox; one of messages goes on when some came. */
function movesOf({ moves }: Basis, conversationIds: ReadonlySet<string> | null, list: KeptList | null): Move[] {
  if (list?.of === 'inbox') return [...moves].filter((move) => conversationIds?.has(move) !== true)
  return list ? [...moves, changeOf(list.conversationId)] : [...moves]
}

const inboxKey = (viewerId: string) => `inbox ${viewerId}`
