import { hash } from 'node:crypto'

/**
 * Identifies the request of a key: SHA-256 of the operation and its arguments, in an order that the caller fixes. The same
 * key with another hash is another request.
 */
export function requestHash(operation: string, args: readonly (string | number | boolean | null)[]): Buffer {
  return hash('sha256', JSON.stringify([operation, ...args]), 'buffer')
}
