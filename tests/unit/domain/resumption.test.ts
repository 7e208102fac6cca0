import { expect, test } from 'vitest'
import { planResumption } from '../../../src/domain/streams/resumption.ts'
import type { ResumableMembership, ResumableStream, Resumption } from '../../../src/store/resumption.ts'

const watermark = (xid: bigint) => ({ xid, mark: `w${xid}`, running: [] })

const stream = (headEventSeq: number, change: Partial<ResumableStream> = {}): ResumableStream => ({
  headEventSeq,
  headMark: `m${headEventSeq}`,
  floorEventSeq: 0,
  floorMark: '0',
  markThere: null,
  base: { seq: headEventSeq, mark: `m${headEventSeq}` },
  target: null,
  ...change,
})

const viewerId = 'viewer'
const conversationId = 'conversation'

/** After a token that says one stream was told up to its event 3 of this mark, of which the log has event 3 with `markThere`. */
function planWith(mark: string, markThere: string) {
  const membership: ResumableMembership = {
    ...stream(9, { markThere, base: { seq: 2, mark: 'm2' } }),
    conversationId,
    joinedEventSeq: 1,
    historyFromSeq: 0,
    active: true,
  }
  const found: Resumption = {
    now: watermark(9n),
    isBaseKnown: true,
    isTargetKnown: true,
    own: stream(4),
    conversations: [membership],
  }
  const exceptions = [{ streamId: conversationId, seq: 3, mark }]
  const point = { base: watermark(5n), sweep: null, exceptions }
  return planResumption({ viewerId, point, named: new Map(), found, changes: [] })
}

test('a stream is told on from the event that a token names of it', () => {
  const { starts, sweeps } = planWith('m3', 'm3')
  expect(starts).toContainEqual({ streamId: conversationId, afterSeq: 3, mark: 'm3' })
  expect(sweeps.flatMap(({ steps }) => steps)).toEqual([
    { streamId: conversationId, from: { seq: 3, mark: 'm3' }, until: { seq: 9, mark: 'm9' } },
  ])
})

test('where the log has another event in its place, nothing leads on from it: that is told', () => {
  const { starts, sweeps } = planWith('m3', 'of another history')
  expect(starts).toContainEqual({ streamId: conversationId, afterSeq: 9, mark: 'm9' })
  expect(sweeps.flatMap(({ steps }) => steps)).toMatchObject([
    { lost: { streamId: conversationId, reason: 'UNKNOWN_CURSOR', headEventSeq: 9, headMark: 'm9' } },
  ])
})
