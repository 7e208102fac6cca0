// Counts what a process does, from the moment this is imported: before the server, which it does not change.
import { subscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'

export const workCounts = {
  /** Events executed for subscriptions. */
  executions: 0,
  /** Results of operations, events among them, made into JSON. */
  serialisedResults: 0,
  /** Anything else made into JSON: an event for the bus, what a key is computed of. */
  otherSerialisations: 0,
  /** Writes to clients' sockets, each one system call. */
  socketWrites: 0,
}

export type WorkCounts = typeof workCounts

subscribe('parley:event-executed', () => {
  workCounts.executions++
})

const stringify = JSON.stringify
JSON.stringify = ((...args: Parameters<typeof stringify>) => {
  if (isResult(args[0])) workCounts.serialisedResults++
  else workCounts.otherSerialisations++
  return stringify(...args)
}) as typeof stringify

const partsOfResult = ['data', 'errors', 'extensions']

/** An answer to an operation, as it is or in a message of graphql-ws. An event on its way to the bus has `data`, too. */
function isResult(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if ('payload' in value) return isResult(value.payload) || Array.isArray(value.payload)
  const parts = Object.keys(value)
  return parts.length > 0 && parts.every((part) => partsOfResult.includes(part))
}

// What streams call when there is something to write: one chunk, or all that added up while corked.
type Write = (this: Socket & { server?: unknown }, ...args: unknown[]) => void
const prototype = Socket.prototype as unknown as Record<'_write' | '_writev', Write>
for (const name of ['_write', '_writev'] as const) {
  const write = prototype[name]
  prototype[name] = function (...args) {
    // Only connections that came in belong to a server: those to PostgreSQL and Redis do not.
    if (this.server) workCounts.socketWrites++
    write.apply(this, args)
  }
}
