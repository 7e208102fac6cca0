import { z } from 'zod'
import { integer, isBaseUrl, listOf } from './values.ts'

const isMediaRange = (value: string) => /^[a-z0-9][\w.+-]*\/(?:\*|[a-z0-9][\w.+-]*)$/.test(value)

const endpoint = (example: string) =>
  z
    .string()
    .refine(isBaseUrl, `an address like ${example}`)
    .transform((value) => new URL(value).href.replace(/\/$/, ''))

/** What people upload, and where it is kept. */
export const fileSettings = {
  UPLOAD_MAX_MB: integer('megabytes from 1 to 1024', 1, 1_024).default(25),
  UPLOAD_TYPES: z
    .string()
    .default('image/*,audio/*,video/*,text/*,application/*')
    .transform((value) => listOf(value.toLowerCase()))
    .refine((types) => types.every(isMediaRange), 'media types like image/png or image/* with commas between'),
  UPLOAD_URL_TTL_SECONDS: integer('seconds from 1 to 86400', 1, 86_400).default(900),
  DOWNLOAD_URL_TTL_SECONDS: integer('seconds from 1 to 604800', 1, 604_800).default(900),
  UNATTACHED_UPLOAD_TTL_MINUTES: integer('minutes from 1 to 43200', 1, 43_200).default(1_440),
  UNATTACHED_UPLOADS_PER_PERSON: integer('a number of uploads from 1 to 100000', 1, 100_000).default(100),
  UNATTACHED_UPLOADS_MB_PER_PERSON: integer('megabytes from 1 to 1048576', 1, 1_048_576).default(500),
  UPLOAD_SCAN_COMMAND: z.string().optional(),
  UPLOAD_SCAN_CLAMD: z
    .string()
    .regex(/^(\/.+|[^\s/]+:\d{1,5})$/, 'host:port, or the path of a socket')
    .optional(),
  UPLOAD_SCAN_TIMEOUT_MS: integer('milliseconds from 100 to 600000', 100, 600_000).default(10_000),
  S3_BUCKET: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      'the name of a bucket: 3 to 63 small letters, digits, dots and hyphens',
    )
    .optional(),
  S3_ENDPOINT: endpoint('https://s3.example.com').optional(),
  S3_PUBLIC_ENDPOINT: endpoint('https://files.example.com').optional(),
  S3_REGION: z
    .string()
    .regex(/^[\w-]{1,63}$/, 'a region like eu-central-1')
    .optional(),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  // Other programs take true and false for it.
  S3_FORCE_PATH_STYLE: z
    .enum(['on', 'off', 'true', 'false'], 'on or off')
    .transform((value) => value === 'on' || value === 'true')
    .optional(),
}

type FileSettings = z.output<z.ZodObject<typeof fileSettings>>

const namesOfS3 = Object.keys(fileSettings).filter((name) => name.startsWith('S3_')) as (keyof FileSettings)[]
const needed = ['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const
/** A signature of S3 holds for a week at most, and an address works for up to a third longer than it has to. */
const maxSignedSeconds = 453_600

/** Why these settings of a store cannot be used together, in a line; null when they can, or when there are none. */
export function whatIsMissing(read: FileSettings): string | null {
  const given = namesOfS3.find((name) => read[name] !== undefined)
  if (given === undefined) return null
  const missing = needed.filter((name) => read[name] === undefined)
  if (missing.length > 0) {
    return `${missing.join(' and ')} must be set, as ${given} is: files go to a store with all of ${needed.join(', ')}, and to PARLEY_DATA_DIR with none.`
  }
  if (read.S3_REGION === undefined && read.S3_ENDPOINT === undefined) {
    return 'S3_REGION must be set for a bucket of AWS, or S3_ENDPOINT for that of another store.'
  }
  if (read.DOWNLOAD_URL_TTL_SECONDS > maxSignedSeconds) {
    return `DOWNLOAD_URL_TTL_SECONDS must be ${String(maxSignedSeconds)} or less with S3_BUCKET: no signature holds for longer than a week.`
  }
  return null
}

function storeOf(read: FileSettings) {
  const { S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = read
  if (bucket === undefined || accessKeyId === undefined || secretAccessKey === undefined) return null
  return Object.freeze({
    bucket,
    /** Null: AWS. */
    endpoint: read.S3_ENDPOINT ?? null,
    /** Where clients reach it, if elsewhere than we do. */
    publicEndpoint: read.S3_PUBLIC_ENDPOINT ?? null,
    region: read.S3_REGION ?? 'us-east-1',
    accessKeyId,
    secretAccessKey,
    /** Whether the bucket is in the path and not in the name of the host, which few stores but AWS serve. */
    forcePathStyle: read.S3_FORCE_PATH_STYLE ?? read.S3_ENDPOINT !== undefined,
  })
}

export const filesOf = (read: FileSettings) => ({
  uploads: Object.freeze({
    maxByteSize: read.UPLOAD_MAX_MB * 1_048_576,
    types: Object.freeze(read.UPLOAD_TYPES),
    uploadAddressTtlMs: read.UPLOAD_URL_TTL_SECONDS * 1_000,
    downloadAddressTtlMs: read.DOWNLOAD_URL_TTL_SECONDS * 1_000,
    unattachedTtlMs: read.UNATTACHED_UPLOAD_TTL_MINUTES * 60_000,
    scan: Object.freeze({
      command: read.UPLOAD_SCAN_COMMAND ?? null,
      clamd: read.UPLOAD_SCAN_CLAMD ?? null,
      timeoutMs: read.UPLOAD_SCAN_TIMEOUT_MS,
    }),
    /** What one person may have without a message. */
    quota: Object.freeze({
      files: read.UNATTACHED_UPLOADS_PER_PERSON,
      byteSize: read.UNATTACHED_UPLOADS_MB_PER_PERSON * 1_048_576,
    }),
  }),
  /** A store that speaks S3. Null: the data folder. */
  s3: storeOf(read),
})
