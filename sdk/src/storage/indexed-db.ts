import { openDB, type IDBPDatabase } from 'idb'
import { StorageFullError, type ParleyStorage, type TableName } from './storage.ts'

const tables: readonly TableName[] = ['meta', 'conversations', 'messages', 'outbox', 'session']
/** Of the tables. What is in their rows has a version of its own. */
const tablesVersion = 1

const isFull = (error: unknown) => error instanceof Error && error.name === 'QuotaExceededError'

async function open(name: string, lost: () => void): Promise<IDBPDatabase> {
  const callbacks = {
    upgrade(database: IDBPDatabase) {
      for (const table of tables) if (!database.objectStoreNames.contains(table)) database.createObjectStore(table)
    },
    // A page with a newer version of the program waits for this one to let go.
    blocking: lost,
    terminated: lost,
  }
  try {
    return await openDB(name, tablesVersion, callbacks)
  } catch (error) {
    // Of a newer version of the program, which has these tables too: without a version it is opened as it is.
    if (error instanceof Error && error.name === 'VersionError') return openDB(name, undefined, callbacks)
    throw error
  }
}

/**
 * Keeps everything in the browser's IndexedDB, under this name. Rows are texts: as such they are read several times faster than
 * as objects.
 */
export function indexedDbStorage(name: string): ParleyStorage {
  let opened: Promise<IDBPDatabase> | null = null
  const database = () =>
    (opened ??= open(name, () => {
      void opened?.then((one) => one.close())
      opened = null
    }).catch((error: unknown) => {
      opened = null
      throw error
    }))
  return {
    sharedAs: name,
    async read(table, keyPrefix = '') {
      const range = keyPrefix === '' ? null : IDBKeyRange.bound(keyPrefix, `${keyPrefix}\uffff`)
      const transaction = (await database()).transaction(table)
      const [keys, texts] = await Promise.all([transaction.store.getAllKeys(range), transaction.store.getAll(range)])
      return keys.map((key, index) => [key as string, JSON.parse(texts[index] as string) as unknown])
    },
    async write(rows, emptied = []) {
      const names = [...new Set([...rows.map(({ table }) => table), ...emptied])]
      if (names.length === 0) return
      const transaction = (await database()).transaction(names, 'readwrite', { durability: 'relaxed' })
      // The end of the transaction says what became of all of them.
      const ignore = () => undefined
      try {
        for (const table of emptied) transaction.objectStore(table).clear().catch(ignore)
        for (const { table, key, value } of rows) {
          const store = transaction.objectStore(table)
          if (value === undefined) store.delete(key).catch(ignore)
          else store.put(JSON.stringify(value), key).catch(ignore)
        }
        await transaction.done
      } catch (error) {
        if (isFull(error) || isFull(transaction.error)) throw new StorageFullError({ cause: error })
        throw error
      }
    },
    close() {
      void opened?.then((one) => one.close()).catch(() => undefined)
      opened = null
    },
  }
}
