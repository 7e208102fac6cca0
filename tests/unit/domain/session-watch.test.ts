import { afterEach, expect, it, vi } from 'vitest'
import { createInProcessBus } from '../../../src/bus/inprocess.ts'
import { startSessionWatch } from '../../../src/domain/sessions/session-watch.ts'
import type { SessionRow } from '../../../src/store/sessions.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

it("a live session is believed for a second, also when the machine's clock is put back meanwhile", async () => {
  const session = { sessionId: 's', userId: 'u', role: 'USER', endsAt: null, isExpired: false } as SessionRow
  const live = vi.fn(() => Promise.resolve([session]))
  const watch = await startSessionWatch({
    store: { live } as never,
    bus: createInProcessBus(createLogger('silent')),
    logger: createLogger('silent'),
  })
  const [startedAtMs, now] = [performance.now(), Date.now()]
  const elapsed = vi.spyOn(performance, 'now').mockReturnValue(startedAtMs)
  watch.learn(session)
  vi.spyOn(Date, 'now').mockReturnValue(now - 3_600_000)
  elapsed.mockReturnValue(startedAtMs + 900)
  expect(await watch.check('s')).toBe(session)
  expect(live).not.toHaveBeenCalled()
  elapsed.mockReturnValue(startedAtMs + 1_100)
  expect(await watch.check('s')).toBe(session)
  expect(live).toHaveBeenCalledTimes(1)
  watch.stop()
})
