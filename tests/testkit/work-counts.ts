// Counts the work of a process from the import of this module on: import it before the server. It changes nothing else.
import { subscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'

export const workCounts = {
  /** Events executed for subscriptions. */
  executions: 0,
  /** Results of operations, events included, serialised to JSON. */
  serialisedResults: 0,
  /** Everything else serialised to JSON: an event for the bus, the input of a key's hash. */
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

/** Whether it is a result of an operation, alone or in a message of graphql-ws. An event for the bus has `data` too. */
function isResult(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if ('payload' in value) return isResult(value.payload) || Array.isArray(value.payload)
  const parts = Object.keys(value)
  return parts.length > 0 && parts.every((part) => partsOfResult.includes(part))
}

// Streams call these to write: one chunk, or all chunks that were collected while corked.
type Write = (this: Socket & { server?: unknown }, ...args: unknown[]) => void
const prototype = Socket.prototype as unknown as Record<'_write' | '_writev', Write>
for (const name of ['_write', '_writev'] as const) {
  const write = prototype[name]
  prototype[name] = function (...args) {
    // Only incoming connections belong to a server; those to PostgreSQL and Redis do not.
    if (this.server) workCounts.socketWrites++
    write.apply(this, args)
  }
}
