import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, constants, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes that came and are not kept yet. */
export interface Draft {
  path: string
  byteSize: number
  /** SHA-256, in hexadecimal. */
  hash: string
}

/** Drafts that nobody has written to for this long are of a process that is gone. */
const abandonedMs = 3_600_000

/**
 * The files of one machine, in a folder that all its processes share. Nothing in a name comes from outside: a file is
 * called by its id and the hash of its bytes, so that two uploads of one file do not write over each other.
 */
export class FileFolder {
  private readonly drafts: string

  constructor(private readonly folder: string) {
    this.drafts = join(folder, 'drafts')
  }

  /** Rejects when nothing can be written to the folder. */
  async prepare(): Promise<void> {
    await mkdir(this.drafts, { recursive: true, mode: 0o700 })
    await access(this.drafts, constants.W_OK)
  }

  /** Writes what comes to a draft, and returns when it is on the disk; null: more came. What goes wrong leaves no draft. */
  async write(chunks: AsyncIterable<Uint8Array>, maxByteSize: number): Promise<Draft | null> {
    await mkdir(this.drafts, { recursive: true, mode: 0o700 })
    const path = join(this.drafts, randomUUID())
    const handle = await open(path, 'wx', 0o600)
    try {
      const hash = createHash('sha256')
      let byteSize = 0
      for await (const chunk of chunks) {
        byteSize += chunk.byteLength
        if (byteSize > maxByteSize) break
        hash.update(chunk)
        await handle.writeFile(chunk)
      }
      if (byteSize <= maxByteSize) await handle.sync()
      await handle.close()
      if (byteSize <= maxByteSize) return { path, byteSize, hash: hash.digest('hex') }
      await this.discard(path)
      return null
    } catch (error) {
      await handle.close().catch(() => undefined)
      await this.discard(path)
      throw error
    }
  }

  async discard(path: string): Promise<void> {
    await rm(path, { force: true })
  }

  /** Keeps a draft as the bytes of this file; it is there whole, also after a loss of power, or not at all. */
  async keep({ path, hash }: Draft, id: string): Promise<void> {
    const place = this.placeOf(id)
    await mkdir(place, { recursive: true, mode: 0o700 })
    await rename(path, this.pathOf(id, hash))
    const directory = await open(place, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  }

  pathOf(id: string, hash: string): string {
    return join(this.placeOf(id), `${id}.${hash.slice(0, 16)}`)
  }

  /** Bytes that were kept for this file, by their path and hash; null when there are none. */
  async kept(id: string): Promise<Draft | null> {
    const name = (await namesIn(this.placeOf(id))).find((each) => each.startsWith(`${id}.`))
    if (name === undefined) return null
    const path = join(this.placeOf(id), name)
    const hash = createHash('sha256')
    let byteSize = 0
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      byteSize += chunk.byteLength
    }
    return { path, byteSize, hash: hash.digest('hex') }
  }

  /** The bytes that were kept for this file; null when there are none. */
  async read(id: string, hash: string): Promise<AsyncIterable<Uint8Array> | null> {
    try {
      const handle = await open(this.pathOf(id, hash), 'r')
      return handle.createReadStream() as AsyncIterable<Buffer>
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  /** Removes all bytes that came for this file, but for those with the hash. */
  async remove(id: string, exceptHash?: string): Promise<void> {
    const kept = exceptHash === undefined ? null : `${id}.${exceptHash.slice(0, 16)}`
    for (const name of await namesIn(this.placeOf(id))) {
      if (name.startsWith(`${id}.`) && name !== kept) await rm(join(this.placeOf(id), name), { force: true })
    }
  }

  /** Removes drafts of processes that died. */
  async removeAbandoned(): Promise<void> {
    for (const name of await namesIn(this.drafts)) {
      const path = join(this.drafts, name)
      const touchedAtMs = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => Infinity,
      )
      if (Date.now() - touchedAtMs > abandonedMs) await this.discard(path)
    }
  }

  /** The last letters of an id are random, the first ones are those of the hour. */
  private placeOf(id: string): string {
    return join(this.folder, id.slice(-2))
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
