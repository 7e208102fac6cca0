import type { Store } from './store.ts'

/** The store that another store's value leads to: who subscribes follows it from one to the next. */
export function switched<Source, T>(source: Store<Source>, pick: (value: Source) => Store<T>): Store<T> {
  return {
    subscribe(changed) {
      let inner = pick(source.getSnapshot())
      let stopInner = inner.subscribe(changed)
      const stopOuter = source.subscribe(() => {
        const next = pick(source.getSnapshot())
        if (next === inner) return
        stopInner()
        inner = next
        stopInner = inner.subscribe(changed)
        changed()
      })
      return () => {
        stopOuter()
        stopInner()
      }
    },
    getSnapshot: () => pick(source.getSnapshot()).getSnapshot(),
  }
}

/** A store whose value is computed from another's, and stays the same reference while that does. */
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
