import { derived } from '../stores/derived.ts'
import { Value, type Store } from '../stores/store.ts'
import { applyMessage } from '../replica/apply-answer.ts'
import type { Replica } from '../replica/replica.ts'
import type { Id } from '../replica/state.ts'
import { isRequestError } from '../requests/errors.ts'
import { isInCopy } from './in-copy.ts'
import type { OutboxRows } from './outbox-rows.ts'
import { keyOfPending, laneOf, type Operation, type SendOperation } from './operations.ts'
import { resolved, transmit, type Outcome, type TransmitOptions } from './transmit.ts'

export interface OutboxOptions extends Pick<TransmitOptions, 'requests' | 'put'> {
  replica: Replica
  rows: OutboxRows
  /** Tells the other tabs what has changed here. */
  onChange?: (changes: readonly OutboxChange[]) => void
  /** An acknowledged write whose event has not come after 10 s, and other things that should not be. */
  onDiagnostics?: (what: string, detail: object) => void
}

export interface OutboxChange {
  key: string
  /** Null: it is done, or was dropped. */
  operation: Operation | null
}

const [leastWaitMs, mostWaitMs] = [500, 30_000]
const eventDeadlineMs = 10_000
const readDeadlineMs = 3_000

/** The writes of this person that are not in the copy yet: kept, sent in order, and repeated with their keys until there is an outcome. */
export class Outbox {
  private readonly value = new Value<readonly Operation[]>([])
  private readonly busy = new Map<string, AbortController>()
  private readonly timers = new Set<ReturnType<typeof setTimeout>>()
  /** Lanes that wait before they try again, and whether the server has asked for it. */
  private readonly paused = new Map<string, { isAskedFor: boolean }>()
  private isSender = false
  private isOnline = false
  private failures = 0
  private readonly stopWatching: () => void

  constructor(private readonly options: OutboxOptions) {
    this.stopWatching = options.replica.state.subscribe(() => this.settle())
  }

  get operations(): Store<readonly Operation[]> {
    return this.value
  }

  /** What the person has to decide about. */
  readonly refused: Store<readonly Operation[]> = derived([this.value], (_, all) =>
    all.filter(({ state }) => state === 'REFUSED'),
  )

  /** Takes up what was kept. */
  async open(viewerId: Id): Promise<void> {
    const kept = await this.options.rows.read(viewerId)
    const here = new Set(this.value.getSnapshot().map(({ key }) => key))
    // What was under way may have arrived or not: it is sent again with its key.
    const waiting = kept
      .filter(({ key }) => !here.has(key))
      .map((one): Operation => (one.state === 'SENDING' ? { ...one, state: 'WAITING' } : one))
    this.value.set([...waiting, ...this.value.getSnapshot()].sort((a, b) => a.order - b.order))
    this.settle()
    this.send()
  }

  /** Of several tabs one sends. */
  setSender(isSender: boolean): void {
    this.isSender = isSender
    if (isSender) this.send()
  }

  setOnline(isOnline: boolean): void {
    this.isOnline = isOnline
    this.failures = 0
    for (const [lane, { isAskedFor }] of this.paused) if (!isAskedFor) this.paused.delete(lane)
    if (isOnline) this.send()
  }

  close(): void {
    this.stopWatching()
    this.isSender = false
    for (const timer of this.timers) clearTimeout(timer)
    this.value.set([])
  }

  /** What another tab has changed. */
  receive(changes: readonly OutboxChange[]): void {
    this.set(changes, true)
    this.send()
  }

  /** Shown at once; resolves when it is kept, or when it is known that it cannot be. */
  async add(operation: Operation, files: readonly Blob[] = []): Promise<void> {
    const replaced = operation.kind === 'READ' ? this.waitingReads(operation.conversationId) : []
    const gone = replaced.map(({ key }) => ({ key, operation: null }))
    this.set([...gone, { key: operation.key, operation }])
    await this.options.rows.write(
      [operation],
      gone.map(({ key }) => key),
      files,
    )
    this.send()
  }

  /** Tries a refused one again, as it is or changed. */
  async retry(key: string, changes: { text?: string } = {}, newKey?: string): Promise<void> {
    const operation = this.find(key)
    if (operation?.state !== 'REFUSED') return
    const text = 'text' in operation && changes.text !== undefined ? { text: changes.text } : {}
    // The same key with another text would be another request with a used key.
    const again = { ...operation, ...text, state: 'WAITING', refusal: null, key: newKey ?? key } as Operation
    await this.update(again, key)
    this.send()
  }

  /** Forgets one, with those that depend on it. What is under way may be sent already. */
  async drop(key: string): Promise<void> {
    const dependent = this.dependentOn(key).map((one) => one.key)
    await this.remove([key, ...dependent])
    this.send()
  }

  find(key: string): Operation | undefined {
    return this.value.getSnapshot().find((operation) => operation.key === key)
  }

  private waitingReads(conversationId: Id): Operation[] {
    return this.value
      .getSnapshot()
      .filter((one) => one.kind === 'READ' && one.conversationId === conversationId && one.state === 'WAITING')
  }

  private dependentOn(key: string): Operation[] {
    return this.value.getSnapshot().filter((one) => 'messageId' in one && keyOfPending(one.messageId) === key)
  }

  private set(changes: readonly OutboxChange[], isFromOther = false): void {
    const byKey = new Map(this.value.getSnapshot().map((one) => [one.key, one]))
    for (const { key, operation } of changes) {
      if (operation) byKey.set(key, operation)
      else byKey.delete(key)
    }
    this.value.set([...byKey.values()].sort((a, b) => a.order - b.order))
    if (!isFromOther) this.options.onChange?.(changes)
  }

