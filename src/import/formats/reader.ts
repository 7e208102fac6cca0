import type { Collector } from '../collector.ts'
import { ImportError, type Format } from '../model.ts'
import { checkDepth, readHead, readJson } from '../source/reading.ts'
import { streamJson } from '../source/streamed-json.ts'
import { fieldsOf, isFields, type Fields } from '../source/values.ts'
import type { Source, SourceFile, SourceLimits } from '../source/source.ts'

export interface Opened {
  source: Source
  limits: SourceLimits
}

export interface Reader {
  format: Format
  /** Whether what was handed over is of this format, by what is in it. */
  recognise: (opened: Opened) => Promise<boolean>
  read: (opened: Opened, collector: Collector) => Promise<void>
}

export const baseName = (path: string) => path.slice(path.lastIndexOf('/') + 1)
export const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1)

/** The folder of the file of this name that is nearest to the root: people zip a folder, or what is in it. Null without one. */
export function rootOf({ source }: Opened, matches: (name: string) => boolean): string | null {
  let nearest: string | null = null
  for (const path of source.files.keys()) {
    if (!matches(baseName(path))) continue
    if (nearest === null || path.split('/').length < nearest.split('/').length) nearest = path
  }
  return nearest === null ? null : folderOf(nearest)
}

/** A file that must be there. */
export async function readJsonAt({ source, limits }: Opened, path: string): Promise<unknown> {
  const file = source.files.get(path)
  return file ? readJson(file, limits) : undefined
}

/** A file of messages: when it cannot be read, the others still can. */
export async function readMessages(file: SourceFile, { limits }: Opened, collector: Collector): Promise<unknown> {
  try {
    return await readJson(file, limits)
  } catch (error) {
    if (!(error instanceof ImportError)) throw error
    collector.warn(error.message, { file: file.path })
    collector.skip(file.path, 'UNSUPPORTED', { file: file.path })
    return undefined
  }
}

/** What is in a list of messages, with its place from 1 on. What is no message there is listed as skipped. */
export function messagesIn(list: unknown, file: string, collector: Collector): { row: Fields; entry: number }[] {
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) {
    collector.warn('There is no list of messages in it.', { file })
    collector.skip(file, 'UNSUPPORTED', { file })
    return []
  }
  return list.flatMap((row: unknown, index) => {
    const entry = index + 1
    if (isFields(row)) return [{ row, entry }]
    collector.warn('It is no JSON object.', { file, entry })
    collector.skip(`${file}:${entry}`, 'UNSUPPORTED', { file, entry })
    return []
  })
}

export interface Row {
  row: Fields
  /** Which of the lists of messages of the file. */
  list: number
  entry: number
}

export interface LongFile {
  /** All but the messages. */
  head: Fields
  /** Once more, as often as somebody wants to: but what is no message is to be listed once. */
  rows: (areListed?: boolean) => AsyncGenerator<Row>
}

export const isLong = (file: SourceFile, { limits }: Opened) => file.byteSize > limits.streamFromBytes

/** A file that does not fit into memory: its messages one by one. What is no message in it is listed. */
export async function readLong(
  file: SourceFile,
  { limits }: Opened,
  collector: Collector,
  keys: readonly string[],
  repair = (text: string) => text,
): Promise<LongFile | undefined> {
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      return JSON.parse(repair(text))
    }
  }
  const rowOf = (text: string | null): Fields | string => {
    if (text === null) return `It is longer than ${limits.lineBytes} bytes.`
    try {
      checkDepth(text, limits.jsonDepth, 'The message')
      const value = parse(text)
      return isFields(value) ? value : 'It is no JSON object.'
    } catch (error) {
      return (error as Error).message
    }
  }
  try {
    const streamed = await streamJson(file, limits, keys)
    return {
      head: fieldsOf(parse(streamed.head)),
      async *rows(areListed = true) {
        for await (const items of streamed.items())
          for (const { list, entry, text } of items) {
            const row = rowOf(text)
            if (typeof row !== 'string') yield { row, list, entry }
            else if (areListed) {
              const place = { file: file.path, entry }
              collector.warn(row, place)
              collector.skip(`${file.path}:${entry}`, 'UNSUPPORTED', place)
            }
          }
      },
    }
  } catch (error) {
    const said =
      error instanceof ImportError ? error.message : `${file.path} is no valid JSON: ${(error as Error).message}`
    collector.warn(said, { file: file.path })
    collector.skip(file.path, 'UNSUPPORTED', { file: file.path })
    return undefined
  }
}

const jsonHeads = new WeakMap<Source, Map<string, string>>()

/** The beginnings of the JSON files, read once for all who want to recognise something. At most so many are looked at. */
export async function jsonHeadsOf({ source }: Opened, limit = 200): Promise<Map<string, string>> {
  let heads = jsonHeads.get(source)
  if (!heads) {
    heads = new Map()
    for (const [path, file] of source.files) {
      if (!/\.json$/i.test(path) || baseName(path) === 'expected.json') continue
      heads.set(path, await readHead(file))
      if (heads.size >= limit) break
    }
    jsonHeads.set(source, heads)
  }
  return heads
}

/** A file of messages of any size. One that fits is parsed as a whole, which takes a part of the time. */
export async function readRows(
  file: SourceFile,
  opened: Opened,
  collector: Collector,
  keys: readonly string[],
): Promise<LongFile | undefined> {
  if (isLong(file, opened)) return readLong(file, opened, collector, keys)
  const content = await readMessages(file, opened, collector)
  if (content === undefined) return undefined
  const head = fieldsOf(content)
  const list = Array.isArray(content) ? content : keys.map((key) => head[key]).find(Array.isArray)
  const found = messagesIn(list, file.path, collector)
  return {
    head,
    async *rows() {
      for (const { row, entry } of found) yield Promise.resolve({ row, list: 0, entry })
    },
  }
}
