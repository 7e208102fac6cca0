// Which keys there are, without the keys: 64 bits of a hash and a number for each, in typed arrays. Ten million keys take
// 300 MB as texts in a Map several times over, and 200 MB here; the chance that two of them are taken for one is 3 in a million.

/** 64 bits, as two numbers. */
export type KeyHash = readonly [number, number]

/**
 * Of a key, or of one within another. Two sums of MurmurHash3's kind beside each other: a SHA-256 takes ten times as long, and
 * who makes keys that collide leaves out messages of their own export.
 */
export function hashOf(key: string, within = ''): KeyHash {
  let high = 0x9e3779b9
  let low = 0x7f4a7c15
  const take = (text: string) => {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      high = Math.imul((high ^ code) >>> 0, 0x85ebca77)
      high = (high << 13) | (high >>> 19)
      low = Math.imul((low ^ code) >>> 0, 0xc2b2ae3d)
      low = (low << 15) | (low >>> 17)
    }
    high = Math.imul(high ^ text.length, 0x27d4eb2f)
    low = Math.imul(low ^ text.length, 0x165667b1)
  }
  take(within)
  take(key)
  const mixedHigh = mixed(high ^ low)
  return [mixedHigh || 1, mixed(low + mixedHigh)]
}

/** Every bit of it depends on every bit of the sum. */
function mixed(sum: number): number {
  let value = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}

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
