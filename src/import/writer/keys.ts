// Names of the source's things in the database: hashes, because a key of the source may be somebody's name or address, and
// must say nothing once that person is erased.
import { hash } from 'node:crypto'
import { fromDigest, type KeyHash } from '../spool/key-table.ts'

const digest = (...parts: string[]) => hash('sha256', parts.join('\0'), 'buffer')

export const hashedKey = (source: string, kind: 'user' | 'conversation', key: string) => digest(source, kind, key)
export const hashedEmail = (email: string) => digest('email', email.trim().toLowerCase())

/** The clientMessageId of an imported message, or of a part of one that was too long: by it a second import finds it. */
interface MessageId {
  text: string
  hash: KeyHash
}

export function messageIdOf(source: string, conversation: string, key: string, part: number): MessageId {
  const text = hash('sha256', `${source}\0message\0${conversation}\0${key}\0${part}`, 'base64url')
  return { text: `import:${text}`, hash: fromDigest(text) }
}

/** Undefined for one that no import has made. */
export const hashOfMessageId = (text: string): KeyHash | undefined =>
  text.startsWith('import:') ? fromDigest(text.slice('import:'.length)) : undefined
