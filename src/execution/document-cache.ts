/** Bounded by the number of its entries and by the length of their texts; what was used longest ago goes first. */
export class DocumentCache<Entry> {
  private readonly entries = new Map<string, { entry: Entry; length: number }>()
  private totalLength = 0

  constructor(
    private readonly maxEntries: number,
    private readonly maxTextLength: number,
    private readonly maxTotalLength: number,
  ) {}

  get size(): number {
    return this.entries.size
  }

  get(key: string): Entry | undefined {
    const found = this.entries.get(key)
    if (!found) return undefined
    this.entries.delete(key)
    this.entries.set(key, found)
    return found.entry
  }

  /** Does nothing for a text that is longer than any that is kept. */
  set(key: string, text: string, entry: Entry): void {
    if (text.length > this.maxTextLength) return
    this.delete(key)
    this.entries.set(key, { entry, length: text.length })
    this.totalLength += text.length
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.maxEntries && this.totalLength <= this.maxTotalLength) break
      this.delete(oldest)
    }
  }

  private delete(key: string): void {
    this.totalLength -= this.entries.get(key)?.length ?? 0
    this.entries.delete(key)
  }
}
