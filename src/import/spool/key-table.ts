// Which keys there are, without the keys: 64 bits of a hash and a number for each, in typed arrays. Ten million keys take
// 300 MB as texts in a Map several times over, and 200 MB here; the chance that two of them are taken for one is 3 in a million.
import { hash } from 'node:crypto'

/** The first 64 bits of a SHA-256, as two numbers. */
export type KeyHash = readonly [number, number]

// As texts: a Buffer for each takes three times as long.
export const hashOf = (...parts: string[]): KeyHash =>
  fromDigest(hash('sha256', parts.length === 1 ? (parts[0] ?? '') : parts.join('\0'), 'base64url'))

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const bits = new Uint8Array(128)
for (let value = 0; value < letters.length; value += 1) bits[letters.charCodeAt(value)] = value
const bitsAt = (text: string, at: number) => bits[text.charCodeAt(at) & 127] ?? 0

/** Of a digest as base64url, six bits a letter. Zero marks a free place. */
export function fromDigest(text: string): KeyHash {
  const fifth = bitsAt(text, 5)
  const high =
    (bitsAt(text, 0) << 26) |
    (bitsAt(text, 1) << 20) |
    (bitsAt(text, 2) << 14) |
    (bitsAt(text, 3) << 8) |
    (bitsAt(text, 4) << 2) |
    (fifth >> 4)
  const low =
    (fifth << 28) |
    (bitsAt(text, 6) << 22) |
    (bitsAt(text, 7) << 16) |
    (bitsAt(text, 8) << 10) |
    (bitsAt(text, 9) << 4) |
    (bitsAt(text, 10) >> 2)
  return [high >>> 0 || 1, low >>> 0]
}

export class KeyTable {
  private size = 0
  private capacity = 1024
  private hashes = new Uint32Array(this.capacity * 2)
  private values = new Int32Array(this.capacity)

  get count(): number {
    return this.size
  }

  /** The place of the key, or the free one where it would be. */
  private placeOf([high, low]: KeyHash): number {
    const mask = this.capacity - 1
    for (let place = (high ^ low) & mask; ; place = (place + 1) & mask) {
      const found = this.hashes[place * 2]
      if (found === 0 || (found === high && this.hashes[place * 2 + 1] === low)) return place
    }
  }

  get(hash: KeyHash): number | undefined {
    const place = this.placeOf(hash)
    return this.hashes[place * 2] === 0 ? undefined : this.values[place]
  }

  has = (hash: KeyHash): boolean => this.hashes[this.placeOf(hash) * 2] !== 0

  set(hash: KeyHash, value: number): void {
    const place = this.placeOf(hash)
    this.values[place] = value
    if (this.hashes[place * 2] !== 0) return
    this.hashes[place * 2] = hash[0]
    this.hashes[place * 2 + 1] = hash[1]
    this.size += 1
    if (this.size * 4 > this.capacity * 3) this.grow()
  }

  private grow(): void {
    const { hashes, values, capacity } = this
    this.capacity = capacity * 2
    this.hashes = new Uint32Array(this.capacity * 2)
    this.values = new Int32Array(this.capacity)
    for (let at = 0; at < capacity; at += 1) {
      const high = hashes[at * 2] ?? 0
      if (high === 0) continue
      const low = hashes[at * 2 + 1] ?? 0
      const place = this.placeOf([high, low])
      this.hashes[place * 2] = high
      this.hashes[place * 2 + 1] = low
      this.values[place] = values[at] ?? 0
    }
  }
}
