// The text in the files of a source: decoded, by lines, or as JSON, within limits.
import { StringDecoder } from 'node:string_decoder'
import { ImportError } from '../model.ts'
import type { SourceFile, SourceLimits } from './source.ts'

async function bytesOf(file: SourceFile, limitBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new ImportError(`${file.path} has more than ${limitBytes} bytes, which is more than can be read as a whole.`)
  if (file.byteSize > limitBytes) throw tooLarge()
  const parts: Buffer[] = []
  let size = 0
  for await (const part of await file.open()) {
    const bytes = part as Buffer
    size += bytes.length
    if (size > limitBytes) throw tooLarge()
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}

/** UTF-8 unless a byte order mark says UTF-16; what is neither is read as Windows-1252, in which every byte means something. */
export function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

export const readText = async (file: SourceFile, limits: SourceLimits) => decode(await bytesOf(file, limits.jsonBytes))

/** The beginning of a file, to recognise it by. */
export async function readHead(file: SourceFile, byteSize = 64 * 1024): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  const stream = await file.open()
  for await (const part of stream) {
    parts.push(part as Buffer)
    size += (part as Buffer).length
    if (size >= byteSize) break
  }
  stream.destroy()
  const head = Buffer.concat(parts).subarray(0, byteSize)
  const isUtf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)
  // A letter cut in two at the end is no reason to think of another encoding.
  return isUtf16 ? decode(head) : new TextDecoder('utf-8').decode(head)
}

/** JSON.parse does not recurse, but nobody means a text that is nested thousands of times. */
export function checkDepth(text: string, limit: number, name: string): void {
  let depth = 0
  let isInText = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (isInText) {
      if (code === 92) at += 1
      else if (code === 34) isInText = false
    } else if (code === 34) isInText = true
    else if (code === 91 || code === 123) {
      depth += 1
      if (depth > limit) throw new ImportError(`${name} is nested more than ${limit} times.`)
    } else if (code === 93 || code === 125) depth -= 1
  }
}

export async function readJson(file: SourceFile, limits: SourceLimits): Promise<unknown> {
  const text = await readText(file, limits)
  checkDepth(text, limits.jsonDepth, file.path)
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new ImportError(`${file.path} is no valid JSON: ${(cause as Error).message}`, { cause })
  }
}

function decoderFor(start: Buffer) {
  const isLittle = start[0] === 0xff && start[1] === 0xfe
  if (!isLittle && !(start[0] === 0xfe && start[1] === 0xff)) return new StringDecoder('utf8')
  const utf16 = new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be')
  return { write: (bytes: Buffer) => utf16.decode(bytes, { stream: true }), end: () => utf16.decode() }
}

export interface Line {
  /** From 1 on. */
  number: number
  /** Null for one that is longer than the limit. */
  text: string | null
}

/** Lines, in batches of what one piece of the file holds; only the longest line is in memory. UTF-16 is told by its mark. */
export async function* readLines(file: SourceFile, limits: SourceLimits): AsyncGenerator<Line[]> {
  let decoder: { write: (bytes: Buffer) => string; end: () => string } | undefined
  let rest = ''
  let number = 0
  let isTooLong = false
  const take = (text: string): Line => {
    number += 1
    const line = isTooLong || text.length > limits.lineBytes ? null : text.replace(/\r$/, '')
    isTooLong = false
    return { number, text: number === 1 && line?.startsWith('\uFEFF') ? line.slice(1) : line }
  }
  for await (const part of await file.open()) {
    decoder ??= decoderFor(part as Buffer)
    const text = decoder.write(part as Buffer)
    const newline = text.indexOf('\n')
    if (newline < 0) {
      if (rest.length + text.length > limits.lineBytes) isTooLong = true
      rest = isTooLong ? '' : rest + text
      continue
    }
    const pieces = (rest + text).split('\n')
    rest = pieces.pop() ?? ''
    yield pieces.map(take)
  }
  rest += decoder?.end() ?? ''
  if (rest !== '' || isTooLong) yield [take(rest)]
}
