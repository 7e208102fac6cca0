// What consumers of webhooks share. docs/webhooks.md has the payloads.
import type { IncomingMessage } from 'node:http'

export interface MessageSent {
  type: string
  data: {
    conversation: { id: string; kind: string; title?: string | null }
    message: { id: string; text?: string | null; sender: { id: string; handle: string; displayName: string } }
    notify?: string[]
  }
}

/** The raw body: what is signed. Parley's are small. */
export async function readBody(request: IncomingMessage, mostBytes = 256 * 1024): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += (part as Buffer).length
    if (size > mostBytes) throw new Error('The body is too large.')
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts).toString()
}

/** A delivery can come again: what was done, by a key, is not done twice. A real consumer keeps the keys in its database. */
export function rememberLast(most: number) {
  const done = new Set<string>()
  return async (key: string, work: () => Promise<unknown>): Promise<void> => {
    if (done.has(key)) return
    await work()
    done.add(key)
    const [oldest] = done
    if (done.size > most && oldest !== undefined) done.delete(oldest)
  }
}
