import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { atEndOfEachFile } from './at-end.ts'

const open = new Set<() => void>()

atEndOfEachFile(() => {
  for (const close of open) close()
})

/**
 * A TCP proxy between a server and a service that it depends on (PostgreSQL, Redis). It lets a number of answers through
 * and holds the rest, so that a test can act while the server waits at each of its awaits in turn.
 */
export class Gate {
  private passes = Infinity
  private held: (() => void)[] = []
  private reached: (() => void) | null = null

  /** Listens on a free port, and forwards to `port`. */
  async before(port: number): Promise<number> {
    const sockets = new Set<Socket>()
    const listener = createServer((client) => {
      const server = connect({ port, host: '127.0.0.1', noDelay: true })
      client.setNoDelay(true)
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        sockets.add(from)
        from.on('error', () => to.destroy())
        from.on('close', () => {
          sockets.delete(from)
          to.destroy()
        })
      }
      client.on('data', (chunk) => server.write(chunk))
      server.on('data', (chunk) => {
        this.pass(() => client.write(chunk))
      })
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    open.add(() => {
      listener.close()
      for (const socket of sockets) socket.destroy()
    })
    return (listener.address() as AddressInfo).port
  }

  /** From now on lets this many answers through. Resolves when it holds the next one. */
  holdAfter(count: number): Promise<void> {
    this.passes = count
    return new Promise((resolve) => (this.reached = resolve))
  }

  release(): void {
    this.passes = Infinity
    this.reached = null
    for (const go of this.held.splice(0)) go()
  }

  private pass(go: () => void): void {
    if (this.passes-- > 0) {
      go()
      return
    }
    this.held.push(go)
    this.reached?.()
  }
}
