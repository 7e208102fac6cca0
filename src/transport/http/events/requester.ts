import type { IncomingMessage } from 'node:http'

/**
 * Who waits for the answer to one request. Whatever is opened for them after an await has to be asked for here first: the
 * event that tells of their going may be over by then, and a listener would wait for it in vain. The connection counts and
 * not the response, which is told nothing while it stands in line behind another one.
 */
export class Requester {
  constructor(private readonly request: IncomingMessage) {}

  get isGone(): boolean {
    return this.request.socket.destroyed
  }

  /** Calls the listener when they go, or at once when they are gone. Returns the way out. */
  onGone(listener: () => void): () => void {
    const { socket } = this.request
    if (socket.destroyed) {
      listener()
      return () => undefined
    }
    socket.once('close', listener)
    return () => socket.off('close', listener)
  }

  disconnect(): void {
    this.request.socket.destroy()
  }
}
