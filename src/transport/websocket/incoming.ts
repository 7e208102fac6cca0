import { MessageType, parseMessage, type Message } from 'graphql-ws'
import type { Logger } from '../../telemetry/logger.ts'
import { isTooDeep } from '../json-depth.ts'
import type { BoundedSocket } from './bounded-socket.ts'
import { closeCodes } from './close-codes.ts'

/** What a client may send; the rest of the protocol is the server's. */
const fromClient: ReadonlySet<string> = new Set([
  MessageType.ConnectionInit,
  MessageType.Ping,
  MessageType.Pong,
  MessageType.Subscribe,
  MessageType.Complete,
])

const idStart = '{"id":"'

/**
 * The messages of one socket on their way to graphql-ws and back. graphql-ws keeps an operation by the client's id and asks
 * after each await whether that id is there; an id that is used again meanwhile makes it take the new operation for the old
 * one. So each operation has an id of its own in there: the client's, behind a number.
 */
export class Incoming {
  /** By the client's id, the own id of the operation that has it now. */
  private readonly running = new Map<string, string>()
  private operationCount = 0

  constructor(
    private readonly socket: BoundedSocket,
    private readonly logger: Logger,
  ) {}

  /** `take` is graphql-ws's own. It takes messages as well as their text, which is so read once. */
  receive(text: string, take: (message: string) => Promise<void>): void {
    const { socket } = this
    // As after the end of its session: what still arrives must have no effect.
    if (socket.readyState !== socket.OPEN) return
    const message = clientMessage(text)
    // Anybody can send anything: that is no reason for a line in the log.
    if (!message) {
      socket.close(closeCodes.BAD_REQUEST, 'Not a message of a graphql-transport-ws client')
      return
    }
    const inward = this.inward(message)
    if (!inward) return
    take(inward as unknown as string).catch((error: unknown) => {
      this.logger.error({ err: error }, 'A WebSocket message could not be handled')
      socket.close(closeCodes.INTERNAL_ERROR, 'Internal server error')
    })
  }

  /** The operation is over: its id is free again, unless another operation has taken it. */
  ended(ownId: string): void {
    const id = clientId(ownId)
    if (this.running.get(id) === ownId) this.running.delete(id)
  }

  /** The message under the operation's own id; null when there is nothing more to do with it. */
  private inward(message: Message): Message | null {
    const { running, socket } = this
    if (message.type === MessageType.Subscribe) {
      const { id } = message
      if (running.has(id)) {
        socket.close(closeCodes.SUBSCRIBER_ALREADY_EXISTS, 'An operation with this id is running')
        return null
      }
      const ownId = `${String(++this.operationCount)}:${id}`
      running.set(id, ownId)
      return { ...message, id: ownId }
    }
    if (message.type !== MessageType.Complete) return message
    const ownId = running.get(message.id)
    running.delete(message.id)
    return ownId === undefined ? null : { ...message, id: ownId }
  }
}

/** Null for what is none, or is the server's to send. */
function clientMessage(text: string): Message | null {
  if (isTooDeep(text)) return null
  try {
    const message = parseMessage(text)
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
