import { createReadStream } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ImportError } from '../model.ts'
import type { Source, SourceFile, SourceLimits } from './source.ts'

const reading = (path: string, location: string, byteSize: number): SourceFile => ({
  path,
  byteSize,
  open: async () => createReadStream(location),
})

const inOrder = (files: SourceFile[]) =>
  new Map(files.sort((a, b) => (a.path < b.path ? -1 : 1)).map((file) => [file.path, file]))

export const openFile = (location: string, name: string, byteSize: number): Source => ({
  files: inOrder([reading(name.normalize('NFC'), location, byteSize)]),
  close: async () => undefined,
})

/** Links are not followed: they could lead out of the folder, or round in a circle. */
export async function openFolder(root: string, limits: SourceLimits): Promise<Source> {
  const files: SourceFile[] = []
  const walk = async (folder: string, prefix: string): Promise<void> => {
    for await (const entry of await opendir(folder)) {
      const location = join(folder, entry.name)
      if (entry.isDirectory()) await walk(location, `${prefix}${entry.name}/`)
      else if (entry.isFile()) {
        if (files.length >= limits.files)
          throw new ImportError(`${root} has more than ${limits.files} files: import a part of it at a time.`)
        const { size } = await stat(location)
        files.push(reading(`${prefix}${entry.name}`.normalize('NFC'), location, size))
      }
    }
  }
  await walk(root, '')
  return { files: inOrder(files), close: async () => undefined }
}
