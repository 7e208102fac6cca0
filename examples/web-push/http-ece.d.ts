declare module 'http_ece' {
  import type { ECDH } from 'node:crypto'
  /** What RFC 8291 needs of it. */
  export function encrypt(
    content: Buffer,
    options: { version: 'aes128gcm'; privateKey: ECDH; dh: string; authSecret: string },
  ): Buffer
}
