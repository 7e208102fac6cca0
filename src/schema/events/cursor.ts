import { builder } from '../building/builder.ts'
import { requireStreamId } from '../building/ids.ts'

export interface StreamCursorShape {
  /** Global id. */
  streamId: string
  eventSeq: number
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
  }),
})

export const StreamCursorInput = builder.inputType('StreamCursorInput', {
  description: 'A position to go on from, as a StreamCursor gave it.',
  fields: (t) => ({
    streamId: t.id({ required: true, description: "The conversation's id, or that of the viewer's personal stream." }),
    eventSeq: t.int({ required: true, description: 'Everything after this event is wanted.' }),
  }),
})

export const toPositions = (cursors: readonly { streamId: string; eventSeq: number }[]) =>
  cursors.map((cursor) => ({ streamId: requireStreamId(cursor.streamId), eventSeq: cursor.eventSeq }))
