// Names of the source's things in the database: hashes, because a key of the source may be somebody's name or address, and
// must say nothing once that person is erased.
import { hash } from 'node:crypto'

const digest = (...parts: string[]) => hash('sha256', parts.join('\0'), 'buffer')

export const hashedKey = (source: string, kind: 'user' | 'conversation', key: string) => digest(source, kind, key)
export const hashedEmail = (email: string) => digest('email', email.trim().toLowerCase())

/** The clientMessageId of an imported message, or of a part of one that was too long: by it a second import finds it. */
export const messageId = (source: string, conversation: string, key: string, part: number) =>
  `import:${digest(source, 'message', conversation, key, String(part)).toString('base64url')}`
