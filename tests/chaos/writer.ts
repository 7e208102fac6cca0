import { setTimeout as sleep } from 'node:timers/promises'
import type { Person } from '../testkit/person.ts'
import { call, UnexpectedAnswer, type Reply } from './call.ts'
import type { Chance } from './chance.ts'
import type { Ack } from './verdict.ts'
import type { Talk, World } from './world.ts'
import { askerOf, marksUnread, nextWrite, type Sent, type Write } from './writes.ts'

interface Written {
  __typename: string
  ack?: {
    outcome: string
    cursor?: { streamId: string; eventSeq: number }
    lastReadSeq?: number
  }
  message?: { id: string; seq: number }
}

interface Status {
  state: 'ACCEPTED' | 'UNKNOWN'
  cursor: { streamId: string; eventSeq: number } | null
}

export interface WriterOptions {
  name: string
  person: Person
  world: World
  chance: Chance
  meanPauseMs: number
}

const statusQuery = `query ($key: String!) { writeStatus(opKey: $key) { state cursor { streamId eventSeq } message { id seq } } }`
const answerTimeoutMs = 3_000

/**
 * One device of a person. It writes one thing after the other, each until it has a definite answer, as the protocol tells a
 * client to, and records every answer.
 */
export class Writer {
  readonly acks: Ack[] = []
  readonly countsByKind = new Map<string, number>()
  readonly positions = new Map<string, number[]>()
  ackedCount = 0
  refusedCount = 0
  retriedCount = 0
  private readonly sent: Sent[] = []
  private stopped = false

  constructor(private readonly options: WriterOptions) {}

  get name(): string {
    return this.options.name
  }

  /** Resolves after stop() once its last write is settled. */
  async run(): Promise<void> {
    const { chance, meanPauseMs } = this.options
    while (!this.stopped) {
      await sleep(chance.between(1, meanPauseMs * 2))
      await this.settle(nextWrite({ ...this.options, sent: this.sent }))
    }
  }

  stop(): void {
    this.stopped = true
  }

  private async settle(write: Write): Promise<void> {
    const { world, chance, person } = this.options
    const asker = askerOf(write, person)
    let url: string | undefined
    const ask = async (query: string, variables: object): Promise<Reply> => {
      url = world.anyUrl(chance, url)
      return call(url, asker.session.accessToken, query, variables, answerTimeoutMs)
    }
    try {
      for (let attempt = 1; ; attempt++) {
        const reply = await ask(write.query, write.variables)
        if ('data' in reply) {
          this.note(write, asker, Object.values(reply.data)[0] as Written, attempt)
          return
        }
        if (attempt === 1) this.retriedCount++
        await sleep(Math.min(reply.retryAfterMs, 1_000) + chance.between(50, 400))
        // Half of the clients ask for the outcome, and half repeat the write.
        if (write.key === null || chance.next() < 0.5) continue
        const answer = await ask(statusQuery, { key: write.key })
        const status = 'data' in answer ? (answer.data.writeStatus as Status & Pick<Written, 'message'>) : null
        if (status?.state !== 'ACCEPTED' || !status.cursor) continue
        // A writer who has left since gets only the position; the write counts as settled.
        this.countAck(write.kind)
        write.done?.()
        if (status.message) this.noteAck(write, asker, status.cursor, status.message, attempt + 1, 'DUPLICATE')
        return
      }
    } catch (error) {
      if (!(error instanceof UnexpectedAnswer)) throw error
      if (error.code === 'NOT_FOUND' && (write.talk.churns || write.talk.clears)) {
        // Another member removed the writer between the write and the reading of its result.
        this.refusedCount++
        return
      }
      world.unexpected.push(`${this.name}: ${write.kind} was answered ${error.message}`)
    }
  }

  private note(write: Write, asker: Person, { __typename: type, ack, message }: Written, attempts: number): void {
    const { world } = this.options
    if (!write.outcomes.includes(type)) {
      world.unexpected.push(`${this.name}: ${write.kind} (attempt ${attempts}) was answered ${type}`)
    }
    if (!type.endsWith('Success')) {
      this.refusedCount++
      return
    }
    this.countAck(write.kind)
    write.done?.()
    if (ack?.cursor && message) {
      const outcome = ack.outcome === 'DUPLICATE' ? 'DUPLICATE' : 'ACCEPTED'
      this.noteAck(write, asker, ack.cursor, message, attempts, outcome)
    }
    if (ack?.lastReadSeq !== undefined) this.notePosition(write.talk, ack.lastReadSeq)
  }

  private noteAck(
    { kind, key, text, talk }: Write,
    asker: Person,
    { streamId, eventSeq }: { streamId: string; eventSeq: number },
    message: { id: string; seq: number },
    attempts: number,
    outcome: Ack['outcome'],
  ): void {
    const base = { who: asker.id, key: key ?? '', streamId, eventSeq, messageSeq: message.seq, attempts, outcome, text }
    this.acks.push({ ...base, kind: kind as Ack['kind'] })
    if (kind !== 'send') return
    talk.headSeq = Math.max(talk.headSeq, message.seq)
    this.sent.push({ talk, messageId: message.id })
  }

  private notePosition(talk: Talk, lastReadSeq: number): void {
    if (marksUnread(this.options.world, this.options.person, talk)) return
    this.positions.set(talk.id, [...(this.positions.get(talk.id) ?? []), lastReadSeq])
  }

  private countAck(kind: string): void {
    this.ackedCount++
    this.countsByKind.set(kind, (this.countsByKind.get(kind) ?? 0) + 1)
  }
}
