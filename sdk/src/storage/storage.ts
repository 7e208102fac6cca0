/**
 * `outbox` outlives everything: what is written there was not sent yet. `session` says who is signed in, and which device this is.
 * The others are a copy of what the server has.
 */
export type TableName = 'meta' | 'conversations' | 'messages' | 'outbox' | 'session'

export interface Row {
  table: TableName
  key: string
  /** A value of JSON; undefined takes the row out. */
  value: unknown
}

/** Where a client keeps its copy and its outbox. One's own needs no more than this. */
export interface ParleyStorage {
  /** Clients in other tabs that use the same storage know it by this name; without it this client has it for itself. */
  readonly sharedAs?: string
  /** All rows of a table whose key begins so, in the order of their keys. */
  read(table: TableName, keyPrefix?: string): Promise<[key: string, value: unknown][]>
  /**
   * Writes all rows, or none: in one transaction. `emptied` tables lose their rows first, in the same transaction. Rejects with a
   * StorageFullError where there is no room.
   */
  write(rows: readonly Row[], emptied?: readonly TableName[]): Promise<void>
  close(): void
}

/** There is no room left: nothing of this write was stored. */
export class StorageFullError extends Error {
  override readonly name = 'StorageFullError'
  constructor(options?: ErrorOptions) {
    super('There is no room left to store messages on this device', options)
  }
}

/**
 * Whether what is written is kept. TRIMMED: without older messages, as there was no room. FULL and REFUSED go on in memory, until the
 * client is closed.
 */
export type StorageState = 'KEPT' | 'TRIMMED' | 'FULL' | 'REFUSED'
