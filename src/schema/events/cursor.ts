import type { StreamPosition } from '../../domain/streams/position.ts'
import { builder } from '../building/builder.ts'
import { requireStreamId } from '../building/ids.ts'
import { mark as markShape, validate } from '../building/validate.ts'

export interface StreamCursorShape {
  /** Global id. */
  streamId: string
  eventSeq: number
  mark: string
}

export const StreamCursor = builder.objectRef<StreamCursorShape>('StreamCursor').implement({
  description:
    'A position in a durable stream of events, which are numbered 1, 2, 3 … without gaps in each stream. ' +
    'Subscribe from it, and every event after it comes once, in order.',
  fields: (t) => ({
    streamId: t.exposeID('streamId', {
      description: "The conversation's id, or that of the viewer's personal stream.",
    }),
    eventSeq: t.exposeInt('eventSeq', {
      description: 'The number of the last event before this position; 0 is the start of the stream.',
    }),
    mark: t.exposeString('mark', {
      description:
        'Identifies the event at this position. When another event has replaced it, as after a restored backup, the ' +
        'answer is SnapshotRequired. Send it back together with eventSeq. Opaque, at most 16 characters.',
    }),
  }),
})

export const StreamCursorInput = builder.inputType('StreamCursorInput', {
  description: 'A position to continue from: the values of a StreamCursor.',
  fields: (t) => ({
    streamId: t.id({ required: true, description: "The conversation's id, or that of the viewer's personal stream." }),
    eventSeq: t.int({ required: true, description: 'The events after this one are wanted.' }),
    mark: t.string({
      description: 'The mark of the same position. Without it, a position of another history is not detected.',
    }),
  }),
})

/** A mark as a client sends it; null if it sends none. */
export const checkedMark = (path: string[], mark: string | null | undefined): string | null =>
  mark == null ? null : validate(markShape, path, mark)

/** `argument` is the name of the list argument. */
export const toPositions = (
  argument: string,
  cursors: readonly { streamId: string; eventSeq: number; mark?: string | null }[],
): StreamPosition[] =>
  cursors.map(({ streamId, eventSeq, mark }, index) => ({
    streamId: requireStreamId(streamId),
    eventSeq,
    mark: checkedMark([argument, String(index), 'mark'], mark),
  }))
