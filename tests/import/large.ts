import { open } from 'node:fs/promises'
import { crc32, createDeflateRaw } from 'node:zlib'

export interface LargeEntry {
  name: string
  /** Made while it is written: nothing of it is kept. */
  content: () => Iterable<string | Buffer>
  /** Bytes as they are, for what is larger than a disk should have: holes cost no room. */
  hole?: number
}

/** A zip file of any size, with sizes of 64 bits throughout (ZIP64). */
export async function writeLargeZip(path: string, entries: readonly LargeEntry[]): Promise<void> {
  const file = await open(path, 'wx')
  const central: Buffer[] = []
  let at = 0
  const put = async (bytes: Buffer) => {
    await file.write(bytes, 0, bytes.length, at)
    at += bytes.length
  }
  for (const { name, content, hole } of entries) {
    const start = at
    const head = (size: number, packed: number, crc: number) => {
      const bytes = Buffer.alloc(30 + name.length + 20)
      bytes.writeUInt32LE(0x04034b50, 0)
      bytes.writeUInt16LE(45, 4)
      bytes.writeUInt16LE(hole === undefined ? 8 : 0, 8)
      bytes.writeUInt32LE(crc, 14)
      bytes.writeUInt32LE(0xffffffff, 18)
      bytes.writeUInt32LE(0xffffffff, 22)
      bytes.writeUInt16LE(name.length, 26)
      bytes.writeUInt16LE(20, 28)
      bytes.write(name, 30)
      bytes.writeUInt16LE(1, 30 + name.length)
      bytes.writeUInt16LE(16, 32 + name.length)
      bytes.writeBigUInt64LE(BigInt(size), 34 + name.length)
      bytes.writeBigUInt64LE(BigInt(packed), 42 + name.length)
      return bytes
    }
    at += head(0, 0, 0).length
    const bodyAt = at
    let size = 0
    let crc = 0
    if (hole === undefined) {
      const packing = createDeflateRaw({ level: 1 })
      const written = (async () => {
        for await (const part of packing) await put(part as Buffer)
      })()
      for (const part of content()) {
        const bytes = Buffer.from(part)
        size += bytes.length
        crc = crc32(bytes, crc)
        if (!packing.write(bytes)) await new Promise((resolve) => packing.once('drain', resolve))
      }
      packing.end()
      await written
    } else {
      size = hole
      at += hole
    }
    const packed = at - bodyAt
    const header = head(size, packed, crc)
    await file.write(header, 0, header.length, start)
    const entry = Buffer.alloc(46 + name.length + 28)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(45, 4)
    entry.writeUInt16LE(45, 6)
    entry.writeUInt16LE(hole === undefined ? 8 : 0, 10)
    entry.writeUInt32LE(crc, 16)
    entry.writeUInt32LE(0xffffffff, 20)
    entry.writeUInt32LE(0xffffffff, 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt16LE(28, 30)
    entry.writeUInt32LE(0xffffffff, 42)
    entry.write(name, 46)
    entry.writeUInt16LE(1, 46 + name.length)
    entry.writeUInt16LE(24, 48 + name.length)
    entry.writeBigUInt64LE(BigInt(size), 50 + name.length)
    entry.writeBigUInt64LE(BigInt(packed), 58 + name.length)
    entry.writeBigUInt64LE(BigInt(start), 66 + name.length)
    central.push(entry)
  }
  const directoryAt = at
  const directory = Buffer.concat(central)
  await put(directory)
  const end64 = Buffer.alloc(56)
  end64.writeUInt32LE(0x06064b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  end64.writeUInt16LE(45, 12)
  end64.writeUInt16LE(45, 14)
  end64.writeBigUInt64LE(BigInt(central.length), 24)
  end64.writeBigUInt64LE(BigInt(central.length), 32)
  end64.writeBigUInt64LE(BigInt(directory.length), 40)
  end64.writeBigUInt64LE(BigInt(directoryAt), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(at), 8)
  locator.writeUInt32LE(1, 16)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.fill(0xff, 8, 20)
  await put(end64)
  await put(locator)
  await put(end)
  await file.close()
}

const line = (type: string, content: unknown) => `${JSON.stringify({ type, [type]: content })}\n`

/** Mattermost's bulk file with so many posts in several channels, which come in no order. */
export function* largeBulk(posts: number, channels = 5): Generator<string> {
  yield line('version', 1)
  for (let n = 0; n < channels; n += 1)
    yield line('channel', { team: 't', name: `c${n}`, display_name: `C ${n}`, type: 'O' })
  const memberships = Array.from({ length: channels }, (_, n) => ({ name: `c${n}` }))
  for (let n = 0; n < 50; n += 1)
    yield line('user', {
      username: `person${n}`,
      email: `person${n}@x.example`,
      teams: [{ name: 't', channels: memberships }],
    })
  let waiting = ''
  for (let n = 0; n < posts; n += 1) {
    const shuffled = (n * 7_919) % posts
    const text = `message ${shuffled} ${'of some length, as people write them '.repeat(1 + (n % 4))}`
    const replies =
      n % 10 === 0
        ? [{ user: 'person1', message: `answer ${n}`, create_at: 1_700_000_000_000 + shuffled * 1000 + 500 }]
        : []
    const reactions = n % 7 === 0 ? [{ user: 'person2', emoji_name: '+1', create_at: 1_700_000_000_000 }] : []
    waiting += line('post', {
      ...{
        team: 't',
        channel: `c${n % channels}`,
        user: `person${n % 50}`,
        message: text,
        create_at: 1_700_000_000_000 + shuffled * 1000,
      },
      ...{ replies, reactions },
    })
    if (waiting.length < 64 * 1024) continue
    yield waiting
    waiting = ''
  }
  yield waiting
}
