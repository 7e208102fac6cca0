/** Asserts a row that a foreign key or a check of the database guarantees. */
export function required<T>(found: Promise<T | null> | T | null, what: string): Promise<T> | T {
  if (found instanceof Promise) return found.then((late) => required(late, what))
  if (found === null) throw new Error(`${what} is missing`)
  return found
}
