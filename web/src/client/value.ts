import type { Store } from '@parley/client'

/** A store of the page's own. */
export class Value<T> implements Store<T> {
  private readonly listeners = new Set<() => void>()
  constructor(private value: T) {}

  readonly subscribe = (changed: () => void): (() => void) => {
    const listener = () => changed()
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  readonly getSnapshot = (): T => this.value

  set(value: T): void {
    if (Object.is(value, this.value)) return
    this.value = value
    for (const listener of [...this.listeners]) listener()
  }
}

/** A store that is computed from another, once for each of its values. */
export function derived<Source, T>(source: Store<Source>, compute: (value: Source) => T): Store<T> {
  let last: { from: Source; value: T } | null = null
  return {
    subscribe: (changed) => source.subscribe(changed),
    getSnapshot() {
      const from = source.getSnapshot()
      if (!last || !Object.is(last.from, from)) last = { from, value: compute(from) }
      return last.value
    },
  }
}
