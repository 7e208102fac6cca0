import DataLoader from 'dataloader'

/**
 * A DataLoader that returns primed values at once. DataLoader itself holds back a known value until the current batch is
 * sent. Loads that depend on it (the sender of a primed message) then miss that batch and need another statement.
 */
export class PrimedLoader<Key, Value> extends DataLoader<Key, Value, string> {
  private readonly primed = new Map<string, Value>()
  private readonly keyOf: (key: Key) => string

  constructor(
    load: (keys: readonly Key[]) => Promise<Value[]>,
    keyOf: (key: Key) => string,
    /** Told of each key that is primed or asked for. */
    private readonly onKey?: (key: Key) => void,
  ) {
    super(load, { cacheKeyFn: keyOf })
    this.keyOf = keyOf
  }

  /** The value itself if it is primed: promises for a page of rows are a large part of the page's cost. */
  get(key: Key): Value | Promise<Value> {
    const primed = this.primed.get(this.keyOf(key))
    if (primed === undefined) this.onKey?.(key)
    return primed === undefined ? super.load(key) : primed
  }

  override load(key: Key): Promise<Value> {
    return Promise.resolve(this.get(key))
  }

  override prime(key: Key, value: Value): this {
    this.onKey?.(key)
    this.primed.set(this.keyOf(key), value)
    return this
  }

  override clear(key: Key): this {
    this.primed.delete(this.keyOf(key))
    return super.clear(key)
  }
}
