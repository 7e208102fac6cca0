import type { Id } from '../replica/state.ts'
import { StorageFullError, type ParleyStorage, type Row } from '../storage/storage.ts'
import { fileKey, type Operation } from './operations.ts'

const base64Of = async (bytes: Blob): Promise<string> => {
  const array = new Uint8Array(await bytes.arrayBuffer())
  let text = ''
  for (let at = 0; at < array.length; at += 32_768) text += String.fromCharCode(...array.subarray(at, at + 32_768))
  return btoa(text)
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))

/** The outbox in the storage. What cannot be stored is kept in memory, and told. */
export class OutboxRows {
  private readonly files = new Map<string, Blob>()
  constructor(
    private readonly storage: ParleyStorage,
    private readonly onError: (error: unknown) => void = () => undefined,
    /** Gives up what the server has; false: nothing is left to give up. */
    private readonly makeRoom: () => Promise<boolean> = async () => false,
  ) {}

  /** All kept operations of this person. */
  async read(viewerId: Id): Promise<Operation[]> {
    try {
      const rows = await this.storage.read('outbox')
      const operations = rows.filter(([key]) => !key.includes('/')).map(([, value]) => value as Operation)
      return operations.filter((operation) => operation.viewerId === viewerId)
    } catch (error) {
      this.onError(error)
      return []
    }
  }

  async write(operations: readonly Operation[], gone: readonly string[], files: readonly Blob[] = []): Promise<void> {
    const [first] = operations
    const rows: Row[] = operations.map((value) => ({ table: 'outbox', key: value.key, value }))
    for (const key of gone) {
      // Under another key the same files are sent.
      if (first && gone.length === 1 && first.key !== key) await this.move(key, first, rows)
      rows.push({ table: 'outbox', key, value: undefined })
      if (!first) rows.push(...this.takenFiles(key))
    }
    for (const [index, file] of files.entries()) {
      if (!first) break
      const key = fileKey(first.key, index)
      this.files.set(key, file)
      rows.push({ table: 'outbox', key, value: await base64Of(file) })
    }
    await this.store(rows)
  }

  /** The bytes of a file that was not uploaded yet; null when they are gone. */
  async bytes(key: string, index: number): Promise<Blob | null> {
    const at = fileKey(key, index)
    const held = this.files.get(at)
    if (held) return held
    const rows = await this.storage.read('outbox', at)
    const row = rows.find(([found]) => found === at)
    return row ? new Blob([bytesOf(row[1] as string)]) : null
  }

  async dropBytes(key: string, index: number): Promise<void> {
    const at = fileKey(key, index)
    this.files.delete(at)
    await this.store([{ table: 'outbox', key: at, value: undefined }])
  }

  private takenFiles(key: string): Row[] {
    const count = 10
    return Array.from({ length: count }, (_, index) => {
      this.files.delete(fileKey(key, index))
      return { table: 'outbox' as const, key: fileKey(key, index), value: undefined }
    })
  }

  private async move(from: string, to: Operation, rows: Row[]): Promise<void> {
    if (to.kind !== 'SEND') return
    for (const [index, { attachmentId }] of to.files.entries()) {
      if (attachmentId !== null) continue
      const bytes = await this.bytes(from, index)
      if (!bytes) continue
      this.files.set(fileKey(to.key, index), bytes)
      rows.push({ table: 'outbox', key: fileKey(to.key, index), value: await base64Of(bytes) })
    }
    rows.push(...this.takenFiles(from))
  }

  private async store(rows: Row[]): Promise<void> {
    try {
      await this.storage.write(rows)
    } catch (error) {
      if (error instanceof StorageFullError && (await this.makeRoom())) await this.store(rows)
      else this.onError(error)
    }
  }
}
