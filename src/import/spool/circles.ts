// Replies that lead round in a circle.

/** Of all messages, by their numbers. */
export interface Ways {
  /** What each answers; -1: nothing. */
  parents: Int32Array
  /** 0: not looked at, 1: on the present way, 2: in order. */
  state: Uint8Array
}

/** One of each circle. */
export function* circles({ parents, state }: Ways, starts: readonly number[]): Generator<number> {
  for (const start of starts) {
    let at = start
    for (let parent = parents[at] ?? -1; state[at] === 0; parent = parents[at] ?? -1) {
      state[at] = 1
      if (parent < 0) break
      if (state[parent] === 1) {
        yield at
        parents[at] = -1
        break
      }
      at = parent
    }
    for (at = start; at >= 0 && state[at] === 1; at = parents[at] ?? -1) state[at] = 2
  }
}
