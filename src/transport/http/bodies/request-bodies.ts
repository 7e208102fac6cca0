import type { IncomingMessage } from 'node:http'
import { UnavailableError } from '../../../domain/errors.ts'
import { limited } from '../../../telemetry/facts.ts'
import { refusedUnread } from '../../errors.ts'
import type { HttpLimits } from '../limits.ts'
import { readBody, textOf } from './request-body.ts'

/** Who sends a body. */
export interface Sender {
  /** A person's id, or the address; null: an address that many share. */
  payer: string | null
  /** Whether a valid token came along. */
  isKnown: boolean
}

/** The largest bodies: with a token, and without one, where it is for logging in and the like. */
const maxBodyByteSize = 1_048_576
const maxStrangerBodyByteSize = 131_072
/** A body this large is taken whatever others send: sends and logins are smaller. */
export const maxSmallBodyByteSize = 16_384
/** Parts of all: of those without a token together, and of one payer. */
const strangersPart = 1 / 4
const payerPart = 1 / 8
const retryAfterMs = 1_000

/** A body that was read. Its text is made when it is first asked for, in the time of who sent it. */
export class Body {
  private made: string | null = null

  constructor(
    private pieces: readonly Uint8Array[],
    readonly byteSize: number,
    readonly sender: Sender,
    /** To be called when nothing of it is needed any more, its text included. Idempotent. */
    private readonly onRelease: () => void,
  ) {}

  /** Throws when it is not UTF-8. */
  get text(): string {
    if (this.made === null) {
      this.made = textOf(this.pieces)
      this.pieces = []
    }
    return this.made
  }

  release(): void {
    this.onRelease()
    this.pieces = []
    this.made = ''
  }
}

/** Bodies of requests, from their first byte until they are answered: how much of them is held is bounded. */
export class RequestBodies {
  private byteSize = 0
  private strangersByteSize = 0
  private readonly byteSizeByPayer = new Map<string, number>()

  constructor(private readonly limits: Pick<HttpLimits, 'bodyByteSize'>) {}

  /** Rejects with what is wrong with it, and with UNAVAILABLE when there is no room for it. */
  async read(request: IncomingMessage, sender: Sender): Promise<Body> {
    let heldByteSize = 0
    const hold = (byteSize: number) => {
      if (heldByteSize + byteSize > maxSmallBodyByteSize && !this.hasRoom(sender, byteSize)) return this.refusal(sender)
      heldByteSize += byteSize
      this.add(sender, byteSize)
      return null
    }
    const release = () => {
      this.add(sender, -heldByteSize)
      heldByteSize = 0
    }
    try {
      const maxByteSize = sender.isKnown ? maxBodyByteSize : maxStrangerBodyByteSize
      const pieces = await readBody(request, { maxByteSize, isKnown: sender.isKnown, hold })
      return new Body(pieces, heldByteSize, sender, release)
    } catch (error) {
      release()
      throw error
    }
  }

  private hasRoom({ payer, isKnown }: Sender, byteSize: number): boolean {
    const { bodyByteSize } = this.limits
    return (
      this.byteSize + byteSize <= bodyByteSize &&
      (isKnown || this.strangersByteSize + byteSize <= bodyByteSize * strangersPart) &&
      (payer === null || (this.byteSizeByPayer.get(payer) ?? 0) + byteSize <= bodyByteSize * payerPart)
    )
  }

  private add({ payer, isKnown }: Sender, byteSize: number): void {
    this.byteSize += byteSize
    if (!isKnown) this.strangersByteSize += byteSize
    if (payer === null) return
    const held = (this.byteSizeByPayer.get(payer) ?? 0) + byteSize
    if (held > 0) this.byteSizeByPayer.set(payer, held)
    else this.byteSizeByPayer.delete(payer)
  }

  private refusal({ payer }: Sender): Error {
    if (limited.hasSubscribers) limited.publish({ code: 'UNAVAILABLE', limit: 'bodies', ...(payer && { payer }) })
    return refusedUnread(503, new UnavailableError('Too many large requests are under way. Try again.', retryAfterMs))
  }
}
