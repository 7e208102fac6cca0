import { describe, expect, test } from 'vitest'
import { closingOf } from './close-codes.ts'
import { connectionEvents, connectionStates, transition } from './table.ts'

/** Each cell of the table, written a second time. `.`: nothing happens. */
const expected = `
              | IDLE                             | CONNECTING                | OPEN                              | PROBING                           | RENEWING             | WAITING                          | PAUSED                           | ENDED
START         | CONNECTING RESET_BACKOFF CONNECT | .                         | .                                 | .                                 | .                    | CONNECTING CONNECT               | .                                | CONNECTING RESET_BACKOFF CONNECT
STOP          | .                                | IDLE CLOSE                | IDLE CLOSE                        | IDLE CLOSE                        | IDLE                 | IDLE                             | IDLE                             | IDLE
ACKNOWLEDGED  | .                                | OPEN PING_LATER           | .                                 | .                                 | .                    | .                                | .                                | .
PONG          | .                                | .                         | OPEN RESET_BACKOFF PING_LATER     | OPEN RESET_BACKOFF PING_LATER     | .                    | .                                | .                                | .
PING_DUE      | .                                | .                         | OPEN PING                         | .                                 | .                    | .                                | .                                | .
OVERDUE       | .                                | WAITING TERMINATE RETRY   | WAITING TERMINATE RETRY           | WAITING TERMINATE RETRY_SOON      | .                    | .                                | .                                | .
RETRY_DUE     | .                                | .                         | .                                 | .                                 | .                    | CONNECTING CONNECT               | .                                | .
DOUBT         | .                                | .                         | PROBING PING                      | .                                 | .                    | CONNECTING CONNECT               | .                                | .
ONLINE        | .                                | .                         | PROBING PING                      | PROBING PING                      | .                    | CONNECTING RESET_BACKOFF CONNECT | .                                | .
PAUSE         | .                                | PAUSED CLOSE              | PAUSED CLOSE                      | PAUSED CLOSE                      | PAUSED               | PAUSED                           | .                                | .
RESUME        | .                                | .                         | PROBING PING                      | .                                 | .                    | CONNECTING RESET_BACKOFF CONNECT | CONNECTING RESET_BACKOFF CONNECT | .
LOST          | .                                | WAITING RETRY             | WAITING RETRY                     | WAITING RETRY                     | WAITING RETRY        | .                                | .                                | .
RESTARTING    | .                                | WAITING RETRY_SOON        | WAITING RETRY_SOON                | WAITING RETRY_SOON                | .                    | .                                | .                                | .
BUSY          | .                                | WAITING RETRY_LATER       | WAITING RETRY_LATER               | WAITING RETRY_LATER               | .                    | .                                | .                                | .
TOKEN_REFUSED | .                                | RENEWING RENEW_TOKEN      | RENEWING RENEW_TOKEN              | RENEWING RENEW_TOKEN              | .                    | .                                | .                                | .
TOKEN_RENEWED | .                                | .                         | .                                 | .                                 | WAITING RETRY_SOON   | .                                | .                                | .
SESSION_ENDED | .                                | ENDED                     | ENDED                             | ENDED                             | ENDED                | .                                | .                                | .
REFUSED       | .                                | ENDED                     | ENDED                             | ENDED                             | .                    | .                                | .                                | .
`
const lines = expected.trim().split('\n')
const cellsOf = (line: string) => line.split('|').map((cell) => cell.trim())
const [, ...states] = cellsOf(`|${(lines[0] ?? '').replace(/^\s*\|/, '')}`)
const cells = lines.slice(1).flatMap((line) => {
  const [event, ...row] = cellsOf(line)
  return row.map((cell, column) => [states[column], event, cell] as const)
})

describe('the table of the connection', () => {
  test('is tested in each of its cells', () => {
    expect(new Set(cells.map(([state, event]) => `${state} ${event}`))).toEqual(
      new Set(connectionStates.flatMap((state) => connectionEvents.map((event) => `${state} ${event}`))),
    )
    expect(cells).toHaveLength(connectionStates.length * connectionEvents.length)
  })

  test.each(cells)('%s, %s: %s', (state, event, cell) => {
    const found = transition(state as never, event as never)
    expect(found ? [found.next, ...found.effects].join(' ') : '.').toBe(cell)
  })

  test('watches each wait: no state but those without a connection to be had is left without a timer', () => {
    for (const state of connectionStates) {
      for (const event of connectionEvents) {
        const cell = transition(state, event)
        if (!cell) continue
        const timer = /^(CONNECT|PING|PING_LATER|RETRY|RETRY_SOON|RETRY_LATER|RENEW_TOKEN)$/
        const isTimed = cell.effects.some((effect) => timer.test(effect))
        expect(isTimed, `${state} ${event}`).toBe(!['IDLE', 'PAUSED', 'ENDED'].includes(cell.next))
      }
    }
  })
})

test.each([
  [1000, 'LOST'],
  [1001, 'LOST'],
  [1006, 'LOST'],
  [1008, 'REFUSED'],
  [1009, 'REFUSED'],
  [1012, 'RESTARTING'],
  [1013, 'BUSY'],
  [4400, 'REFUSED'],
  [4401, 'SESSION_ENDED'],
  [4403, 'TOKEN_REFUSED'],
  [4406, 'REFUSED'],
  [4408, 'LOST'],
  [4409, 'REFUSED'],
  [4413, 'LOST'],
  [4420, 'BUSY'],
  [4429, 'REFUSED'],
  [4499, 'LOST'],
  [4500, 'REFUSED'],
])('close code %i: %s', (code, event) => {
  expect(closingOf(code)).toBe(event)
})
