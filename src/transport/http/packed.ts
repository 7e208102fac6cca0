import type { IncomingHttpHeaders } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import Negotiator from 'negotiator'

/** Higher ones take many times as long for a tenth less. */
const brotliQuality = 5

const packers = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
}
type Encoding = keyof typeof packers
const isEncoding = (name: string | undefined): name is Encoding => name !== undefined && Object.hasOwn(packers, name)

/** Bytes that do not change, as a client takes them. */
export class Packed {
  /** Packed when first asked for, and then kept: that takes up to a second. */
  private readonly packed: Partial<Record<Encoding, Promise<Buffer>>> = {}

  constructor(readonly bytes: Buffer) {}

  async bodyFor(headers: IncomingHttpHeaders): Promise<{ body: Buffer; headers: Record<string, string | number> }> {
    const best = new Negotiator({ headers }).encodings(['br', 'gzip', 'identity'])[0]
    const encoding = isEncoding(best) ? best : null
    const body = encoding === null ? this.bytes : await (this.packed[encoding] ??= packers[encoding](this.bytes))
    return {
      body,
      headers: {
        'Content-Length': body.byteLength,
        ...(encoding !== null && { 'Content-Encoding': encoding }),
        Vary: 'Accept-Encoding',
      },
    }
  }
}
