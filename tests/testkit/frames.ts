import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import type { BoundedSocket } from '../../src/transport/websocket/bounded-socket.ts'

/** ws's own frame parser, which is not in its types. */
const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: new (options: object) => Writable }

/** The text messages in these bytes, as a client reads them; throws if the bytes are not whole valid frames. */
export async function messagesIn(...bytes: Buffer[]): Promise<string[]> {
  const receiver = new Receiver({ isServer: false, maxPayload: 1_048_576 })
  const messages: string[] = []
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) throw new Error('a binary message')
    messages.push(data.toString())
  })
  await new Promise<void>((resolve, reject) => {
    receiver.on('error', reject).on('conclude', () => reject(new Error('a close frame')))
    receiver.write(Buffer.concat(bytes), (error) => (error ? reject(error) : resolve()))
  })
  // Left-over bytes would be the beginning of a frame that never ends.
  const { _bufferedBytes: left } = receiver as unknown as { _bufferedBytes: number }
  if (left > 0) throw new Error(`${left} bytes of a broken frame`)
  return messages
}

/** A socket that records what is written to it, and whose network falls behind when a test says so. */
export class FakeSocket {
  readonly OPEN = 1
  readyState = 1
  isBehind = false
  /** One entry for each write to the network. */
  readonly writes: Buffer[] = []
  onWrite: () => void = () => undefined
  private waiting: (() => void)[] = []

  whenDrained(listener: () => void) {
    this.waiting.push(listener)
  }

  writeFrames(...frames: Buffer[]) {
    this.writes.push(Buffer.concat(frames))
    this.onWrite()
  }

  drain() {
    this.isBehind = false
    for (const wake of this.waiting.splice(0)) wake()
  }

  get messages(): Promise<{ id: string; type: string; payload: unknown }[]> {
    return messagesIn(...this.writes).then((texts) => texts.map((text) => JSON.parse(text) as never))
  }

  get asSocket(): BoundedSocket {
    return this as unknown as BoundedSocket
  }
}
