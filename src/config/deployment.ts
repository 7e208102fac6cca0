import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { integer } from './values.ts'

/** `host:port`, IPv6 in brackets; the port may be left out. */
const endpoint = String.raw`(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?`
const user = String.raw`(?:[^@/\s]*@)?`

const plainRedis = new RegExp(`^rediss?://${user}${endpoint}(?:/\\d*)?(?:\\?\\S*)?$`, 'i')
const sentinels = new RegExp(
  `^rediss?\\+sentinel://${user}${endpoint}(?:,${endpoint})*/[\\w.%-]+(?:/\\d+)?(?:\\?\\S*)?$`,
  'i',
)

const cluster = new RegExp(`^rediss?\\+cluster://${user}${endpoint}(?:,${endpoint})*/?$`, 'i')

/** How many processes, and what is between them. */
export const deploymentSettings = {
  REDIS_URL: z
    .string()
    .refine(
      (value) => [plainRedis, sentinels, cluster].some((form) => form.test(value)),
      'an address that begins with redis:// or rediss://, or redis+sentinel://host1,host2/name, or redis+cluster://host1,host2',
    )
    .optional(),
  REDIS_TLS_CA_FILE: z.string().optional(),
  REDIS_TLS_CERT_FILE: z.string().optional(),
  REDIS_TLS_KEY_FILE: z.string().optional(),
  WORKERS: integer('a number of processes from 1 to 64', 1, 64).default(1),
  WAL_ARCHIVE_DIR: z.string().optional(),
  WAL_ARCHIVE_TIMEOUT_SECONDS: integer('seconds from 1 to 86400', 1, 86_400).default(60),
}

interface Deployment {
  REDIS_URL?: string | undefined
  REDIS_TLS_CA_FILE?: string | undefined
  REDIS_TLS_CERT_FILE?: string | undefined
  REDIS_TLS_KEY_FILE?: string | undefined
  WORKERS: number
  WAL_ARCHIVE_DIR?: string | undefined
  WAL_ARCHIVE_TIMEOUT_SECONDS: number
  DATABASE_URL?: string | undefined
}

/** One line when something of it cannot be used together, or read. */
export function deploymentFault(read: Deployment): string | null {
  for (const name of ['REDIS_TLS_CA_FILE', 'REDIS_TLS_CERT_FILE', 'REDIS_TLS_KEY_FILE'] as const) {
    const file = read[name]
    if (file === undefined) continue
    if (!/^rediss/i.test(read.REDIS_URL ?? '')) return `${name} must not be set without a REDIS_URL of rediss://.`
    try {
      readFileSync(file)
    } catch (error) {
      return `${name} cannot be used: ${(error as NodeJS.ErrnoException).code ?? 'it cannot be read'}.`
    }
  }
  if ((read.REDIS_TLS_CERT_FILE === undefined) !== (read.REDIS_TLS_KEY_FILE === undefined))
    return 'REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE must be set together.'
  if (read.WAL_ARCHIVE_DIR !== undefined && read.DATABASE_URL !== undefined)
    return 'WAL_ARCHIVE_DIR is for the embedded PostgreSQL: with DATABASE_URL set archive_command of that PostgreSQL.'
  return null
}

const textOf = (file: string | undefined) => (file === undefined ? null : readFileSync(file, 'utf8'))

export const deploymentOf = (read: Deployment) => ({
  /** Null: the bus, presence and limits live in this process. */
  redisUrl: read.REDIS_URL ?? null,
  redisTls: Object.freeze({
    ca: textOf(read.REDIS_TLS_CA_FILE),
    cert: textOf(read.REDIS_TLS_CERT_FILE),
    key: textOf(read.REDIS_TLS_KEY_FILE),
  }),
  /** Processes behind the port. */
  workers: read.WORKERS,
  /** Where the embedded PostgreSQL copies its write-ahead log to. Null: nowhere. */
  walArchive:
    read.WAL_ARCHIVE_DIR === undefined
      ? null
      : Object.freeze({ dir: resolve(read.WAL_ARCHIVE_DIR), timeoutSeconds: read.WAL_ARCHIVE_TIMEOUT_SECONDS }),
})
