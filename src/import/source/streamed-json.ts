// A JSON file of any size: its long lists item by item, and all else as a head in which these lists are empty. A scanner of our own:
// decision 0112 has what the parsers of npm take.
import { ImportError } from '../model.ts'
import { checkDepth, decode } from './reading.ts'
import type { SourceFile, SourceLimits } from './source.ts'

export interface StreamedItem {
  /** Which of the lists, in the order of the file. */
  list: number
  /** Place in its list, from 1 on. */
  entry: number
  /** Null for one that is longer than the limit. */
  text: string | null
}

const [quote, backslash, colon, comma] = [34, 92, 58, 44]
const isOpening = (byte: number) => byte === 91 || byte === 123
const isClosing = (byte: number) => byte === 93 || byte === 125

/** A decoder for each of millions would cost more than reading them. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString()
  return text.includes('\uFFFD') ? decode(bytes) : text
}

/** Finds lists that are the value of one of these keys; lists within their items are part of the items. */
class Scanner {
  private depth = 0
  private isInText = false
  private isEscaped = false
  /** The text that ended last, and the key before the value that comes. */
  private letters: number[] = []
  private wasText = true
  private key: string | null = null
  private listDepth: number | null = null
  private list = -1
  private entry = 0
  private parts: Buffer[] = []
  private size = 0
  readonly head: Buffer[] = []

  constructor(
    private readonly keys: ReadonlySet<string>,
    private readonly mostBytes: number,
  ) {}

  take(chunk: Buffer): StreamedItem[] {
    const items: StreamedItem[] = []
    let from = 0
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number
      if (this.isInText) this.inText(byte)
      else if (byte === quote) this.isInText = true
      else if (isOpening(byte)) {
        this.depth += 1
        if (byte === 91 && this.listDepth === null && this.key !== null && this.keys.has(this.key)) {
          this.head.push(Buffer.from(chunk.subarray(from, at + 1)))
          from = at + 1
          this.listDepth = this.depth
          this.list += 1
          this.entry = 0
        }
        this.key = null
      } else if (isClosing(byte)) {
        if (this.depth === this.listDepth) {
          this.end(chunk.subarray(from, at), items)
          from = at
          this.listDepth = null
        }
        this.depth -= 1
        this.key = null
      } else if (byte === comma) {
        if (this.depth === this.listDepth) {
          this.end(chunk.subarray(from, at), items)
          from = at + 1
        }
        this.key = null
      } else if (byte === colon && this.listDepth === null) this.key = String.fromCharCode(...this.letters)
    }
    const rest = Buffer.from(chunk.subarray(from))
    if (this.listDepth === null) this.head.push(rest)
    else this.keep(rest)
    return items
  }

  private inText(byte: number): void {
    if (this.isEscaped) this.isEscaped = false
    else if (byte === backslash) this.isEscaped = true
    else if (byte === quote) this.isInText = false
    if (this.listDepth !== null) return
    // No key that is looked for is longer.
    if (!this.isInText) this.wasText = true
    else {
      if (this.wasText) this.letters = []
      this.wasText = false
      if (this.letters.length < 32) this.letters.push(byte)
    }
  }

  private keep(bytes: Buffer): void {
    this.size += bytes.length
    if (this.size <= this.mostBytes) this.parts.push(bytes)
    else this.parts = []
  }

  private end(bytes: Buffer, items: StreamedItem[]): void {
    this.keep(bytes)
    const isTooLong = this.size > this.mostBytes
    const text = isTooLong ? null : textOf(Buffer.concat(this.parts))
    this.parts = []
    this.size = 0
    // Between the brackets of an empty list.
    if (text?.trim() === '') return
    this.entry += 1
    items.push({ list: this.list, entry: this.entry, text })
  }

  get isWhole(): boolean {
    return this.depth === 0 && !this.isInText
  }
}

export interface StreamedJson {
  /** The file with its long lists empty. */
  head: string
  items: () => AsyncGenerator<StreamedItem[]>
}

/** Reads the file twice: once for its head, and once more for the items. */
export async function streamJson(
  file: SourceFile,
  limits: SourceLimits,
  keys: readonly string[],
): Promise<StreamedJson> {
  const wanted = new Set(keys)
  const first = new Scanner(wanted, 0)
  for await (const chunk of await file.open()) {
    first.take(chunk as Buffer)
    if (first.head.reduce((sum, { length }) => sum + length, 0) > limits.jsonBytes)
      throw new ImportError(`${file.path} has more than ${limits.jsonBytes} bytes besides its ${keys.join(' and ')}.`)
  }
  if (!first.isWhole) throw new ImportError(`${file.path} is no valid JSON: it ends too early.`)
  const head = decode(Buffer.concat(first.head))
  checkDepth(head, limits.jsonDepth, file.path)
  return {
    head,
    async *items() {
      const scanner = new Scanner(wanted, limits.lineBytes)
      for await (const chunk of await file.open()) yield scanner.take(chunk as Buffer)
    },
  }
}