  private async update(operation: Operation, formerKey = operation.key): Promise<void> {
    const gone = formerKey === operation.key ? [] : [{ key: formerKey, operation: null }]
    this.set([...gone, { key: operation.key, operation }])
    await this.options.rows.write(
      [operation],
      gone.map(({ key }) => key),
    )
  }

  private async remove(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    this.set(keys.map((key) => ({ key, operation: null })))
    await this.options.rows.write([], keys)
  }

  /** Begins what can be sent: of each lane the first. */
  private send(): void {
    if (!this.isSender || !this.isOnline) return
    const taken = new Set(this.busy.keys())
    for (const operation of this.value.getSnapshot()) {
      const lane = laneOf(operation)
      // A refused one lets the others pass: they do not depend on it, or were refused with it.
      if (
        taken.has(lane) ||
        this.paused.has(lane) ||
        operation.state === 'ACKNOWLEDGED' ||
        operation.state === 'REFUSED'
      )
        continue
      taken.add(lane)
      void this.sendOne(operation, lane)
    }
  }

  private async sendOne(waiting: Operation, lane: string): Promise<void> {
    this.busy.set(lane, new AbortController())
    const operation: Operation = { ...waiting, state: 'SENDING', attempts: waiting.attempts + 1 }
    // Before it is sent: what was sent once is never dropped without a trace.
    await this.update(operation)
    let pause = { waitMs: 0, isAskedFor: false }
    try {
      const { requests, put } = this.options
      const outcome = await transmit(operation, {
        requests,
        ...(put && { put }),
        bytesOf: (send, index) => this.options.rows.bytes(send.key, index),
        uploaded: (send, index, attachmentId) => this.uploaded(send, index, attachmentId),
      })
      this.failures = 0
      await this.finish(operation, outcome)
    } catch (error) {
      pause = await this.fail(operation, error)
    }
    this.busy.delete(lane)
    if (pause.waitMs === 0) {
      this.send()
      return
    }
    this.paused.set(lane, pause)
    this.later(pause.waitMs, () => {
      if (this.paused.get(lane) === pause) this.paused.delete(lane)
      this.send()
    })
  }

  private later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      act()
    }, ms)
    this.timers.add(timer)
  }

  /** How long until the next attempt. */
  private async fail(operation: Operation, error: unknown): Promise<{ waitMs: number; isAskedFor: boolean }> {
    const present = this.find(operation.key)
    const none = { waitMs: 0, isAskedFor: false }
    if (!present) return none
    const code = isRequestError(error) ? error.code : 'INTERNAL'
    const reason = error instanceof Error ? error.message : String(error)
    // Without a session nothing is refused: it waits until somebody is logged in.
    const isTemporary =
      isRequestError(error) && (error.retryable || code === 'UNAUTHENTICATED' || code === 'WRONG_SERVER')
    if (!isTemporary) {
      await this.finish(operation, { kind: 'REFUSED', code, reason })
      return none
    }
    this.set([{ key: present.key, operation: { ...present, state: 'WAITING' } }])
    const backoffMs = Math.min(mostWaitMs, leastWaitMs * 2 ** this.failures++) * (0.5 + Math.random())
    const askedMs = error.retryAfterMs ?? 0
    return { waitMs: Math.max(askedMs, backoffMs), isAskedFor: askedMs > 0 }
  }

  private async uploaded(send: SendOperation, index: number, attachmentId: Id): Promise<SendOperation> {
    const files = send.files.map((file, at) => (at === index ? { ...file, attachmentId } : file))
    const next = { ...send, files }
    if (this.find(send.key)) await this.update(next)
    await this.options.rows.dropBytes(send.key, index)
    return next
  }

  private async finish(sent: Operation, outcome: Outcome): Promise<void> {
    const present = this.find(sent.key)
    // Dropped meanwhile, or its event was here before the answer.
    if (!present) return
    if (outcome.kind === 'REFUSED') {
      const { code, reason } = outcome
      const refused = [present, ...this.dependentOn(sent.key)]
      for (const one of refused) await this.update({ ...one, state: 'REFUSED', refusal: { code, reason } })
      return
    }
    const ack = { eventSeq: outcome.eventSeq ?? 0, atMs: Date.now() }
    const done = { ...present, state: 'ACKNOWLEDGED', ack } as Operation
    const { message } = outcome
    if (done.kind === 'SEND') done.message = message
    if (message) for (const one of this.dependentOn(sent.key)) await this.update(resolved(one, sent.key, message))
    await this.update(done)
    this.later(done.kind === 'READ' ? readDeadlineMs : eventDeadlineMs, () => void this.overdue(done))
    this.settle()
  }

  /** The event should be here by now: what the answer said is shown without it. */
  private async overdue(operation: Operation): Promise<void> {
    if (this.find(operation.key) !== operation) return
    if (operation.kind !== 'READ') this.options.onDiagnostics?.('ACK_WITHOUT_EVENT', { key: operation.key })
    if (operation.kind === 'SEND' && operation.message) {
      const { message, conversationId } = operation
      await this.options.replica.change([conversationId], (state) => applyMessage(state, conversationId, message))
    }
    await this.remove([operation.key])
  }

  /** Removes what is in the copy now. */
  private settle(): void {
    const state = this.options.replica.snapshot
    const done = this.value.getSnapshot().filter((operation) => isInCopy(operation, state))
    if (done.length > 0) void this.remove(done.map(({ key }) => key)).then(() => this.send())
  }
}
