import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { timeMs } from '../clock.ts'
import { filePath, uploadPath } from './paths.ts'

/** What an address is for: to put the bytes of a file there, or to get them. */
export type FileUse = 'PUT' | 'GET'

export interface FileAddresses {
  /** The path and query of an address that works until then. */
  sign(use: FileUse, id: string, until: Date): string
  /** Whether we signed it; and whether it still works. */
  check(use: FileUse, id: string, query: URLSearchParams): 'VALID' | 'EXPIRED' | 'FORGED'
}

const pathFor: Record<FileUse, string> = { PUT: uploadPath, GET: filePath }

/** Addresses that open one file until a time, for whoever has them. The secret has to be the same in every process. */
export function createFileAddresses(secret: string): FileAddresses {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'parley file address', 32))
  const signatureOf = (use: FileUse, id: string, expires: string) =>
    createHmac('sha256', key).update(`${use} ${id} ${expires}`).digest('base64url')

  return {
    sign(use, id, until) {
      const expires = String(Math.ceil(until.getTime() / 1_000))
      return `${pathFor[use]}${id}?expires=${expires}&signature=${signatureOf(use, id, expires)}`
    },
    check(use, id, query) {
      const [expires = '', signature = ''] = [query.get('expires') ?? undefined, query.get('signature') ?? undefined]
      const [given, own] = [Buffer.from(signature), Buffer.from(signatureOf(use, id, expires))]
      if (given.byteLength !== own.byteLength || !timingSafeEqual(given, own)) return 'FORGED'
      return Number(expires) * 1_000 > timeMs() ? 'VALID' : 'EXPIRED'
    },
  }
}
