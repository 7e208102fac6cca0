// The folder that an export is written to. It is whole when manifest.json is there, which comes last.
import { createHash, type Hash } from 'node:crypto'
import { mkdir, open, readdir, rename, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ExportError } from './error.ts'

export interface WrittenFile {
  path: string
  byteSize: number
  sha256: string
  /** Lines, of what has lines. */
  records: number | null
}

export interface Lines {
  write: (lines: readonly string[]) => Promise<void>
  end: () => Promise<WrittenFile>
}

const bufferedBytes = 256 * 1024

class Output {
  private readonly hash: Hash = createHash('sha256')
  private parts: Buffer[] = []
  private waiting = 0
  byteSize = 0

  constructor(private readonly handle: FileHandle) {}

  async write(bytes: Buffer): Promise<void> {
    this.parts.push(bytes)
    this.waiting += bytes.length
    if (this.waiting >= bufferedBytes) await this.flush()
  }

  private async flush(): Promise<void> {
    const bytes = Buffer.concat(this.parts)
    this.parts = []
    this.waiting = 0
    this.byteSize += bytes.length
    this.hash.update(bytes)
    await this.handle.writeFile(bytes)
  }

  async end(): Promise<{ byteSize: number; sha256: string }> {
    await this.flush()
    await this.handle.sync()
    await this.handle.close()
    return { byteSize: this.byteSize, sha256: this.hash.digest('hex') }
  }
}

export class OutFolder {
  /** Of what has lines. Attachments may be millions. */
  readonly files: WrittenFile[] = []
  private sums: Output | null = null

  private constructor(readonly root: string) {}

  /** Others' files are not written over, nor mixed with. */
  static async open(root: string): Promise<OutFolder> {
    const found = await stat(root).catch(() => null)
    if (found && !found.isDirectory()) throw new ExportError(`${root} is a file: --out names a folder.`)
    if (found && (await readdir(root)).length > 0)
      throw new ExportError(`${root} is not empty: name a folder that is not there yet, or an empty one.`)
    try {
      await mkdir(root, { recursive: true, mode: 0o700 })
    } catch (cause) {
      throw new ExportError(`${root} cannot be written to: ${(cause as Error).message}`, { cause })
    }
    return new OutFolder(root)
  }

  private async create(path: string): Promise<Output> {
    const location = join(this.root, path)
    await mkdir(dirname(location), { recursive: true, mode: 0o700 })
    return new Output(await open(location, 'wx', 0o600))
  }

  async lines(path: string): Promise<Lines> {
    const output = await this.create(path)
    let records = 0
    return {
      write: async (lines) => {
        records += lines.length
        if (lines.length > 0) await output.write(Buffer.from(`${lines.join('\n')}\n`))
      },
      end: async () => this.note({ path, ...(await output.end()), records }),
    }
  }

  async text(path: string, content: string): Promise<WrittenFile> {
    const output = await this.create(path)
    await output.write(Buffer.from(content))
    return this.note({ path, ...(await output.end()), records: null })
  }

  async bytes(path: string, chunks: AsyncIterable<Uint8Array>): Promise<WrittenFile> {
    const output = await this.create(path)
    for await (const chunk of chunks) await output.write(Buffer.from(chunk))
    return this.note({ path, ...(await output.end()), records: null })
  }

  /** Ends the list of checksums, as sha256sum writes and checks it. */
  async endChecksums(): Promise<void> {
    await this.sums?.end()
  }

  /** Last, and whole or not at all: an export without it is not finished. */
  async manifest(content: string): Promise<void> {
    const draft = join(this.root, 'manifest.json.part')
    const handle = await open(draft, 'wx', 0o600)
    await handle.writeFile(content)
    await handle.sync()
    await handle.close()
    await rename(draft, join(this.root, 'manifest.json'))
  }

  private async note(file: WrittenFile): Promise<WrittenFile> {
    if (file.records !== null) this.files.push(file)
    this.sums ??= await this.create('SHA256SUMS')
    await this.sums.write(Buffer.from(`${file.sha256}  ${file.path}\n`))
    return file
  }
}
