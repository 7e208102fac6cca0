/** Compared part by part: numbers before texts. */
export type Order = readonly (number | bigint | string)[]

export function compareOrder(a: Order, b: Order): number {
  for (let part = 0; part < a.length; part += 1) {
    const left = a[part] ?? 0
    const right = b[part] ?? 0
    if (left === right) continue
    return left < right ? -1 : 1
  }
  return 0
}

/** JSON has no whole numbers beyond 2^53: they go as texts in an array. */
export const orderToJson = (order: Order): unknown[] =>
  order.map((part) => (typeof part === 'bigint' ? [part.toString()] : part))

export const orderFromJson = (parts: readonly unknown[]): Order =>
  parts.map((part) => (Array.isArray(part) ? BigInt(part[0] as string) : (part as number | string)))
