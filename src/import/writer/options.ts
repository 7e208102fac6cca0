// What the parts of the writer hand to each other.
import type { ImportedAttachment, Records } from '../model.ts'
import type { ImportDatabase } from './database.ts'
import type { Mapping, PeopleResult } from './people.ts'
import type { NotKept } from './rows.ts'

/** Bytes of a file of the source, made ready to be attached; null when they cannot be. */
export interface PreparedFile {
  insert: (conversationId: string, seq: number, place: number) => Promise<void>
}

export interface WriterOptions {
  db: ImportDatabase
  /** Which of several sources of one format: keys of two workspaces may be the same. */
  source: string
  mapping: Mapping
  prepareFile: (
    attachment: ImportedAttachment,
    uploaderId: string,
    seed: string,
    lose: (what: string) => void,
  ) => Promise<PreparedFile | null>
  onProgress: (done: number, all: number) => void
}

export interface WriteResult {
  peopleMade: number
  conversationsMade: number
  messagesWritten: number
  /** They were there from an earlier import. */
  messagesPresent: number
  /** Of these: edited, deleted or reacted to since. */
  messagesChanged: number
  notKept: Records<NotKept>
  /** People who are known to the embedding product now, and those who were invited; absent: nobody was to be. */
  identitiesMade?: number
  invitationsMade?: number
}

export interface Writing extends WriterOptions {
  people: PeopleResult
  result: WriteResult
  lose: (key: string, what: string) => void
}

/** Whoever the source does not name. */
export const hidden = {
  key: '\0hidden',
  handle: null,
  name: 'Deleted account',
  email: null,
  bot: false,
  active: false,
  placeholder: true,
}
