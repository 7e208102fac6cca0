import { z } from 'zod'
import type { Head } from '../../domain/horizon.ts'
import type { WriteStatus as WriteStatusShape } from '../../domain/messages/messages.ts'
import type { StreamResync as StreamResyncShape } from '../../domain/streams/resync.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { isMember } from '../conversations/conversation.ts'
import { StreamCursor, StreamCursorInput, toPositions } from './cursor.ts'
import { StreamEvent } from './event.ts'
import { personalStreamId, streamId } from '../building/ids.ts'
import { Message } from '../messages/message.ts'
import { opKey, validate } from '../building/validate.ts'

const WriteState = builder.enumType('WriteState', {
  description: 'What is known of a write.',
  values: {
    ACCEPTED: { description: 'It is durable.' },
    UNKNOWN: { description: 'No write with this key was accepted: repeat it with the same key.' },
  },
})

const WriteStatus = builder.objectRef<WriteStatusShape>('WriteStatus').implement({
  description: 'What became of a write.',
  fields: (t) => ({
    state: t.field({ type: WriteState, description: 'Whether it is durable.', resolve: (status) => status.state }),
    cursor: t.field({
      type: StreamCursor,
      nullable: true,
      description: 'The place of its event.',
      resolve: ({ event }, _, { viewer }) =>
        event && { streamId: streamId(event.streamId, viewer?.userId ?? null), eventSeq: event.seq, mark: event.mark },
    }),
    message: t.field({
      type: Message,
      nullable: true,
      description:
        'The message it wrote, as it is now; null for a write of something else, and for somebody who has left since.',
      resolve: async ({ event }, _, context) =>
        event?.message && (await isMember(context, { id: event.streamId })) ? event.message : null,
    }),
  }),
})

const StreamResync = builder.objectRef<StreamResyncShape>('StreamResync').implement({
  description: 'What one stream has after a cursor.',
  fields: (t) => ({
    streamId: t.id({
      description: 'Which stream.',
      resolve: (stream, _, { viewer }) => streamId(stream.streamId, viewer?.userId ?? null),
    }),
    events: t.field({
      type: [StreamEvent],
      description: 'The events after the cursor, in order; or one SnapshotRequired when they cannot be told.',
      resolve: (stream) => stream.items,
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
  description: 'What several streams have after cursors.',
  fields: (t) => ({
    streams: t.field({
      type: [StreamResync],
      description: 'One for each cursor given; with `resume` one for each stream that has something new.',
      resolve: (resync) => resync.streams,
    }),
    viewerCursor: t.field({
      type: StreamCursor,
      description: 'Of the personal stream, never newer than what is answered.',
      resolve: ({ viewerId, own }) => ({
        streamId: personalStreamId(viewerId),
        eventSeq: own.headEventSeq,
        mark: own.headMark,
      }),
    }),
    resume: t.exposeString('resume', {
      description:
        'The position to continue from in all streams of the viewer after this answer; see StreamEvent.resume.',
    }),
  }),
})

const wholeNumber = z.number().int()

builder.queryFields((t) => ({
  writeStatus: t.field({
    type: WriteStatus,
    description: 'What became of a write whose answer was lost.',
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
          'Of an event of inboxEvents, a page of the inbox, or a resync: all streams that moved since are told, as far as one ' +
          'answer goes. Ask again with the `resume` of the answer while a stream in it has more. `cursors` then names single ' +
          'streams that continue from another position.',
      }),
      limit: t.arg.int({
        defaultValue: 500,
        description: 'Events for each stream, 1 to 1000; fewer when many streams are named.',
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
