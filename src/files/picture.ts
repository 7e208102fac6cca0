import { ResizeFit, Transformer } from '@napi-rs/image'
import { encode } from 'blurhash'
import { imageSize } from 'image-size'

/** What clients show of a picture before its bytes are there. Null: it is none, or of a kind that cannot be read here. */
export interface Picture {
  /** Pixels, as it is to be shown: turned as its camera was held. */
  width: number | null
  height: number | null
  blurHash: string | null
}

/** A picture of more pixels is not decoded: it would take half a gigabyte while it is. */
const maxPixels = 25_000_000
/** Pictures that wait to be decoded; another one gets no blur hash, as nobody is to wait for one. */
const maxWaiting = 16
/** The longer side of what a blur hash is made of, and its waves. */
const sampleSize = 32
const [wavesAcross, wavesDown] = [4, 3]

/** Pictures are decoded one at a time: each may take hundreds of megabytes. */
let last: Promise<unknown> = Promise.resolve()
let waiting = 0

/** Never rejects: that a picture is damaged is for who looks at it. */
export async function picture(bytes: Buffer): Promise<Picture> {
  const size = sizeOf(bytes)
  if (!size) return { width: null, height: null, blurHash: null }
  if (size.width * size.height > maxPixels || waiting >= maxWaiting) return { ...size, blurHash: null }
  waiting++
  const sampled = last.then(() => blurHashOf(bytes).catch(() => null))
  last = sampled.finally(() => waiting--)
  return { ...size, blurHash: await sampled }
}

function sizeOf(bytes: Buffer): { width: number; height: number } | null {
  try {
    const { width, height, orientation = 1 } = imageSize(bytes)
    const isSane = [width, height].every((side) => Number.isInteger(side) && side > 0 && side < 1_000_000)
    if (!isSane) return null
    // EXIF: 5 to 8 are turned by a quarter.
    return orientation >= 5 ? { width: height, height: width } : { width, height }
  } catch {
    return null
  }
}

/** Decoded by threads of its own, so that others are served meanwhile. */
async function blurHashOf(bytes: Buffer): Promise<string> {
  const fit = ResizeFit.Inside
  const small = new Transformer(bytes).rotate().resize({ width: sampleSize, height: sampleSize, fit })
  // Through a format with four channels of eight bits: the raw pixels have whatever channels and depth the picture has.
  const sample = new Transformer(await small.webpLossless())
  const { width, height } = await sample.metadata()
  const pixels = await sample.rawPixels()
  const channels = pixels.byteLength / (width * height)
  return encode(channels === 4 ? new Uint8ClampedArray(pixels) : opaque(pixels), width, height, wavesAcross, wavesDown)
}

/** Three channels as four. */
function opaque(pixels: Uint8Array): Uint8ClampedArray {
  const result = new Uint8ClampedArray((pixels.byteLength / 3) * 4).fill(255)
  for (let index = 0; index < pixels.byteLength; index++) {
    result[Math.floor(index / 3) * 4 + (index % 3)] = pixels[index] ?? 0
  }
  return result
}
