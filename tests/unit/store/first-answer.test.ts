import { expect, it, vi } from 'vitest'
import { UnavailableError } from '../../../src/domain/errors.ts'
import { untilItAnswers } from '../../../src/store/database/first-answer.ts'

const away = () => Promise.reject(new UnavailableError('The database cannot be reached.', 1_000))

it('a start waits for a database that is slow to answer, on both lanes', async () => {
  const run = vi
    .fn()
    .mockImplementationOnce(away)
    .mockResolvedValueOnce([])
    .mockImplementationOnce(away)
    .mockResolvedValue([])
  await untilItAnswers({ run })
  expect(run.mock.calls.map(([statement]) => (statement as { name: string }).name)).toEqual([
    'read_first',
    'read_first',
    'first',
    'first',
  ])
})

it('but not for ever, and not for another fault', async () => {
  let nowMs = 0
  const now = () => (nowMs += 1_000)
  await expect(untilItAnswers({ run: away }, { patienceMs: 1_500, now })).rejects.toThrow(UnavailableError)
  const run = vi.fn().mockRejectedValue(new TypeError('no'))
  await expect(untilItAnswers({ run })).rejects.toThrow(TypeError)
  expect(run).toHaveBeenCalledOnce()
})
