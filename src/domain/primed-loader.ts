import DataLoader from 'dataloader'

/**
 * A DataLoader that answers at once what it was primed with. DataLoader itself holds back a known value until the batch
 * of the moment is sent, so that what hangs below it (the sender of a primed message) misses that batch and costs a
 * statement of its own.
 */
export class PrimedLoader<Key, Value> extends DataLoader<Key, Value, string> {
  private readonly primed = new Map<string, Value>()
  private readonly keyOf: (key: Key) => string

  constructor(load: (keys: readonly Key[]) => Promise<Value[]>, keyOf: (key: Key) => string) {
    super(load, { cacheKeyFn: keyOf })
    this.keyOf = keyOf
  }

  /** The value itself when it is there: the promises of a page of rows are a good part of what it costs. */
  get(key: Key): Value | Promise<Value> {
    const primed = this.primed.get(this.keyOf(key))
    return primed === undefined ? super.load(key) : primed
  }

  override load(key: Key): Promise<Value> {
    return Promise.resolve(this.get(key))
  }

  override prime(key: Key, value: Value): this {
    this.primed.set(this.keyOf(key), value)
    return this
  }

  override clear(key: Key): this {
    this.primed.delete(this.keyOf(key))
    return super.clear(key)
  }
}
