import { byStreamId, type Exception } from '../../log/resume-point.ts'
import type { ResumableStream, Resumption } from '../../store/resumption.ts'
import type { StreamPosition, StreamStart } from './position.ts'
import { beforeLeaving, gone, type ResumptionPlan, type Step } from './resumption.ts'

/**
 * How a viewer begins who has cursors of single streams, but no token. Each of these streams that has new events is an
 * exception to the time of the beginning, until its events were sent.
 */
export function planBeginning(
  viewerId: string,
  found: Resumption,
  starts: StreamStart[],
  named: ReadonlyMap<string, StreamPosition>,
): ResumptionPlan {
  const streams = new Map<string, ResumableStream>([[viewerId, found.own]])
  for (const one of found.conversations) streams.set(one.conversationId, one)
  const steps: Step[] = []
  const exceptions: Exception[] = []
  for (const { streamId, afterSeq, mark, lost } of starts) {
    const stream = streams.get(streamId)
    if (!stream) continue
    const until = { seq: stream.headEventSeq, mark: stream.headMark }
    const position = named.get(streamId)
    if (lost && position) {
      steps.push({ streamId, from: until, until, lost })
      exceptions.push({ streamId, seq: position.eventSeq, mark: position.mark })
    } else if (afterSeq < until.seq) {
      steps.push({ streamId, from: { seq: afterSeq, mark }, until })
      exceptions.push({ streamId, seq: afterSeq, mark })
    }
  }
  for (const { active, conversationId: streamId } of found.conversations) {
    if (active) continue
    steps.push(gone(streamId))
    exceptions.push({ streamId, ...beforeLeaving })
  }
  return {
    point: { base: found.now, sweep: null, exceptions: exceptions.sort(byStreamId) },
    starts,
    sweeps: [{ target: found.now, steps: steps.sort(byStreamId) }],
  }
}
