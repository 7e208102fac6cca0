// A part of the records of a spool, in order, in a file without a name. Reads and writes wait for the disk: nothing else happens in
// an import meanwhile.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ImportError } from '../model.ts'
import { orderFromJson, orderToJson, type Order } from './order.ts'

/** A record as a text, and where it belongs. */
export interface Item {
  order: Order
  json: string
}

/** Bytes that are read of each part at a time. */
const bytesAtOnce = 64 * 1024

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

/** A line is an order and a value. Of a group it has the rest of the order alone. */
export const toLine = (order: Order, json: string, isGrouped: boolean) =>
  `${JSON.stringify(orderToJson(isGrouped ? order.slice(1) : order))}\t${json}\n`

function fromLine(line: string, group: string | null): Item {
  const tab = line.indexOf('\t')
  const order = orderFromJson(JSON.parse(line.slice(0, tab)) as unknown[])
  return { order: group === null ? order : [group, ...order], json: line.slice(tab + 1) }
}

/** Where in a part, or in memory, the items of a group are. */
export interface Stretch {
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

/** Lines are put together here, and go to the file when it is full. */
const writing = Buffer.allocUnsafe(1024 * 1024)

export class Part {
  /** Of each first part of an order. */
  readonly groups = new Map<string, Stretch>()
  private byteSize = 0
  private used = 0

  constructor(
    private readonly folder: SpoolFolder,
    private readonly file = folder.open(),
  ) {}

  /** A line, to be found by its group. */
  add(bytes: Buffer, from: number, to: number, group: string | null): void {
    const size = to - from
    if (this.used + size > writing.length) this.flush()
    if (size <= writing.length) this.used += bytes.copy(writing, this.used, from, to)
    else writeAll(this.file, bytes.subarray(from, to))
    if (group !== null) {
      const stretch = this.groups.get(group)
      if (stretch) stretch.to += size
      else this.groups.set(group, { from: this.byteSize, to: this.byteSize + size })
    }
    this.byteSize += size
  }

  /** After the last line, before another part is written. */
  flush(): void {
    writeAll(this.file, writing.subarray(0, this.used))
    this.used = 0
  }

  *items(): Generator<Item> {
    if (this.groups.size === 0) yield* this.itemsOf({ from: 0, to: this.byteSize }, null)
    for (const group of this.groups.keys()) yield* this.group(group)
  }

  *group(name: string): Generator<Item> {
    const stretch = this.groups.get(name)
    if (stretch) yield* this.itemsOf(stretch, name)
  }

  private *itemsOf({ from, to }: Stretch, group: string | null): Generator<Item> {
    for (const line of linesOf(this.file, from, to)) yield fromLine(line, group)
  }

  close(): void {
    this.folder.close(this.file)
  }
}
