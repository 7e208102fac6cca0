// What a person hands over: a folder, a zip or a single file, as a list of files that can be read one after the other.
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { ImportError } from '../model.ts'
import { openFile, openFolder } from './folder.ts'
import { isZip, openZip } from './zip.ts'

export interface SourceFile {
  /** With slashes, from the root of what was handed over, in NFC. */
  path: string
  byteSize: number
  open: () => Promise<Readable>
}

export interface Source {
  /** By path, in the order of the paths. */
  files: ReadonlyMap<string, SourceFile>
  close: () => Promise<void>
}

export interface SourceLimits {
  /** Files of a folder or a zip. */
  files: number
  /** Bytes of one JSON file, which is read as a whole. V8 has no longer texts. */
  jsonBytes: number
  /** Bytes from which on the messages of a JSON file are read one by one. */
  streamFromBytes: number
  /** Bytes of one line of what is read by lines. */
  lineBytes: number
  /** How deep JSON may be nested. */
  jsonDepth: number
  /** A file of a zip may unpack to so many times its size, from a size on that can hurt. */
  zipRatio: number
  zipRatioFromBytes: number
}

export const defaultLimits: SourceLimits = {
  files: 2_000_000,
  jsonBytes: 500 * 1024 * 1024,
  streamFromBytes: 32 * 1024 * 1024,
  lineBytes: 64 * 1024 * 1024,
  jsonDepth: 200,
  zipRatio: 200,
  zipRatioFromBytes: 50 * 1024 * 1024,
}

export async function openSource(path: string, limits: SourceLimits = defaultLimits): Promise<Source> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ImportError(`There is nothing at ${path}.`, { cause })
  })
  if (found.isDirectory()) {
    const source = await openFolder(path, limits)
    // A folder into which only the zip was put, as it was downloaded.
    const zips = [...source.files.keys()].filter((name) => /\.zip$/i.test(name))
    const others = [...source.files.keys()].filter((name) => !/\.zip$/i.test(name) && name !== 'expected.json')
    const [only] = zips
    if (zips.length === 1 && only !== undefined && others.length === 0) {
      await source.close()
      return openZip(`${path}/${only}`, limits)
    }
    return source
  }
  if (!found.isFile()) throw new ImportError(`${path} is neither a file nor a folder.`)
  if (await isZip(path)) return openZip(path, limits)
  return openFile(path, basename(path), found.size)
}
