import { z } from 'zod'
import type { Head } from '../../domain/horizon.ts'
import type { WriteStatus as WriteStatusShape } from '../../domain/messages/messages.ts'
import type { StreamResync as StreamResyncShape } from '../../domain/streams/resync.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { historyFrom, noteReading } from '../conversations/conversation.ts'
import { StreamCursor, StreamCursorInput, toPositions } from './cursor.ts'
import { StreamEvent } from './event.ts'
import { personalStreamId, streamId } from '../building/ids.ts'
import { Message } from '../messages/message.ts'
import { opKey, validate } from '../building/validate.ts'

const WriteState = builder.enumType('WriteState', {
  description: 'Whether a write was accepted.',
  values: {
    ACCEPTED: { description: 'It is durable.' },
    UNKNOWN: { description: 'No write with this key was accepted: repeat it with the same key.' },
  },
})

const WriteStatus = builder.objectRef<WriteStatusShape>('WriteStatus').implement({
  description: 'The outcome of a write.',
  fields: (t) => ({
    state: t.field({ type: WriteState, description: 'Whether it is durable.', resolve: (status) => status.state }),
    cursor: t.field({
      type: StreamCursor,
      nullable: true,
      description: 'The position of its event.',
      resolve: ({ event }, _, { viewer }) =>
        event && { streamId: streamId(event.streamId, viewer?.userId ?? null), eventSeq: event.seq, mark: event.mark },
    }),
    message: t.field({
      type: Message,
      nullable: true,
      description:
        'The message of the write, as it is now; null when it was not a write of a message, and when the viewer has ' +
        'left or cleared the history since.',
      resolve: async ({ event }, _, context) => {
        if (!event?.message) return null
        const from = await historyFrom(context, { id: event.streamId })
        return from !== null && event.message.seq > from ? event.message : null
      },
    }),
  }),
})

const StreamResync = builder.objectRef<StreamResyncShape>('StreamResync').implement({
  description: 'The events of one stream after a cursor.',
  fields: (t) => ({
    streamId: t.id({
      description: 'The id of the stream.',
      resolve: (stream, _, { viewer }) => streamId(stream.streamId, viewer?.userId ?? null),
    }),
    events: t.field({
      type: [StreamEvent],
      description: 'The events after the cursor, in order; or one SnapshotRequired when they are not available.',
      resolve: async (stream, _, context) => {
        if (stream.items.length > 0) await noteReading(context, stream.streamId)
        return stream.items
      },
    }),
    hasMore: t.exposeBoolean('hasMore', { description: 'Whether there are more: ask again from `cursor`.' }),
    cursor: t.field({
      type: StreamCursor,
      description: 'The position to continue from.',
      resolve: (stream, _, { viewer }) => ({
        streamId: streamId(stream.streamId, viewer?.userId ?? null),
        eventSeq: stream.eventSeq,
        mark: stream.mark,
      }),
    }),
  }),
})

interface ResyncShape {
  streams: StreamResyncShape[]
  own: Head
  viewerId: string
  resume: string
}

const ResyncPayload = builder.objectRef<ResyncShape>('ResyncPayload').implement({
  description: 'The events of several streams after their cursors.',
  fields: (t) => ({
    streams: t.field({
      type: [StreamResync],
      description: 'One for each given cursor; with `resume`, one for each stream that has new events.',
      resolve: (resync) => resync.streams,
    }),
    viewerCursor: t.field({
      type: StreamCursor,
      description: 'The position of the personal stream, never newer than this answer.',
      resolve: ({ viewerId, own }) => ({
        streamId: personalStreamId(viewerId),
        eventSeq: own.headEventSeq,
        mark: own.headMark,
      }),
    }),
    resume: t.exposeString('resume', {
      description: 'Resume token: the position after this answer in all streams of the viewer; see StreamEvent.resume.',
    }),
  }),
})

const wholeNumber = z.number().int()

builder.queryFields((t) => ({
  writeStatus: t.field({
    type: WriteStatus,
    description: 'The outcome of a write whose answer was lost.',
    args: { opKey: t.arg.string({ required: true, description: 'Its opKey or clientMessageId.' }) },
    resolve: (_, args, context) =>
      context.domain.messages.writeStatus(requireViewer(context), validate(opKey, 'opKey', args.opKey)),
  }),
  resync: t.field({
    type: ResyncPayload,
    description: 'Catches up on many streams in one request, without a subscription.',
    args: {
      cursors: t.arg({
        type: [StreamCursorInput],
        description: 'The position to continue from in each stream; at most 1000.',
      }),
      resume: t.arg.string({
        description:
          'Resume token of an event of inboxEvents, of a page of the inbox or of a resync. The answer has all streams ' +
          'with newer events, as far as they fit into one answer: ask again with its `resume` while a stream in it has ' +
          'more. `cursors` then names single streams that continue from another position.',
      }),
      limit: t.arg.int({
        defaultValue: 500,
        description: 'The most events for each stream, 1 to 1000; fewer when many streams are named.',
      }),
    },
    resolve: async (_, { cursors, resume, limit }, context) => {
      const viewer = requireViewer(context)
      const checked = validate(wholeNumber, 'limit', limit ?? 500)
      return {
        viewerId: viewer.userId,
        ...(await context.domain.streams.resync(viewer, toPositions('cursors', cursors ?? []), checked, resume)),
      }
    },
  }),
}))
