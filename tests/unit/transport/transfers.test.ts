import { createServer, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { answerClientErrors, takesLonger } from '../../../src/transport/http/connections/client-errors.ts'
import { cutStalled } from '../../../src/transport/http/files/stalls.ts'
import { TransferSlots } from '../../../src/transport/http/files/transfer-slots.ts'

describe('a transfer', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  const started = () => {
    vi.useFakeTimers()
    const socket = { destroyed: false, destroy: () => (socket.destroyed = true) }
    let moved = 0
    const stop = cutStalled(socket as unknown as Socket, () => moved, { idleMs: 5_000, wholeMs: 60_000 })
    return { socket, stop, move: () => moved++ }
  }

  test('is cut when nothing moves for too long', () => {
    const { socket, move } = started()
    vi.advanceTimersByTime(4_000)
    move()
    vi.advanceTimersByTime(5_000)
    expect(socket.destroyed).toBe(false)
    vi.advanceTimersByTime(2_000)
    expect(socket.destroyed).toBe(true)
  })

  test('is cut when it takes too long in all, however often something moves', () => {
    const { socket, move } = started()
    for (let seconds = 0; seconds < 59; seconds++) {
      move()
      vi.advanceTimersByTime(1_000)
    }
    expect(socket.destroyed).toBe(false)
    move()
    vi.advanceTimersByTime(2_000)
    expect(socket.destroyed).toBe(true)
  })

  test('that is over is not cut', () => {
    const { socket, stop } = started()
    stop()
    vi.advanceTimersByTime(600_000)
    expect(socket.destroyed).toBe(false)
  })
})

describe('slots', () => {
  test('are bounded for each payer and in all, and free again when given back, once', () => {
    const slots = new TransferSlots({ inAll: 3, perPayer: 2, limit: 'uploads' })
    const giveBack = slots.take('ann')
    slots.take('ann')
    expect(() => slots.take('ann')).toThrow(/Too many transfers at once/)
    slots.take(null)
    expect(() => slots.take('bob')).toThrow(/under way/)
    giveBack()
    giveBack()
    slots.take('bob')
    expect(() => slots.take(null)).toThrow(/under way/)
  })
})

describe('a request that is not complete in time', () => {
  /** Sends half of a body, and returns the status with which the server ends it; null: it waits for the rest. */
  async function statusAfterHalf(isUpload: boolean): Promise<number | null> {
    const server = createServer({ requestTimeout: 100, headersTimeout: 50, connectionsCheckingInterval: 20 })
    answerClientErrors(server)
    let end = () => undefined as unknown
    const checked = new Promise<void>((resolve) => {
      server.on('clientError', () => resolve())
    })
    server.on('request', (incoming, response) => {
      if (isUpload) end = takesLonger(incoming.socket)
      incoming.resume().once('end', () => response.end())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const outgoing = request({ port, host: '127.0.0.1', method: 'PUT', headers: { 'content-length': 10 } })
    const answered = new Promise<number | null>((resolve) => {
      outgoing.once('response', ({ statusCode = 0 }) => resolve(statusCode))
      outgoing.once('error', () => resolve(-1))
    })
    outgoing.write('12345')
    await checked
    const before = await Promise.race([answered, new Promise<null>((resolve) => setImmediate(() => resolve(null)))])
    if (isUpload) {
      expect(before).toBeNull()
      outgoing.end('67890')
    }
    const status = await answered
    end()
    server.closeAllConnections()
    server.close()
    return status
  }

  test('is ended, unless it is an upload', async () => {
    expect(await statusAfterHalf(false)).toBe(408)
    expect(await statusAfterHalf(true)).toBe(200)
  })
})
