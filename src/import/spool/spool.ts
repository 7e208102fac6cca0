// Records in an order of their own, however many: what does not fit into memory goes to files, sorted in parts, and the parts are
// merged while they are read. Reads and writes wait for the disk: nothing else happens in an import meanwhile.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ImportError } from '../model.ts'
import { compareOrder, orderFromJson, orderToJson, type Order } from './order.ts'

interface Item {
  order: Order
  json: string
}

/** Letters of a part that is sorted in memory, and bytes that are read of each part at a time. */
const lettersAtOnce = 6 * 1024 * 1024
const bytesAtOnce = 64 * 1024
/** Parts that are merged at once: more are merged into one first. */
const maxParts = 100

/** A folder for what does not fit into memory. It is made when it is needed, and gone with the process. */
export class SpoolFolder {
  private folder: string | null = null
  private count = 0
  private readonly files: number[] = []

  open(): number {
    if (this.folder === null) {
      this.folder = mkdtempSync(join(tmpdir(), 'parley-import-'))
      process.once('exit', this.remove)
    }
    this.count += 1
    const path = join(this.folder, String(this.count))
    const file = openSync(path, 'wx+', 0o600)
    // It has no name from now on: whatever ends the process, its room is free again.
    rmSync(path)
    this.files.push(file)
    return file
  }

  close(file: number): void {
    closeSync(file)
    this.files.splice(this.files.indexOf(file), 1)
  }

  remove = (): void => {
    process.removeListener('exit', this.remove)
    for (const file of this.files.splice(0)) closeSync(file)
    if (this.folder !== null) rmSync(this.folder, { recursive: true, force: true })
    this.folder = null
  }
}

/** Each line is made into a text by itself: a text of many, cut, would keep all of them. */
function* linesOf(file: number, from: number, to: number): Generator<string> {
  const buffer = Buffer.allocUnsafe(Math.min(bytesAtOnce, to - from))
  let rest: Buffer | null = null
  for (let at = from; at < to;) {
    const count = readSync(file, buffer, 0, Math.min(buffer.length, to - at), at)
    if (count === 0) break
    at += count
    let start = 0
    for (let end = buffer.indexOf(10); end >= 0 && end < count; end = buffer.indexOf(10, start)) {
      yield rest === null
        ? buffer.toString('utf8', start, end)
        : Buffer.concat([rest, buffer.subarray(start, end)]).toString()
      rest = null
      start = end + 1
    }
    if (start === count) continue
    const more = Buffer.from(buffer.subarray(start, count))
    rest = rest === null ? more : Buffer.concat([rest, more])
  }
}

const toLine = ({ order, json }: Item) => `${JSON.stringify(orderToJson(order))}\t${json}`

function fromLine(line: string): Item {
  const tab = line.indexOf('\t')
  return { order: orderFromJson(JSON.parse(line.slice(0, tab)) as unknown[]), json: line.slice(tab + 1) }
}

/** Where in a part, or in memory, the items of a group are. */
interface Stretch {
  from: number
  to: number
}

function writeAll(file: number, bytes: Buffer): void {
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
  } catch (cause) {
    throw new ImportError(
      `There is no room for what does not fit into memory: ${(cause as Error).message} (${tmpdir()}, TMPDIR)`,
      {
        cause,
      },
    )
  }
}

/** Texts become bytes here, and go to the file when it is full. */
const writing = Buffer.allocUnsafe(1024 * 1024)

class Part {
  /** Of each first part of an order. */
  readonly groups = new Map<unknown, Stretch>()
  private byteSize = 0

  private constructor(
    private readonly folder: SpoolFolder,
    private readonly file: number,
  ) {}

