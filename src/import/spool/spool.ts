// Records in an order of their own, however many: what does not fit into memory goes to files, sorted in parts, and the parts are
// merged while they are read.
import { merged } from './merged.ts'
import { compareOrder, type Order } from './order.ts'
import { Part, toLine, type SpoolFolder, type Stretch } from './part.ts'

/** How values are texts in between: shorter than as JSON, if somebody knows how. */
export interface Codec<Added, Read> {
  write: (value: Added) => string
  read: (text: string) => Read
}

const plainly: Codec<unknown, unknown> = { write: JSON.stringify, read: (text) => JSON.parse(text) as unknown }

/** Bytes and records of a part that is sorted in memory. */
const bytesInMemory = 12 * 1024 * 1024
const recordsInMemory = 60_000
/** Parts that are merged at once: more are merged into one first. */
const maxParts = 100

/** Records that are in memory: their lines as bytes, outside of what is collected as garbage, and their orders to sort by. */
class Memory {
  private bytes = Buffer.allocUnsafe(64 * 1024)
  private used = 0
  private orders: Order[] = []
  private ends: number[] = []

  get isFull(): boolean {
    return this.used > bytesInMemory || this.orders.length > recordsInMemory
  }

  get count(): number {
    return this.orders.length
  }

  add(order: Order, line: string): void {
    // A letter has three bytes at the most.
    const most = this.used + line.length * 3
    if (most > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(most, Math.min(this.bytes.length * 2, bytesInMemory + 1024 * 1024)))
      this.bytes.copy(grown, 0, 0, this.used)
      this.bytes = grown
    }
    this.used += this.bytes.write(line, this.used)
    this.orders.push(order)
    this.ends.push(this.used)
  }

  /**
   * Sorting is stable: what is the same stays in the order in which it came. Mostly a group's orders begin with different numbers,
   * which are compared without looking at the rest.
   */
  inOrder(isGrouped: boolean): number[] {
    const { orders } = this
    const byGroup = new Map<unknown, number[]>()
    const first = isGrouped ? 1 : 0
    const leads = new Float64Array(orders.length)
    for (const [at, order] of orders.entries()) {
      const lead = order[first]
      // What is no number is compared as a whole: NaN is neither less nor greater.
      leads[at] = typeof lead === 'number' ? lead : Number.NaN
      const group = isGrouped ? order[0] : null
      const known = byGroup.get(group)
      if (known) known.push(at)
      else byGroup.set(group, [at])
    }
    const compare = (a: number, b: number) => {
      const difference = (leads[a] as number) - (leads[b] as number)
      if (difference < 0) return -1
      return difference > 0 ? 1 : compareOrder(orders[a] ?? [], orders[b] ?? [])
    }
    const groups = [...byGroup].sort(([, [a = 0]], [, [b = 0]]) => compareOrder(orders[a] ?? [], orders[b] ?? []))
    return groups.flatMap(([, ofIt]) => ofIt.sort(compare))
  }

  groupOf(at: number): string {
    return String(this.orders[at]?.[0])
  }

  json(at: number): string {
    const { bytes, ends } = this
    const from = ends[at - 1] ?? 0
    return bytes.toString('utf8', bytes.indexOf(9, from) + 1, (ends[at] ?? 0) - 1)
  }

  /** All of it, which is in memory no more. */
  moveTo(part: Part, isGrouped: boolean): void {
    const { bytes, ends } = this
    for (const at of this.inOrder(isGrouped))
      part.add(bytes, ends[at - 1] ?? 0, ends[at] ?? 0, isGrouped ? this.groupOf(at) : null)
    part.flush()
    this.used = 0
    this.orders = []
    this.ends = []
  }
}

/** Grouped: by the first part of the order, each of which can be read by itself. */
export class Spool<Added, Read = Added> {
  private readonly memory = new Memory()
  private parts: Part[] = []
  /** Of the parts those that were made of many, at the beginning. */
  private mergedCount = 0
  /** In memory: the records in their order, and where among them each group is. */
  private settled: { inOrder: number[]; groups: Map<string, Stretch> } | null = null
  count = 0

  constructor(
    private readonly folder: SpoolFolder,
    private readonly isGrouped = false,
    private readonly codec = plainly as Codec<Added, Read>,
  ) {}

  add(order: Order, value: Added): void {
    this.memory.add(order, toLine(order, this.codec.write(value), this.isGrouped))
    this.count += 1
    this.settled = null
    if (this.memory.isFull) this.spill()
  }

  private spill(): void {
    const part = new Part(this.folder)
    this.memory.moveTo(part, this.isGrouped)
    this.parts.push(part)
    if (this.parts.length - this.mergedCount >= maxParts) this.merge()
  }

  /** Those of one size become one, so that nothing is written again and again. */
  private merge(): void {
    const small = this.parts.splice(this.mergedCount)
    const one = new Part(this.folder)
    for (const { order, json } of merged(small.map((part) => part.items()))) {
      const bytes = Buffer.from(toLine(order, json, this.isGrouped))
      one.add(bytes, 0, bytes.length, this.isGrouped ? String(order[0]) : null)
    }
    one.flush()
    this.parts.push(one)
    this.mergedCount += 1
    for (const part of small) part.close()
  }

  /** In order: in memory, or all of it in parts, which are merged while they are read. */
  private settle(): { inOrder: number[]; groups: Map<string, Stretch> } {
    if (this.settled) return this.settled
    if (this.parts.length > 0 && this.memory.count > 0) this.spill()
    const inOrder = this.memory.inOrder(this.isGrouped)
    const groups = new Map<string, Stretch>()
    for (const [place, at] of this.isGrouped ? inOrder.entries() : []) {
      const group = groups.get(this.memory.groupOf(at))
      if (group) group.to = place + 1
      else groups.set(this.memory.groupOf(at), { from: place, to: place + 1 })
    }
    return (this.settled = { inOrder, groups })
  }

  *[Symbol.iterator](): Generator<Read> {
    const { inOrder } = this.settle()
    if (this.parts.length > 0)
      for (const { json } of merged(this.parts.map((part) => part.items()))) yield this.codec.read(json)
    else for (const at of inOrder) yield this.codec.read(this.memory.json(at))
  }

  *group(name: string): Generator<Read> {
    const { inOrder, groups } = this.settle()
    const { from, to } = groups.get(name) ?? { from: 0, to: 0 }
    if (this.parts.length > 0)
      for (const { json } of merged(this.parts.map((part) => part.group(name)))) yield this.codec.read(json)
    else for (let place = from; place < to; place += 1) yield this.codec.read(this.memory.json(inOrder[place] ?? 0))
  }
}
