import { compareOrder } from './order.ts'
import type { Item } from './part.ts'

/** In order; what is the same comes in the order of the parts. */
export function* merged(parts: readonly Iterable<Item>[]): Generator<Item> {
  interface Head {
    item: Item
    part: number
    rest: Iterator<Item>
  }
  const before = (a: Head, b: Head) => (compareOrder(a.item.order, b.item.order) || a.part - b.part) < 0
  const heap: Head[] = []
  const sink = (start: number) => {
    for (let at = start; ;) {
      let least = at
      for (const child of [at * 2 + 1, at * 2 + 2])
        if (child < heap.length && before(heap[child] as Head, heap[least] as Head)) least = child
      if (least === at) return
      const moved = heap[at] as Head
      heap[at] = heap[least] as Head
      heap[least] = moved
      at = least
    }
  }
  for (const [part, items] of parts.entries()) {
    const rest = items[Symbol.iterator]()
    const first = rest.next()
    if (first.done !== true) heap.push({ item: first.value, part, rest })
  }
  for (let at = heap.length >> 1; at >= 0; at -= 1) sink(at)
  for (let top = heap[0]; top; top = heap[0]) {
    yield top.item
    const next = top.rest.next()
    if (next.done === true) {
      const last = heap.pop() as Head
      if (last !== top) heap[0] = last
    } else top.item = next.value
    sink(0)
  }
}
