import type { ParleyStorage, TableName } from './storage.ts'

/** Keeps everything for as long as the program runs. The same object can be given to the next client. */
export function memoryStorage(): ParleyStorage {
  // As text: so a row cannot change after it was written, as on a disk.
  const tables: Record<TableName, Map<string, string>> = {
    meta: new Map(),
    conversations: new Map(),
    messages: new Map(),
    outbox: new Map(),
    session: new Map(),
  }
  return {
    async read(table, keyPrefix = '') {
      const rows = [...tables[table]].filter(([key]) => key.startsWith(keyPrefix))
      return rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, text]) => [key, JSON.parse(text) as unknown])
    },
    async write(rows, emptied = []) {
      for (const table of emptied) tables[table].clear()
      for (const { table, key, value } of rows) {
        if (value === undefined) tables[table].delete(key)
        else tables[table].set(key, JSON.stringify(value))
      }
    },
    close: () => undefined,
  }
}
