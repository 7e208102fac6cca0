// Zip files are read in place, entry by entry, however large they are (zip64 too). yauzl: it reads the central directory as it
// has to, streams, checks sizes while it unpacks, and has no dependency that matters.
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import yauzl from 'yauzl'
import { ImportError } from '../model.ts'
import type { Source, SourceFile, SourceLimits } from './source.ts'

export async function isZip(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    // A local file, or the end of an empty archive.
    return bytesRead === 4 && (buffer.readUInt32LE() === 0x04034b50 || buffer.readUInt32LE() === 0x06054b50)
  } finally {
    await file.close()
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Slack's zips have UTF-8 names without the flag that says so; what is no UTF-8 is what the flag's absence means. */
function nameOf(entry: yauzl.Entry): string {
  const bytes = entry.fileName as unknown as Buffer
  try {
    return utf8.decode(bytes).normalize('NFC')
  } catch {
    return yauzl
      .getFileNameLowLevel(entry.generalPurposeBitFlag, bytes, entry.extraFields, false)
      .replaceAll('\\', '/')
      .normalize('NFC')
  }
}

const openArchive = (path: string): Promise<yauzl.ZipFile> =>
  new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, decodeStrings: false, autoClose: false }, (error, archive) => {
      if (error) reject(new ImportError(`${path} cannot be read as a zip file: ${error.message}`, { cause: error }))
      else resolve(archive)
    })
  })

const openEntry = (archive: yauzl.ZipFile, entry: yauzl.Entry, path: string): Promise<Readable> =>
  new Promise((resolve, reject) => {
    archive.openReadStream(entry, (error, stream) => {
      if (error) reject(new ImportError(`${path} cannot be unpacked: ${error.message}`, { cause: error }))
      else resolve(stream)
    })
  })

/** Refuses names that would leave the folder, and files that unpack to far more than there is of them. */
function checkEntry(entry: yauzl.Entry, path: string, limits: SourceLimits): void {
  const fault = yauzl.validateFileName(path)
  if (fault !== null) throw new ImportError(`The zip file names a file outside of it: ${fault}`)
  if (entry.isEncrypted()) throw new ImportError(`${path} is encrypted: unpack it with its password first.`)
  if (
    entry.uncompressedSize >= limits.zipRatioFromBytes &&
    entry.uncompressedSize > entry.compressedSize * limits.zipRatio
  )
    throw new ImportError(
      `${path} would unpack from ${entry.compressedSize} to ${entry.uncompressedSize} bytes. If that is right, unpack the zip file and import the folder.`,
    )
}

export async function openZip(location: string, limits: SourceLimits): Promise<Source> {
  const archive = await openArchive(location)
  const files = new Map<string, SourceFile>()
  try {
    await new Promise<void>((resolve, reject) => {
      archive.on('error', (error: Error) =>
        reject(new ImportError(`${location} is damaged: ${error.message}`, { cause: error })),
      )
      archive.on('end', resolve)
      archive.on('entry', (entry: yauzl.Entry) => {
        try {
          const path = nameOf(entry)
          if (files.size >= limits.files) throw new ImportError(`${location} has more than ${limits.files} files.`)
          checkEntry(entry, path, limits)
          // Folders, and what macOS adds to every file.
          if (!path.endsWith('/') && !path.startsWith('__MACOSX/')) {
            if (files.has(path)) throw new ImportError(`${location} has two files of the name ${path}.`)
            files.set(path, { path, byteSize: entry.uncompressedSize, open: () => openEntry(archive, entry, path) })
          }
          archive.readEntry()
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
      archive.readEntry()
    })
  } catch (error) {
    archive.close()
    throw error
  }
  const inOrder = new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)))
  return { files: inOrder, close: async () => archive.close() }
}
