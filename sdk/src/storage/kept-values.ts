import type { ParleyStorage } from './storage.ts'

/** Single values that outlive the copy: who is signed in, and which device this is. */
export class KeptValues {
  constructor(private readonly storage: ParleyStorage) {}

  async read<T>(key: string): Promise<T | null> {
    const rows = await this.storage.read('session', key)
    return (rows.find(([found]) => found === key)?.[1] as T | undefined) ?? null
  }

  /** Null takes it out. */
  write(key: string, value: unknown): Promise<void> {
    return this.storage.write([{ table: 'session', key, value: value ?? undefined }])
  }
}
