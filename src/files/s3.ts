import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { timeMs } from '../clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { FileFolder } from './folder.ts'
import { openS3Addresses } from './s3-addresses.ts'
import { callTimeoutMs, S3Calls } from './s3-calls.ts'
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

const connectTimeoutMs = 2_000
/** One for which the store copies a file, or takes one. */
const copyTimeoutMs = 60_000

/** Where clients put bytes, and where those are that were found in order; as the data folder has them, so that they can move. */
const uploadKey = (id: string) => `incoming/${id}`
const prefixOf = (id: string) => `files/${id.slice(-2)}/${id}.`
const keyOf = (id: string, hash: string) => prefixOf(id) + hash.slice(0, 16)

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
  const calls = new S3Calls(client, bucket, logger)

  const at = (Key: string) => ({ Bucket: bucket, Key })
  const drop = (key: string) => calls.unlessGone((s3, how) => s3.send(new sdk.DeleteObjectCommand(at(key)), how))
  const list = (query: { Prefix: string; StartAfter?: string }) =>
    calls.unlessGone((s3, how) => s3.send(new sdk.ListObjectsV2Command({ Bucket: bucket, ...query }), how))

  /** Puts the bytes that we looked at. For stores of which a copy cannot be told from another one by its tag. */
  const putOurs = (key: string, { contentType }: StoredFile, { path, byteSize }: Arrived) =>
    calls.unlessGone((s3, how) => {
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
      await calls.ask((s3, how) => s3.send(new sdk.ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }), how))
      const asked = calls.ask((s3, how) => s3.send(new sdk.GetBucketVersioningCommand({ Bucket: bucket }), how))
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
      const found = await calls.unlessGone((s3, how) => s3.send(new sdk.GetObjectCommand(at(uploadKey(id))), how))
      if (!found) return null
      const body = found.Body as Readable
      if (found.ContentLength !== byteSize) {
        body.on('error', () => undefined).destroy()
        return { byteSize: found.ContentLength ?? 0, path: null }
      }
      const draft = await folder.write(calls.bytesOf(body, byteSize), byteSize).catch((error: unknown) => {
        throw calls.unavailable(error)
      })
      if (draft?.byteSize !== byteSize) {
        if (draft) await folder.discard(draft.path)
        throw calls.unavailable(new Error('The bytes of a file did not come whole.'))
      }
      return { ...draft, ...(found.ETag !== undefined && { tag: found.ETag }) }
    },

    release: ({ path }) => folder.discard(path),

    async publish(file, arrived) {
      const key = keyOf(file.id, arrived.hash)
      const copied = await calls.unlessGone((s3, how) => {
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
      const found = await calls.unlessGone((s3, how) => s3.send(new sdk.GetObjectCommand(at(keyOf(id, hash))), how))
      return found && calls.bytesOf(found.Body as Readable, byteSize)
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
      calls.close()
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
