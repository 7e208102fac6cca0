import type { IncomingMessage } from 'node:http'
import type { ExecutionArgs } from 'graphql'
import { AppError, ValidationError } from '../../domain/errors.ts'
import type { ConnectedDevice, Viewer } from '../../domain/viewer.ts'
import type { EventArgs } from '../../execution/event-results.ts'
import type { Prepared } from '../../execution/operations.ts'
import type { ContextInit } from '../context.ts'
import type { BoundedSocket } from './bounded-socket.ts'
import { closeCodes } from './close-codes.ts'
import type { Delivered } from './delivered.ts'
import type { Incoming } from './incoming.ts'
import type { Outlet } from './outlet.ts'

export type ConnectionInit = Omit<ContextInit, 'traceId' | 'viewer'>

/** What is known of a socket. */
export interface Connection {
  socket: BoundedSocket
  /** What of its address counts as one client; null where it is the address of many. */
  network: string | null
  /** For the hook that opens it; null afterwards, so that an idle socket does not keep its request. */
  request: IncomingMessage | null
  outlet: Outlet
  incoming: Incoming
  init: ConnectionInit | null
  /** Whose token was checked when the socket opened; stays the viewer until the session ends. */
  viewer: Viewer | null
  /** What the viewer's client said it is; null when it did not. */
  device: ConnectedDevice | null
  /** Null until a device has a subscription. */
  delivered: Delivered | null
}

export interface Operation extends ExecutionArgs, EventArgs {
  prepared: Prepared
  /** The client's name for it, and graphql-ws's. */
  id: string
  ownId: string
  /** Whether the answer says what it costs. */
  isCostTold?: true
  connection: Connection
}

/** Closes a socket that could not be opened, with the code that tells its client why. */
export function refuse(socket: BoundedSocket, error: unknown) {
  if (error instanceof AppError && error.code === 'UNAUTHENTICATED') {
    socket.close(closeCodes.FORBIDDEN, 'Access token is wrong or expired')
  } else if (error instanceof ValidationError) {
    socket.close(closeCodes.BAD_REQUEST, error.message)
  } else {
    socket.close(closeCodes.TRY_AGAIN_LATER, 'Try again later')
  }
}

/** The authorization that connection_init carries; null when there is none. */
export function authorizationIn(connectionParams: Record<string, unknown> | undefined): string | null {
  const entry = Object.entries(connectionParams ?? {}).find(([key]) => key.toLowerCase() === 'authorization')
  if (entry === undefined || entry[1] === null) return null
  // Anything but text is refused like any other malformed token.
  return typeof entry[1] === 'string' ? entry[1] : 'malformed'
}
