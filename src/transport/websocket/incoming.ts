import { MessageType, parseMessage, type Message, type SubscribeMessage } from 'graphql-ws'
import type { Share } from '../../fairness/shares.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { jsonFault } from '../json-bounds.ts'
import type { BoundedSocket } from './bounded-socket.ts'
import { closeCodes, tooMuch } from './close-codes.ts'
import type { Paced, Pacer } from './pacer.ts'

/** What a client may send; the rest of the protocol is the server's. */
const fromClient: ReadonlySet<string> = new Set([
  MessageType.ConnectionInit,
  MessageType.Ping,
  MessageType.Pong,
  MessageType.Subscribe,
  MessageType.Complete,
])

const idStart = '{"id":"'
/** Characters of a client's name for an operation. */
const maxIdLength = 64
/**
 * Operations that were begun and have not come to their end, whatever the client says: a few more than may run, as those
 * that it has completed are on their way out. Beyond that its messages wait.
 */
const maxUnsettled = 128
/** Messages of one socket in one turn of the event loop, and microseconds that they may take. */
const maxPerTurn = 64
const maxTurnUs = 4_000
/** Milliseconds for which a socket may go on sending more than is taken, with pauses shorter than this in between. */
const maxOverMs = 15_000
const calmMs = 1_000

/** graphql-ws's own. It takes messages as well as their text, which is so read once. */
type Take = (message: string) => Promise<void>

/** An operation, from its message until it has settled. */
interface Own {
  /** Its id in graphql-ws. */
  id: string
  /** Bytes that are kept of what it was asked with. */
  byteSize: number
}

/**
 * The messages of one socket on their way to graphql-ws and back. graphql-ws keeps an operation by the client's id and asks
 * after each await whether that id is there; an id that is used again meanwhile makes it take the new operation for the old
 * one. So each operation has an id of its own in there: the client's, behind a number.
 *
 * Who sends more than may be taken is not read from for a while, and sent away when that does not help.
 */
export class Incoming implements Paced {
  /** By the client's id, the operation that has it now. */
  private readonly running = new Map<string, Own>()
  private operationCount = 0
  private unsettledCount = 0
  private isNew = true
  private turn = -1
  private takenInTurn = 0
  private turnUs = 0
  /** Messages that wait; null while none do. */
  private waiting: string[] | null = null
  private overSinceMs = 0
  private calmSinceMs = 0
  private take: Take | null = null

  constructor(
    private readonly socket: BoundedSocket,
    private readonly logger: Logger,
    private readonly pacer: Pacer,
    private share: Share,
  ) {}

  /** It is known who this is. */
  become(share: Share): void {
    const byteSize = this.waiting?.reduce((sum, text) => sum + text.length, 0) ?? 0
    this.share.release(byteSize)
    this.share = share
    if (share.keep(byteSize)) return
    this.waiting = []
    this.giveUp()
  }

  receive(text: string, take: Take): void {
    const { socket } = this
    // As after the end of its session: what still arrives must have no effect.
    if (socket.readyState !== socket.OPEN) return
    // The next one has its own time.
    socket.unfinishedSinceMs = 0
    this.take = take
    if (this.waiting === null && this.mayTake(isEnd(text))) this.handle(text)
    else this.wait(text)
  }

  goOn(): boolean {
    const { socket, waiting } = this
    if (!waiting) return true
    while (socket.readyState === socket.OPEN && waiting.length > 0) {
      if (!this.mayTake()) {
        if (nowMs() - this.overSinceMs < maxOverMs) return false
        this.share.refuse('messages-per-socket')
        this.giveUp()
        break
      }
      const text = waiting.shift() ?? ''
      this.share.release(text.length)
      this.handle(text)
    }
    for (const text of waiting) this.share.release(text.length)
    this.waiting = null
    this.calmSinceMs = nowMs()
    socket.resume()
    return true
  }

  /** The operation is over: its id is free again, unless another operation has taken it. */
  ended(ownId: string): void {
    const id = clientId(ownId)
    if (this.running.get(id)?.id === ownId) this.running.delete(id)
  }

  /** From now on no more is kept of what the operation was asked with. */
  keepOnly(ownId: string, byteSize: number): void {
    const own = this.running.get(clientId(ownId))
    if (own?.id !== ownId || own.byteSize <= byteSize) return
    this.share.release(own.byteSize - byteSize)
    own.byteSize = byteSize
  }

