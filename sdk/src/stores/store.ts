/**
 * A value that changes: fits React's useSyncExternalStore, and by a line or two Svelte, Vue, Solid and RxJS. getSnapshot()
 * gives the same reference until something in it has changed.
 */
export interface Store<T> {
  /** Calls `changed` after each change, until the returned function is called. */
  readonly subscribe: (changed: () => void) => () => void
  readonly getSnapshot: () => T
}

/** A store whose value is set from outside. */
export class Value<T> implements Store<T> {
  private readonly listeners = new Set<() => void>()
  constructor(private value: T) {}

  readonly subscribe = (changed: () => void): (() => void) => {
    // A function of its own for each call: the same listener may be registered twice.
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
