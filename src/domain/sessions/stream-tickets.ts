import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { parse as parseUuid, stringify as stringifyUuid } from 'uuid'
import { timeMs } from '../../clock.ts'
import { ForbiddenError, UnauthenticatedError } from '../errors.ts'
import type { Viewer } from '../viewer.ts'
import type { SessionWatch } from './session-watch.ts'

/** Milliseconds in which a ticket has to be used for the first time. */
const openWithinMs = 60_000

/** What a ticket is for. */
export interface TicketedOperation {
  /** The text of the document. */
  query: string
  variables?: Readonly<Record<string, unknown>> | null
  operationName?: string | null
}

/** Where somebody went off, as only who was served can say it. */
export interface ServedPlace {
  place: string
  signature: string
}

/**
 * Tickets open one subscription of one session by an address, where no header can be sent: a browser's EventSource. Nothing
 * of them is stored. The places that a stream tells are signed for its ticket, so who was served goes on after the ticket
 * has expired, for as long as the session lives, and who only read the address somewhere does not.
 */
export interface StreamTickets {
  create(viewer: Viewer, operation: TicketedOperation): { ticket: string; expiresAt: Date }
  /**
   * Whose subscription it opens. Rejects with UnauthenticatedError for a ticket that is not ours, has expired unserved, or is
   * of an ended session; with ForbiddenError for another operation, or a place that was not told to its owner.
   */
  open(ticket: string, operation: TicketedOperation, served: ServedPlace | null): Promise<Viewer>
  sign(ticket: string, place: string): string
}

// version, session, viewer, end, operation, signature
const version = 1
const layout = { sessionAt: 1, userAt: 17, endAt: 33, operationAt: 39, signatureAt: 71, byteSize: 103 }
const ticketShape = /^[\w-]{138}$/
/** Of any ticket, in letters that stand in an address as they are. */
export const ticketLength = 138

const notOurs = () => new UnauthenticatedError('This ticket is not valid. Get one by createStreamTicket.')

/** The secret has to be the same in every process, and is used under names of its own. */
export function createStreamTickets(secret: string, watch: Pick<SessionWatch, 'check'>): StreamTickets {
  const keyFor = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', `parley ${use}`, 32))
  const ticketKey = keyFor('stream ticket')
  const placeKey = keyFor('place in a ticketed stream')
  const signatureOf = (signed: Uint8Array) => createHmac('sha256', ticketKey).update(signed).digest()

  const sign = (ticket: string, place: string) =>
    createHmac('sha256', placeKey).update(`${ticket} ${place}`).digest().toString('base64url', 0, 16)

  return {
    sign,

    create(viewer, operation) {
      const expiresAt = new Date(timeMs() + openWithinMs)
      const bytes = Buffer.alloc(layout.byteSize)
      bytes[0] = version
      bytes.set(parseUuid(viewer.sessionId), layout.sessionAt)
      bytes.set(parseUuid(viewer.userId), layout.userAt)
      bytes.writeUIntBE(expiresAt.getTime(), layout.endAt, 6)
      bytes.set(hashOf(operation), layout.operationAt)
      bytes.set(signatureOf(bytes.subarray(0, layout.signatureAt)), layout.signatureAt)
      return { ticket: bytes.toString('base64url'), expiresAt }
    },

    async open(ticket, operation, served) {
      if (!ticketShape.test(ticket)) throw notOurs()
      const bytes = Buffer.from(ticket, 'base64url')
      const { sessionAt, userAt, endAt, operationAt, signatureAt } = layout
      const signature = signatureOf(bytes.subarray(0, signatureAt))
      // Also of what has the right bytes in another writing: the places would be those of another ticket.
      if (bytes[0] !== version || bytes.toString('base64url') !== ticket) throw notOurs()
      if (!timingSafeEqual(signature, bytes.subarray(signatureAt))) throw notOurs()
      if (!hashOf(operation).equals(bytes.subarray(operationAt, signatureAt))) {
        throw new ForbiddenError('This ticket is for another subscription: other text, variables or operationName.')
      }
      if (served && !isSame(served.signature, sign(ticket, served.place))) {
        throw new ForbiddenError('The Last-Event-ID is none that this ticket was given.')
      }
      if (!served && bytes.readUIntBE(endAt, 6) <= timeMs()) {
        throw new UnauthenticatedError('This ticket has expired. Get a new one by createStreamTicket.')
      }
      const session = await watch.check(stringifyUuid(bytes.subarray(sessionAt, userAt)))
      if (session?.userId !== stringifyUuid(bytes.subarray(userAt, endAt))) {
        throw new UnauthenticatedError('This session has ended. Log in again.')
      }
      return { userId: session.userId, sessionId: session.sessionId, role: session.role }
    },
  }
}

function isSame(given: string, own: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(own)]
  return one.byteLength === other.byteLength && timingSafeEqual(one, other)
}

/** The same for what means the same, in whatever order the variables were written. */
function hashOf({ query, variables, operationName }: TicketedOperation): Buffer {
  const parts = [query, sorted(variables ?? {}), operationName ?? null]
  return createHash('sha256').update(JSON.stringify(parts)).digest()
}

/** Objects as lists of their entries. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return [0, ...value.map(sorted)]
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return [1, ...entries.map(([name, one]) => [name, sorted(one)])]
}
