/** Writes the parts of a token into few bytes: numbers in as many bytes as they need, ids and marks in fixed sizes. */
export interface ByteWriter {
  number(value: number): void
  bigint(value: bigint): void
  uuid(value: string): void
  mark(value: string | null): void
}

/** Reads the same parts in the same order. Throws at the end of the bytes. */
export interface ByteReader {
  number(): number
  bigint(): bigint
  uuid(): string
  mark(): string | null
}

const noMark = 0
/** Mark of the position before the first event of a stream. */
const startMark = 1
/** Eight letters of base64, written as six bytes. */
const shortMark = 2
const otherMark = 3
const markByteSize = 6
const uuidByteSize = 16
const shortShape = /^[\w-]{8}$/

export function writeBytes(write: (writer: ByteWriter) => void): Buffer {
  const bytes: number[] = []
  const bigint = (value: bigint) => {
    let rest = value
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
    bytes.push(Number(rest))
  }
  const number = (value: number) => {
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
    bytes.push(rest)
  }
  write({
    number,
    bigint,
    uuid: (value) => bytes.push(...Buffer.from(value.replaceAll('-', ''), 'hex')),
    mark(value) {
      if (value === null) number(noMark)
      else if (value === '0') number(startMark)
      else if (shortShape.test(value)) {
        number(shortMark)
        bytes.push(...Buffer.from(value, 'base64url'))
      } else {
        const letters = Buffer.from(value)
        number(otherMark)
        number(letters.length)
        bytes.push(...letters)
      }
    },
  })
  return Buffer.from(bytes)
}

export function readBytes<Value>(bytes: Buffer, read: (reader: ByteReader) => Value): Value {
  let offset = 0
  const take = (byteSize: number): Buffer => {
    if (offset + byteSize > bytes.length) throw new Error('these bytes end too early')
    return bytes.subarray(offset, (offset += byteSize))
  }
  const bigint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const [byte = 0] = take(1)
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  const number = () => Number(bigint())
  return read({
    number,
    bigint,
    uuid: () =>
      take(uuidByteSize)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    mark() {
      const kind = number()
      if (kind === noMark) return null
      if (kind === startMark) return '0'
      return kind === shortMark ? take(markByteSize).toString('base64url') : take(number()).toString()
    },
  })
}
