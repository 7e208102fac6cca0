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

/** As switched, for stores with methods: a call goes to the store of that moment. */
export function following<Source, Found extends Store<unknown>>(
  source: Store<Source>,
  pick: (value: Source) => Found,
): Found {
  const methods = Object.entries(pick(source.getSnapshot())).filter(([, member]) => typeof member === 'function')
  const forwarded = methods.map(([name]) => {
    const call = (...values: unknown[]) => {
      const found = pick(source.getSnapshot()) as unknown as Record<string, (...values: unknown[]) => unknown>
      return found[name]?.(...values)
    }
    return [name, call]
  })
  return { ...Object.fromEntries(forwarded), ...switched(source, pick) } as Found
}
