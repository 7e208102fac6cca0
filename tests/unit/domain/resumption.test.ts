import { describe, expect, test } from 'vitest'
import { planResumption } from '../../../src/domain/streams/resumption.ts'
import type {
  MembershipChange,
  ResumableMembership,
  ResumableStream,
  Resumption,
} from '../../../src/store/resumption.ts'

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

/** After a token of watermark 5 that says where this conversation was told. */
function planAfter(
  told: { seq: number; mark: string | null },
  conversation: Pick<ResumableMembership, 'joinedEventSeq'> & ResumableStream,
  own: ResumableStream,
  changes: MembershipChange[] = [],
) {
  const found: Resumption = {
    now: watermark(9n),
    isBaseKnown: true,
    isTargetKnown: true,
    own,
    conversations: [{ ...conversation, conversationId, historyFromSeq: 0, active: true }],
  }
  const point = { base: watermark(5n), sweep: null, exceptions: [{ streamId: conversationId, ...told }] }
  return planResumption({ viewerId, point, named: new Map(), found, changes })
}

/** After a token that says one stream was told up to its event 3 of this mark, of which the log has event 3 with `markThere`. */
const planWith = (mark: string, markThere: string) =>
  planAfter(
    { seq: 3, mark },
    { ...stream(9, { markThere, base: { seq: 2, mark: 'm2' } }), joinedEventSeq: 1 },
    stream(4),
  )

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

describe('who has left and joined again at 32', () => {
  /** Of whom a token says that they were sent this conversation up to there, and all else up to a time after they left. */
  const planOf = (told: { seq: number; mark: string | null }, changes: MembershipChange[]) =>
    planAfter(
      told,
      { ...stream(35, { markThere: told.mark, base: { seq: 27, mark: 'm27' } }), joinedEventSeq: 32 },
      stream(9, { base: { seq: 8, mark: 'm8' } }),
      changes,
    )
  const startOf = (...given: Parameters<typeof planOf>) =>
    planOf(...given).starts.find(({ streamId }) => streamId === conversationId)
  const joining = { seq: 9, conversationId, left: false, eventSeq: 32 }

  test('goes on from the last event that they were sent, though they had left by the time of the token', () => {
    expect(startOf({ seq: 4, mark: 'm4' }, [joining])).toMatchObject({ afterSeq: 4 })
  })

  test('goes on from the joining if that event is their leaving', () => {
    const leaving = { seq: 8, conversationId, left: true, eventSeq: 20 }
    expect(startOf({ seq: 20, mark: 'm20' }, [leaving, joining])).toMatchObject({ afterSeq: 32 })
    // After that they were sent what was written while they were away: then all of it.
    expect(startOf({ seq: 22, mark: 'm22' }, [leaving, joining])).toMatchObject({ afterSeq: 22 })
  })

  test('is told that something is missing if they were still to be told of their leaving', () => {
    expect(startOf({ seq: 0, mark: null }, [joining])).toMatchObject({ afterSeq: 35 })
    const { sweeps } = planOf({ seq: 0, mark: null }, [joining])
    const lost = sweeps.flatMap(({ steps }) => steps.flatMap((step) => step.lost ?? []))
    expect(lost).toMatchObject([{ streamId: conversationId, reason: 'UNKNOWN_CURSOR' }])
  })
})
