import DataLoader from 'dataloader'

/**
 * A DataLoader that answers at once what it was primed with. DataLoader itself holds back a known value until the batch
 * of the moment is sent, so that what hangs below it (the sender of a primed message) misses that batch and costs a
 * statement of its own.
 */
export class PrimedLoader<Key, Value> extends DataLoader<Key, Value, string> {
  private readonly primed = new Map<string, Promise<Value>>()
  private readonly keyOf: (key: Key) => string

  constructor(load: (keys: readonly Key[]) => Promise<Value[]>, keyOf: (key: Key) => string) {
    super(load, { cacheKeyFn: keyOf })
    this.keyOf = keyOf
  }

  override load(key: Key): Promise<Value> {
    return this.primed.get(this.keyOf(key)) ?? super.load(key)
  }

  override prime(key: Key, value: Value): this {
    this.primed.set(this.keyOf(key), Promise.resolve(value))
    return this
  }

  override clear(key: Key): this {
    this.primed.delete(this.keyOf(key))
    return super.clear(key)
  }
}