  /**
   * What ends an operation need not wait: nothing gets cheaper by that. Nor need the first message: whoever comes must be
   * able to say who they are, whatever others do who have not said it.
   */
  private mayTake(isEnd = false): boolean {
    const { socket, share, pacer } = this
    if (this.isNew || isEnd) return !socket.frames.isEmpty
    if (this.turn !== pacer.turn) {
      this.turn = pacer.turn
      this.takenInTurn = 0
      this.turnUs = 0
    }
    if (this.takenInTurn >= maxPerTurn || this.turnUs >= maxTurnUs || this.unsettledCount >= maxUnsettled) return false
    return !(socket.frames.isEmpty || share.frames.isEmpty || share.openings.isEmpty || share.messageWork.isEmpty)
  }

  private wait(text: string): void {
    const { socket, share } = this
    if (!share.keep(text.length)) {
      this.giveUp()
      return
    }
    if (!this.waiting) {
      if (nowMs() - this.calmSinceMs > calmMs) this.overSinceMs = nowMs()
      this.waiting = []
      socket.pause()
    }
    this.waiting.push(text)
    this.pacer.add(this)
  }

  private handle(text: string): void {
    const { socket, share } = this
    const startedMs = performance.now()
    this.pacer.noteMessage()
    this.takenInTurn++
    socket.frames.spend()
    if (this.isNew) {
      this.isNew = false
      this.dispatch(text)
      return
    }
    if (share.frames !== socket.frames) share.frames.spend()
    this.dispatch(text)
    const tookMs = performance.now() - startedMs
    // A whole number, which V8 keeps in the object itself: so are the times.
    this.turnUs += (tookMs * 1_000) | 0
    share.messageWork.spend(tookMs)
  }

  private dispatch(text: string): void {
    const { socket, take } = this
    const message = clientMessage(text)
    // Anybody can send anything: that is no reason for a line in the log.
    if (!message || !take) {
      socket.close(closeCodes.BAD_REQUEST, 'Not a message of a graphql-transport-ws client')
      return
    }
    if (message.type === MessageType.Subscribe) this.begin(message, text.length, take)
    else if (message.type === MessageType.Complete) this.complete(message.id, take)
    else this.handOver(message, take)
  }

  private begin({ id, payload }: SubscribeMessage, byteSize: number, take: Take): void {
    const { running, socket, share } = this
    if (running.has(id)) {
      socket.close(closeCodes.SUBSCRIBER_ALREADY_EXISTS, 'An operation with this id is running')
      return
    }
    if (!share.keep(byteSize)) {
      this.giveUp()
      return
    }
    const own: Own = { id: `${String(++this.operationCount)}:${id}`, byteSize }
    running.set(id, own)
    this.unsettledCount++
    const settled = (error: unknown) => {
      this.unsettledCount--
      share.release(own.byteSize)
      if (error !== undefined) this.failed(error)
    }
    const { operationName, query, variables, extensions } = payload
    // Nothing of it but this: graphql-ws keeps the message for as long as the operation runs.
    const kept = { type: MessageType.Subscribe, id: own.id, payload: { operationName, query, variables, extensions } }
    this.hand(kept as Message, take).then(settled, settled)
  }

  private complete(id: string, take: Take): void {
    const own = this.running.get(id)
    this.running.delete(id)
    if (own) this.handOver({ type: MessageType.Complete, id: own.id }, take)
  }

  private handOver(message: Message, take: Take): void {
    this.hand(message, take).catch((error: unknown) => this.failed(error))
  }

  private hand(message: Message, take: Take): Promise<void> {
    return take(message as unknown as string)
  }

  private failed(error: unknown): void {
    this.logger.error({ err: error }, 'A WebSocket message could not be handled')
    this.socket.close(closeCodes.INTERNAL_ERROR, 'Internal server error')
  }

  private giveUp(): void {
    this.socket.close(closeCodes.TOO_MUCH_WORK, tooMuch)
  }
}

const nowMs = () => Math.floor(performance.now())

/** As clients write it. */
const isEnd = (text: string) => text.length < 2 * maxIdLength && text.includes('"complete"')

/** Null for what is none, or is the server's to send. */
function clientMessage(text: string): Message | null {
  if (jsonFault(text) !== null) return null
  try {
    const message = parseMessage(text)
    if ('id' in message && message.id.length > maxIdLength) return null
    return fromClient.has(message.type) ? message : null
  } catch {
    return null
  }
}

export const clientId = (ownId: string): string => ownId.slice(ownId.indexOf(':') + 1)

/** A message of graphql-ws as the client gets it. graphql-ws writes the id first where there is one. */
export function outward(text: string): string {
  return text.startsWith(idStart) ? idStart + text.slice(text.indexOf(':', idStart.length) + 1) : text
}
