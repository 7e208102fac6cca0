import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { BoundedSocket } from '../../../src/transport/websocket/bounded-socket.ts'
import { closeCodes } from '../../../src/transport/websocket/close-codes.ts'
import { startKeepAlive } from '../../../src/transport/websocket/keep-alive.ts'
import { SocketCaps } from '../../../src/transport/websocket/socket-caps.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const newSocket = () => {
  const codes: number[] = []
  return { codes, close: (code: number) => codes.push(code) } as unknown as BoundedSocket
}

function add(caps: SocketCaps, address: string) {
  const socket = newSocket()
  const network = caps.networkOf(address)
  caps.add(socket, network)
  return { socket, network }
}

describe('sockets are counted', () => {
  test('in all, and of those who have not said who they are', () => {
    const caps = new SocketCaps({ limits: { sockets: 3, strangers: 2 } })
    const one = add(caps, '203.0.113.1')
    add(caps, '203.0.113.2')
    expect(caps.refusalFor(caps.networkOf('203.0.113.3'))?.status).toBe('503 Service Unavailable')
    caps.known(one.socket, one.network)
    expect(caps.refusalFor(caps.networkOf('203.0.113.3'))).toBeNull()
    const third = add(caps, '203.0.113.3')
    caps.known(third.socket, third.network)
    expect(caps.refusalFor(null)?.status).toBe('503 Service Unavailable')
    caps.remove(one.socket, one.network)
    expect(caps.refusalFor(null)).toBeNull()
  })

  test('by address, apart from those of strangers; all who share a network of IPv6 are one', () => {
    const caps = new SocketCaps({ limits: { socketsPerAddress: 3, strangersPerAddress: 2 } })
    const first = add(caps, '2001:db8:1:2::1')
    add(caps, '2001:db8:1:2:ffff::1')
    const network = caps.networkOf('2001:db8:1:2::2')
    expect(caps.refusalFor(network)?.status).toBe('429 Too Many Requests')
    expect(caps.refusalFor(caps.networkOf('2001:db8:1:3::1'))).toBeNull()
    caps.known(first.socket, first.network)
    add(caps, '2001:db8:1:2::3')
    expect(caps.refusalFor(network)?.status).toBe('429 Too Many Requests')
    // Told twice that it is known, and then that it is gone: as often as it was counted.
    caps.known(first.socket, first.network)
    caps.remove(first.socket, first.network)
    expect(caps.refusalFor(network)?.status).toBe('429 Too Many Requests')
  })

  test.each(['127.0.0.1', '::1', '10.1.2.3', '192.168.0.1', 'fd00::1', '198.51.100.7', 'no address'])(
    'not by the address of many: %s',
    (address) => {
      const caps = new SocketCaps({ limits: { socketsPerAddress: 1 }, trustProxy: ['198.51.100.0/24'] })
      add(caps, address)
      expect(caps.refusalFor(caps.networkOf(address))).toBeNull()
    },
  )
})

test('where strangers are many, those who have been there for a while make room, and no others', () => {
  const caps = new SocketCaps({ limits: { strangers: 6 } })
  const early = Array.from({ length: 4 }, () => add(caps, '127.0.0.1').socket)
  vi.advanceTimersByTime(2_500)
  const late = add(caps, '127.0.0.1').socket
  caps.sweep()
  const closed = [...early, late].map((socket) => (socket as unknown as { codes: number[] }).codes)
  expect(closed).toEqual([[closeCodes.TRY_AGAIN_LATER], [closeCodes.TRY_AGAIN_LATER], [], [], []])
})

test.each([
  [null, 10_000],
  ['somebody', 30_000],
])('a message of %s that is not finished in %i ms closes its socket', (personId, limitMs) => {
  const socket = {
    OPEN: 1,
    readyState: 1,
    isPaused: false,
    awaitsPong: true,
    on: vi.fn(),
    close: vi.fn(),
    terminate: vi.fn(),
  }
  const unfinished = Object.assign(socket, { share: { personId }, unfinishedSinceMs: performance.now() + 1 })
  const stop = startKeepAlive(new Set([unfinished as unknown as BoundedSocket]))
  vi.advanceTimersByTime(limitMs - 1_500)
  expect(socket.close).not.toHaveBeenCalled()
  vi.advanceTimersByTime(2_500)
  expect(socket.close).toHaveBeenCalledWith(closeCodes.CONNECTION_INIT_TIMEOUT, expect.anything())
  stop()
})
