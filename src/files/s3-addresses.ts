import type { S3Client } from '@aws-sdk/client-s3'
import { LRUCache } from 'lru-cache'
import { timeMs } from '../clock.ts'

export interface S3Addresses {
  /** Where exactly so many bytes of this type can be put until then. */
  put(key: string, body: { contentType: string; byteSize: number }, until: Date): Promise<string>
  /** Where the object can be got, in this time and with these headers. The same for the same arguments. */
  get(key: string, time: { from: Date; until: Date }, headers: Record<string, string>): Promise<string>
}

/** Some 4 MB of them. */
const maxKept = 5_000

/** As the signature has it (RFC 3986): encodeURIComponent leaves five characters as they are. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * Signs addresses of objects, without asking the store. Not by getSignedUrl(), but for one address that shows where the store
 * has its objects: it sets up a request of the client for each, which takes ten times the processor time, and a page of
 * messages may need hundreds.
 */
export async function openS3Addresses(client: S3Client, bucket: string): Promise<S3Addresses> {
  const [{ GetObjectCommand }, { getSignedUrl, S3RequestPresigner }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/s3-request-presigner'),
  ])
  const presigner = new S3RequestPresigner({ ...client.config })
  const shown = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: 'key' })))
  const { protocol, hostname, port, host } = shown
  const folder = shown.pathname.slice(0, -'key'.length)

  async function sign(
    method: 'GET' | 'PUT',
    key: string,
    headers: Record<string, string>,
    query: Record<string, string>,
    time: { from: Date; until: Date },
  ): Promise<string> {
    const path = folder + key
    const request = {
      method,
      protocol,
      hostname,
      ...(port !== '' && { port: Number(port) }),
      path,
      headers: { host, ...headers },
      query,
    }
    const signed = await presigner.presign(request, {
      signingDate: time.from,
      expiresIn: Math.ceil((time.until.getTime() - time.from.getTime()) / 1_000),
      // The type is left out otherwise, whatever headers the request has.
      signableHeaders: new Set(['host', ...Object.keys(headers)]),
    })
    const pairs = Object.entries(signed.query ?? {}).map(
      ([name, value]) => `${encoded(name)}=${encoded(String(value))}`,
    )
    return `${shown.origin}${path}?${pairs.join('&')}`
  }

  const kept = new LRUCache<string, Promise<string>>({ max: maxKept })
  return {
    put: (key, { contentType, byteSize }, until) =>
      sign(
        'PUT',
        key,
        { 'content-type': contentType, 'content-length': String(byteSize) },
        {},
        { from: new Date(timeMs()), until },
      ),
    get(key, time, headers) {
      const name = `${key} ${String(time.from.getTime())}`
      const already = kept.get(name)
      if (already) return already
      const query = Object.entries(headers).map(([header, value]) => [`response-${header}`, value])
      const signing = sign('GET', key, {}, Object.fromEntries(query) as Record<string, string>, time)
      kept.set(name, signing)
      return signing
    },
  }
}
