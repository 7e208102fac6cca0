import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { timeMs } from '../clock.ts'
import { UnavailableError } from '../domain/errors.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { FileFolder } from './folder.ts'
import { openS3Addresses } from './s3-addresses.ts'
import { servedAs } from './served-as.ts'
import type { Arrived, FileStore, StoredFile } from './store.ts'

export interface S3StoreOptions {
  bucket: string
  /** Null: AWS. */
  endpoint: string | null
  /** Where clients reach it, if elsewhere than we do. */
  publicEndpoint: string | null
  region: string
  accessKeyId: string
  secretAccessKey: string
  forcePathStyle: boolean
  /** Where bytes are while they are looked at. */
  folder: FileFolder
  /** How long a file may stay without a message. */
  unattachedTtlMs: number
  logger: Logger
}

type Call<Output> = (client: S3Client, how: { abortSignal: AbortSignal; requestTimeout: number }) => Promise<Output>

const connectTimeoutMs = 2_000
/** A call that moves no bytes of files, with its second try. */
const callTimeoutMs = 5_000
/** One for which the store copies a file, or takes one. */
const copyTimeoutMs = 60_000
/** How long nothing may come of a file, and how many bytes a second have to in the whole. */
const idleTimeoutMs = 5_000
const leastBytesPerSecond = 262_144
const retryAfterMs = 2_000

/** Where clients put bytes, and where those are that were found in order; as the data folder has them, so that they can move. */
const uploadKey = (id: string) => `incoming/${id}`
const prefixOf = (id: string) => `files/${id.slice(-2)}/${id}.`
const keyOf = (id: string, hash: string) => prefixOf(id) + hash.slice(0, 16)

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
const isNone = (error: unknown) => statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket'
const isOther = (error: unknown) => statusOf(error) === 412

/**
 * Files in a store that speaks S3. Clients put bytes to `incoming/` and get them from `files/`, both by addresses that we sign.
 * When a message is to have a file, its bytes are fetched and looked at, and the store copies exactly these to where they are
 * got: what is put to the address of the upload afterwards changes nothing.
 */
