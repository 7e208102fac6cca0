import { createServer, type AddressInfo } from 'node:net'
import { atEndOfEachFile } from './at-end.ts'

/**
 * Speaks clamd's INSTREAM and knows two files: those with `EICAR` in them, and those that are too large. A stand-in, because the
 * signatures of the real one come from a server of its makers.
 */
export async function startClamd({ maxByteSize = 1_048_576 } = {}) {
  let isSilent = false
  const server = createServer((socket) => {
    let received = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (isSilent) return
      const command = 'zINSTREAM\0'
      if (received.byteLength < command.length) return
      if (received.subarray(0, command.length).toString() !== command) return socket.end('UNKNOWN COMMAND\0')
      const parts: Buffer[] = []
      for (let at = command.length; at + 4 <= received.byteLength;) {
        const length = received.readUInt32BE(at)
        if (length === 0) {
          const bytes = Buffer.concat(parts)
          return socket.end(bytes.includes('EICAR') ? 'stream: Eicar-Test-Signature FOUND\0' : 'stream: OK\0')
        }
        if (at + 4 + length > received.byteLength) break
        parts.push(received.subarray(at + 4, at + 4 + length))
        at += 4 + length
      }
      if (received.byteLength <= maxByteSize) return
      // As clamd: an answer in the middle of the file, and then nobody reads any more.
      socket.write('INSTREAM size limit exceeded. ERROR\0', () => socket.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEndOfEachFile(() => void server.close())
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${String(port)}`,
    /** It takes connections and answers nothing. */
    silence: (silent: boolean) => (isSilent = silent),
  }
}
