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
    'Subscribe with it and everything after it comes, in order, once.',
  fields: (t) => ({
    streamId: t.exposeID('streamId', {
      description: "The conversation's id, or that of the viewer's personal stream.",
    }),
    eventSeq: t.exposeInt('eventSeq', {
      description: 'Number of the last event this position stands after; 0 is the start.',
    }),
    mark: t.exposeString('mark', {
      description:
        'Tells one history of the stream from another: a position whose event was replaced, as after a backup was restored, is ' +
        'answered by SnapshotRequired. Give it back with the eventSeq. Opaque, at most 16 characters.',
    }),
  }),
})

export const StreamCursorInput = builder.inputType('StreamCursorInput', {
  description: 'A position to continue from: the values of a StreamCursor.',
  fields: (t) => ({
    streamId: t.id({ required: true, description: "The conversation's id, or that of the viewer's personal stream." }),
    eventSeq: t.int({ required: true, description: 'Everything after this event is wanted.' }),
    mark: t.string({ description: 'Of the same position. Without it a position of another history is not noticed.' }),
  }),
})

/** A mark as a client gives it back; null when it gives none. */
export const checkedMark = (path: string[], mark: string | null | undefined): string | null =>
  mark == null ? null : validate(markShape, path, mark)

/** `argument` is the list's own name. */
export const toPositions = (
  argument: string,
  cursors: readonly { streamId: string; eventSeq: number; mark?: string | null }[],
): StreamPosition[] =>
  cursors.map(({ streamId, eventSeq, mark }, index) => ({
    streamId: requireStreamId(streamId),
    eventSeq,
    mark: checkedMark([argument, String(index), 'mark'], mark),
  }))
