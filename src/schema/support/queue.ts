import type { QueuePage } from '../../domain/support/support.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { requireViewer } from '../building/context.ts'
import { Conversation } from '../conversations/conversation.ts'
import { SupportStatus } from './case.ts'

const SupportQueueConnection = builder.connectionObject(
  {
    type: Conversation,
    name: 'SupportQueueConnection',
    description: 'A page of the support queue.',
    fields: (t) => ({
      resume: t.string({
        description:
          'Resume token: supportEvents(resume) continues after this page and misses no event of any support conversation, ' +
          'whether it is on the page or not.',
        resolve: (page) => (page as unknown as Pick<QueuePage, 'resume'>).resume(),
      }),
    }),
  },
  { name: 'SupportQueueEdge', description: 'A support conversation and its place in the queue.' },
)

builder.queryField('supportQueue', (t) =>
  t.field({
    type: SupportQueueConnection,
    description:
      'For staff: all support conversations. Open ones before resolved ones; then those with messages of the user that are ' +
      'not answered, the oldest such message first; then the others, the one whose last answer (or opening) is longest ago ' +
      'first. At most 100 per page; 25 by default. FORBIDDEN for everybody else.',
    args: {
      first: t.arg.int({ description: 'How many conversations, 0 to 100.' }),
      after: t.arg.string({ description: 'Only conversations after this cursor.' }),
      status: t.arg({ type: SupportStatus, description: 'Only those with this status; all when it is null.' }),
    },
    resolve: async (_, { status, ...args }, context) => {
      const viewer = requireViewer(context)
      const page = await context.domain.support.queue(viewer, status ?? null, args, context.loaders)
      return { ...toConnection(page, ({ conversation }) => conversation), resume: page.resume }
    },
  }),
)
