import { hash } from 'node:crypto'

/**
 * What a key was used for: SHA-256 of the operation and its arguments, in the order the caller fixes. The same key with
 * another hash is another request.
 */
export function requestHash(operation: string, args: readonly (string | number | boolean | null)[]): Buffer {
  return hash('sha256', JSON.stringify([operation, ...args]), 'buffer')
}
