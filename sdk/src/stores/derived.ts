import type { Store } from './store.ts'

type Values<Sources extends readonly Store<unknown>[]> = {
  [Index in keyof Sources]: Sources[Index] extends Store<infer T> ? T : never
}

/**
 * A store that is computed from others, when somebody looks. `compute` gets its last result, to give the same objects again where
 * they are as before; when it gives the same result again, nobody is told.
 */
export function derived<const Sources extends readonly Store<unknown>[], T>(
  sources: Sources,
  compute: (previous: T | undefined, ...values: Values<Sources>) => T,
): Store<T> {
  let values: readonly unknown[] | undefined
  let result: T | undefined
  const listeners = new Set<() => void>()
  let stops: (() => void)[] = []
  const getSnapshot = (): T => {
    const now = sources.map((source) => source.getSnapshot())
    if (!values || now.some((value, index) => !Object.is(value, values?.[index]))) {
      result = compute(result, ...(now as Values<Sources>))
      values = now
    }
    return result as T
  }
  const onChange = () => {
    const before = result
    if (!Object.is(getSnapshot(), before)) for (const listener of [...listeners]) listener()
  }
  return {
    getSnapshot,
    subscribe(changed) {
      const listener = () => changed()
      if (listeners.size === 0) {
        getSnapshot()
        stops = sources.map((source) => source.subscribe(onChange))
      }
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        for (const stop of stops) stop()
        stops = []
      }
    },
  }
}

/** The previous list when the next one has the same members. */
export function sameList<T>(previous: readonly T[] | undefined, next: readonly T[]): readonly T[] {
  const isSame = previous?.length === next.length && next.every((one, index) => one === previous[index])
  return isSame ? previous : next
}
