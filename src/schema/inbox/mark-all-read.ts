import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { loadViewer, Viewer } from '../people/viewer.ts'

const MarkAllReadSuccess = builder.objectRef<{ changedCount: number }>('MarkAllReadSuccess').implement({
  description: 'Everything that was to be marked is read.',
  fields: (t) => ({
    changedCount: t.exposeInt('changedCount', {
      description: 'The number of conversations of which the read position moved.',
    }),
    viewer: t.field({
      type: Viewer,
      description: 'The viewer now.',
      resolve: (_, __, context) => loadViewer(context),
    }),
  }),
})

const MarkAllReadInput = builder.inputType('MarkAllReadInput', {
  description: 'Up to when.',
  fields: (t) => ({
    before: t.field({
      type: 'DateTime',
      description: 'Only messages sent until then; all that there are now when not given.',
    }),
  }),
})

builder.mutationField('markAllRead', (t) =>
  t.field({
    type: MarkAllReadSuccess,
    description:
      'Marks the messages of all conversations of the viewer as read, as markRead does in each. It has no key: repeated with ' +
      'the same `before`, it changes nothing more, and what an interrupted one left it does.',
    args: { input: t.arg({ type: MarkAllReadInput, description: 'Up to when.' }) },
    resolve: async (_, { input }, context) => ({
      changedCount: await context.domain.inbox.markAllRead(requireViewer(context), input?.before ?? null),
    }),
  }),
)
