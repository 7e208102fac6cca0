import type { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { UnavailableError } from '../domain/errors.ts'
import type { Logger } from '../telemetry/logger.ts'

export type Call<Output> = (
  client: S3Client,
  how: { abortSignal: AbortSignal; requestTimeout: number },
) => Promise<Output>

/** A call that moves no bytes of files, with its second try. */
export const callTimeoutMs = 5_000
/** How long nothing may come of a file, and how many bytes a second have to in the whole. */
const idleTimeoutMs = 5_000
const leastBytesPerSecond = 262_144
const retryAfterMs = 2_000

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
const isNone = (error: unknown) => statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket'
const isOther = (error: unknown) => statusOf(error) === 412

/** Calls to a store that speaks S3: each ends in time, and what the store refuses is told to the operator alone. */
export class S3Calls {
  private readonly closing = new AbortController()

  constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
    private readonly logger: Logger,
  ) {}

  /** A call to the store, which is answered in time. Rejects as the store does. */
  async ask<Output>(call: Call<Output>, timeoutMs = callTimeoutMs): Promise<Output> {
    // Not AbortSignal.timeout(): it would also end what comes after the answer began.
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), timeoutMs)
    try {
      const abortSignal = AbortSignal.any([late.signal, this.closing.signal])
      return await call(this.client, { abortSignal, requestTimeout: timeoutMs })
    } finally {
      clearTimeout(timer)
    }
  }

  /** The same; null: there is no such object, or it is another one by now. Rejects with UNAVAILABLE. */
  async unlessGone<Output>(call: Call<Output>, timeoutMs = callTimeoutMs): Promise<Output | null> {
    try {
      return await this.ask(call, timeoutMs)
    } catch (error) {
      if (isNone(error) || isOther(error)) return null
      throw this.unavailable(error)
    }
  }

  /** The bytes, as long as they come fast enough. Rejects with UNAVAILABLE. */
  async *bytesOf(body: Readable, byteSize: number): AsyncGenerator<Uint8Array> {
    const cut = () => void body.destroy(new Error('The bytes of a file did not come in time.'))
    const idle = setTimeout(cut, idleTimeoutMs)
    const whole = setTimeout(cut, idleTimeoutMs + (byteSize / leastBytesPerSecond) * 1_000)
    this.closing.signal.addEventListener('abort', cut)
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        idle.refresh()
        yield chunk
      }
    } catch (error) {
      throw this.unavailable(error)
    } finally {
      clearTimeout(idle)
      clearTimeout(whole)
      this.closing.signal.removeEventListener('abort', cut)
      body.destroy()
    }
  }

  unavailable(error: unknown): UnavailableError {
    if (error instanceof UnavailableError) return error
    // What its answer says is about our keys, names and rights. That is the operator's affair and not the client's.
    this.logger.warn(
      { err: error, bucket: this.bucket, status: statusOf(error) },
      'the store of files did not do what it was asked',
    )
    const message = 'The store of files cannot be reached at the moment. Try again.'
    return new UnavailableError(message, retryAfterMs, { cause: error })
  }

  /** Ends what is under way. */
  close(): void {
    this.closing.abort()
  }
}