export async function openS3Store(options: S3StoreOptions): Promise<FileStore> {
  const { bucket, folder, unattachedTtlMs, logger } = options
  // Loaded only here: it takes half a second, and most deployments have no such store.
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client(clientConfig(options, options.endpoint))
  const outside = new sdk.S3Client(clientConfig(options, options.publicEndpoint ?? options.endpoint))
  const addresses = await openS3Addresses(outside, bucket)
  const closing = new AbortController()

  /** A call to the store, which is answered in time. */
  async function ask<Output>(call: Call<Output>, timeoutMs = callTimeoutMs): Promise<Output> {
    // Not AbortSignal.timeout(): it would also end what comes after the answer began.
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), timeoutMs)
    try {
      const abortSignal = AbortSignal.any([late.signal, closing.signal])
      return await call(client, { abortSignal, requestTimeout: timeoutMs })
    } finally {
      clearTimeout(timer)
    }
  }

  /** The same; null: there is no such object, or it is another one by now. */
  async function unlessGone<Output>(call: Call<Output>, timeoutMs = callTimeoutMs): Promise<Output | null> {
    try {
      return await ask(call, timeoutMs)
    } catch (error) {
      if (isNone(error) || isOther(error)) return null
      throw unavailable(error)
    }
  }

  function unavailable(error: unknown): UnavailableError {
    if (error instanceof UnavailableError) return error
    // What its answer says is about our keys, names and rights. That is the operator's affair and not the client's.
    logger.warn({ err: error, bucket, status: statusOf(error) }, 'the store of files did not do what it was asked')
    const message = 'The store of files cannot be reached at the moment. Try again.'
    return new UnavailableError(message, retryAfterMs, { cause: error })
  }

  const at = (Key: string) => ({ Bucket: bucket, Key })
  const drop = (key: string) => unlessGone((s3, how) => s3.send(new sdk.DeleteObjectCommand(at(key)), how))
  const list = (query: { Prefix: string; StartAfter?: string }) =>
    unlessGone((s3, how) => s3.send(new sdk.ListObjectsV2Command({ Bucket: bucket, ...query }), how))

  /** The bytes, as long as they come fast enough. */
  async function* bytesOf(body: Readable, byteSize: number): AsyncGenerator<Uint8Array> {
    const cut = () => void body.destroy(new Error('The bytes of a file did not come in time.'))
    const idle = setTimeout(cut, idleTimeoutMs)
    const whole = setTimeout(cut, idleTimeoutMs + (byteSize / leastBytesPerSecond) * 1_000)
    closing.signal.addEventListener('abort', cut)
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        idle.refresh()
        yield chunk
      }
    } catch (error) {
      throw unavailable(error)
    } finally {
      clearTimeout(idle)
      clearTimeout(whole)
      closing.signal.removeEventListener('abort', cut)
      body.destroy()
    }
  }

  /** Puts the bytes that we looked at. For stores of which a copy cannot be told from another one by its tag. */
  const putOurs = (key: string, { contentType }: StoredFile, { path, byteSize }: Arrived) =>
    unlessGone((s3, how) => {
      const input = { ...at(key), Body: createReadStream(path), ContentLength: byteSize, ContentType: contentType }
      return s3.send(new sdk.PutObjectCommand(input), how)
    }, copyTimeoutMs)

  let swept: string | undefined
  /** What was put where uploads come, and is of no file that waits for it: one page of them. */
  async function sweep(): Promise<void> {
    const page = await list({ Prefix: 'incoming/', ...(swept !== undefined && { StartAfter: swept }) })
    const objects = page?.Contents ?? []
    swept = page?.IsTruncated === true ? objects.at(-1)?.Key : undefined
    const before = timeMs() - unattachedTtlMs
    for (const { Key, LastModified } of objects) {
      if (Key !== undefined && LastModified && LastModified.getTime() < before) await drop(Key)
    }
  }

  return {
    async prepare() {
      await folder.prepare()
      await ask((s3, how) => s3.send(new sdk.ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }), how))
      const asked = ask((s3, how) => s3.send(new sdk.GetBucketVersioningCommand({ Bucket: bucket }), how))
      // Not all stores know the question.
      const versioning = await asked.catch(() => undefined)
      if (versioning?.Status === 'Enabled') {
        logger.warn({ bucket }, 'the bucket keeps old versions: files that people delete are not removed from it')
      }
    },

    uploadUrl: ({ id, contentType, byteSize }, until) => addresses.put(uploadKey(id), { contentType, byteSize }, until),

    downloadUrl(file, time) {
      const { contentType, contentDisposition } = servedAs(file)
      const maxAgeSeconds = Math.floor((time.until.getTime() - time.from.getTime()) / 1_000)
      // There is nothing by this name until the bytes are there and checked.
      return addresses.get(keyOf(file.id, file.hash ?? 'none'), time, {
        'cache-control': `private, max-age=${String(maxAgeSeconds)}, immutable`,
        'content-disposition': contentDisposition,
        'content-type': contentType,
      })
    },

    async arrived({ id, byteSize }) {
      const found = await unlessGone((s3, how) => s3.send(new sdk.GetObjectCommand(at(uploadKey(id))), how))
      if (!found) return null
      const body = found.Body as Readable
      if (found.ContentLength !== byteSize) {
        body.on('error', () => undefined).destroy()
        return { byteSize: found.ContentLength ?? 0, path: null }
      }
      const draft = await folder.write(bytesOf(body, byteSize), byteSize).catch((error: unknown) => {
        throw unavailable(error)
      })
      if (draft?.byteSize !== byteSize) {
        if (draft) await folder.discard(draft.path)
        throw unavailable(new Error('The bytes of a file did not come whole.'))
      }
      return { ...draft, ...(found.ETag !== undefined && { tag: found.ETag }) }
    },

    release: ({ path }) => folder.discard(path),

    async publish(file, arrived) {
      const key = keyOf(file.id, arrived.hash)
      const copied = await unlessGone((s3, how) => {
        const source = { CopySource: `${bucket}/${uploadKey(file.id)}`, CopySourceIfMatch: arrived.tag }
        const type = { MetadataDirective: 'REPLACE', ContentType: file.contentType } as const
        return s3.send(new sdk.CopyObjectCommand({ ...at(key), ...source, ...type }), how)
      }, copyTimeoutMs)
      if (!copied) return false
      // Most stores call the same bytes the same. One that does not, or ignores the condition, has not shown that they are.
      const isSame = arrived.tag !== undefined && copied.CopyObjectResult?.ETag === arrived.tag
      if (!isSame) await putOurs(key, file, arrived)
      return true
    },

    async read({ id, byteSize, hash }) {
      if (hash === null) return null
      const found = await unlessGone((s3, how) => s3.send(new sdk.GetObjectCommand(at(keyOf(id, hash))), how))
      return found && bytesOf(found.Body as Readable, byteSize)
    },

    async put(file, draft) {
      await putOurs(keyOf(file.id, draft.hash), file, draft)
      await folder.discard(draft.path)
    },

    async forgetUpload(id) {
      // The sweep removes it later otherwise.
      await drop(uploadKey(id)).catch(() => undefined)
    },

    async remove(id, exceptHash) {
      await drop(uploadKey(id))
      const kept = exceptHash === undefined ? null : keyOf(id, exceptHash)
      for (const { Key } of (await list({ Prefix: prefixOf(id) }))?.Contents ?? []) {
        if (Key !== undefined && Key !== kept) await drop(Key)
      }
    },

    async removeAbandoned() {
      await folder.removeAbandoned()
      await sweep()
    },

    close() {
      closing.abort()
      client.destroy()
      outside.destroy()
    },
  }
}

function clientConfig(options: S3StoreOptions, endpoint: string | null): S3ClientConfig {
  const { region, accessKeyId, secretAccessKey, forcePathStyle } = options
  return {
    region,
    ...(endpoint !== null && { endpoint }),
    forcePathStyle,
    credentials: { accessKeyId, secretAccessKey },
    // Else each address for a PUT has the checksum of no bytes, and each stream a framing that only AWS and few others know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 2,
    requestHandler: { connectionTimeout: connectTimeoutMs, requestTimeout: callTimeoutMs, throwOnRequestTimeout: true },
  }
}
