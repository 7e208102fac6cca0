import { LRUCache } from 'lru-cache'

/** Bounded by the number of its entries and by the length of their texts; what was used longest ago goes first. */
export class DocumentCache<Entry extends object | string | number> {
  private readonly entries: LRUCache<string, Entry>

  constructor(maxEntries: number, maxTextLength: number, maxTotalLength: number) {
    this.entries = new LRUCache({ max: maxEntries, maxSize: maxTotalLength, maxEntrySize: maxTextLength })
  }

  get size(): number {
    return this.entries.size
  }

  get(key: string): Entry | undefined {
    return this.entries.get(key)
  }

  /** Does nothing for a text that is longer than any that is kept. */
  set(key: string, text: string, entry: Entry): void {
    this.entries.set(key, entry, { size: Math.max(1, text.length) })
  }
}