  static write(folder: SpoolFolder, items: Iterable<Item>, isGrouped: boolean): Part {
    const part = new Part(folder, folder.open())
    let used = 0
    const flush = () => {
      writeAll(part.file, writing.subarray(0, used))
      used = 0
    }
    for (const item of items) {
      const line = `${toLine(item)}\n`
      const from = part.byteSize
      // A letter has three bytes at the most.
      if (used + line.length * 3 > writing.length) flush()
      if (line.length * 3 <= writing.length) {
        const count = writing.write(line, used)
        used += count
        part.byteSize += count
      } else {
        const bytes = Buffer.from(line)
        writeAll(part.file, bytes)
        part.byteSize += bytes.length
      }
      if (!isGrouped) continue
      const group = part.groups.get(item.order[0])
      if (group) group.to = part.byteSize
      else part.groups.set(item.order[0], { from, to: part.byteSize })
    }
    flush()
    return part
  }

  *items({ from, to }: Stretch = { from: 0, to: this.byteSize }): Generator<Item> {
    for (const line of linesOf(this.file, from, to)) yield fromLine(line)
  }

  close(): void {
    this.folder.close(this.file)
  }
}

/** In order; what is the same comes in the order of the parts. */
function* merged(parts: readonly Iterable<Item>[]): Generator<Item> {
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

/** Grouped: by the first part of the order, each of which can be read by itself. */
export class Spool<T> {
  private items: Item[] = []
  private letters = 0
  private parts: Part[] = []
  /** Of the parts those that were made of many, at the beginning. */
  private mergedCount = 0
  /** In memory. */
  private groups: Map<unknown, Stretch> | null = null
  count = 0

  constructor(
    private readonly folder: SpoolFolder,
    private readonly isGrouped = false,
  ) {}

  add(order: Order, value: T): void {
    const json = JSON.stringify(value)
    this.items.push({ order, json })
    this.count += 1
    this.groups = null
    // What is there besides the text counts too.
    this.letters += json.length + 200
    if (this.letters > lettersAtOnce) this.spill()
  }

  private spill(): void {
    // Sorting is stable: what is the same stays in the order in which it came.
    this.items.sort((a, b) => compareOrder(a.order, b.order))
    this.parts.push(Part.write(this.folder, this.items, this.isGrouped))
    this.items = []
    this.letters = 0
    if (this.parts.length - this.mergedCount >= maxParts) this.merge()
  }

  /** Those of one size become one, so that nothing is written again and again. */
  private merge(): void {
    const small = this.parts.splice(this.mergedCount)
    const ordered = merged(small.map((part) => part.items()))
    this.parts.push(Part.write(this.folder, ordered, this.isGrouped))
    this.mergedCount += 1
    for (const part of small) part.close()
  }

  /** In order: in memory, or all of it in parts, which are merged while they are read. */
  private settle(): Map<unknown, Stretch> {
    if (this.groups) return this.groups
    if (this.parts.length > 0 && this.items.length > 0) this.spill()
    this.groups = this.sorted()
    return this.groups
  }

  private sorted(): Map<unknown, Stretch> {
    this.items.sort((a, b) => compareOrder(a.order, b.order))
    const groups = new Map<unknown, Stretch>()
    for (const [at, { order }] of this.isGrouped ? this.items.entries() : []) {
      const group = groups.get(order[0])
      if (group) group.to = at + 1
      else groups.set(order[0], { from: at, to: at + 1 })
    }
    return groups
  }

  *[Symbol.iterator](): Generator<T> {
    this.settle()
    const items = this.parts.length > 0 ? merged(this.parts.map((part) => part.items())) : this.items
    for (const { json } of items) yield JSON.parse(json) as T
  }

  *group(name: string): Generator<T> {
    const stretch = this.settle().get(name)
    const stretches = this.parts.flatMap((part) => {
      const there = part.groups.get(name)
      return there ? [part.items(there)] : []
    })
    const items = this.parts.length > 0 ? merged(stretches) : stretch ? this.items.slice(stretch.from, stretch.to) : []
    for (const { json } of items) yield JSON.parse(json) as T
  }
}
