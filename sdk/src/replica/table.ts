import { omit } from './equal.ts'

const bucketCount = 64
/** Up to here one bucket is enough. */
const smallSize = 16

type Bucket<T> = Readonly<Record<string, T>>

/** FNV-1a of the last letters, in which ids differ: spreads them over the buckets. */
function bucketOf(id: string): number {
  let hash = 0x811c9dc5
  for (let index = Math.max(0, id.length - 12); index < id.length; index++)
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 16)) & (bucketCount - 1)
}

/**
 * Values by id that never change: `with` gives another table, which shares with this one all but the bucket of that id. A copy
 * of a plain record of 500 conversations takes 180 µs, and an event must not.
 */
export class Table<T extends object> {
  static readonly empty = new Table<never>([], 0)

  private constructor(
    private readonly buckets: readonly (Bucket<T> | undefined)[],
    readonly size: number,
  ) {}

  static of<T extends object>(rows: Iterable<readonly [string, T]>): Table<T> {
    let table: Table<T> = Table.empty
    for (const [id, row] of rows) table = table.with(id, row)
    return table
  }

  get(id: string): T | undefined {
    return this.bucket(id)?.[id]
  }

  /** The same table when the value is there already; undefined takes the id out. */
  with(id: string, value: T | undefined): Table<T> {
    const bucket = this.bucket(id)
    const before = bucket?.[id]
    if (before === value) return this
    if (value !== undefined && before === undefined && this.size === smallSize && this.buckets.length <= 1) {
      return this.spread().with(id, value)
    }
    const buckets = this.buckets.length === 0 ? [undefined] : this.buckets.slice()
    buckets[buckets.length === 1 ? 0 : bucketOf(id)] =
      value === undefined ? omit(bucket ?? {}, id) : { ...bucket, [id]: value }
    return new Table(buckets, this.size + (value === undefined ? -1 : before === undefined ? 1 : 0))
  }

  /** Ids whose value is another one than in an earlier table, with their value now. */
  *changesSince(earlier: Table<T> = Table.empty): Generator<[string, T | undefined]> {
    const isSame = this.buckets.length === earlier.buckets.length
    for (let at = 0; at < Math.max(this.buckets.length, isSame ? 0 : 1); at++) {
      const [bucket, before] = isSame ? [this.buckets[at], earlier.buckets[at]] : [this.toJSON(), earlier.toJSON()]
      if (bucket === before) continue
      for (const id in bucket) if (bucket[id] !== before?.[id]) yield [id, bucket[id]]
      for (const id in before) if (!(id in (bucket ?? {}))) yield [id, undefined]
      if (!isSame) return
    }
  }

  *entries(): Generator<[string, T]> {
    for (const bucket of this.buckets) if (bucket) yield* Object.entries(bucket)
  }

  *values(): Generator<T> {
    for (const bucket of this.buckets) if (bucket) yield* Object.values(bucket)
  }

  toJSON(): Record<string, T> {
    return Object.fromEntries(this.entries())
  }

  private bucket(id: string): Bucket<T> | undefined {
    return this.buckets.length <= 1 ? this.buckets[0] : this.buckets[bucketOf(id)]
  }

  private spread(): Table<T> {
    const buckets = new Array<Record<string, T> | undefined>(bucketCount).fill(undefined)
    for (const [id, row] of this.entries()) (buckets[bucketOf(id)] ??= {})[id] = row
    return new Table<T>(buckets, this.size)
  }
}
