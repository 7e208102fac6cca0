import { caseForStaff } from '../../domain/support/support.ts'
import type { SupportCase } from '../../store/rows.ts'
import { builder } from '../building/builder.ts'
import { requireViewer, type Context } from '../building/context.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { Conversation, maySee } from '../conversations/conversation.ts'
import { User } from '../people/user.ts'
import { Viewer } from '../people/viewer.ts'

export const SupportStatus = builder.enumType('SupportStatus', {
  description: 'Whether a support conversation needs somebody.',
  values: {
    OPEN: { description: 'It does.' },
    RESOLVED: { description: 'It is done. A message of its user opens it again.' },
  },
})

interface ConversationRef {
  id: string
  kind: string
}

const forStaff =
  <Value>(valueOf: (supportCase: SupportCase, context: Context) => Value) =>
  async (conversation: ConversationRef, _: object, context: Context): Promise<Awaited<Value> | null> => {
    // Asked first: for other conversations the answer is the same for everybody.
    if (conversation.kind !== 'SUPPORT') return null
    const found = await caseForStaff(requireViewer(context), conversation.id, context.loaders)
    return found && (await valueOf(found, context))
  }

builder.objectFields(Conversation, (t) => ({
  supportStatus: t.field({
    type: SupportStatus,
    nullable: true,
    description: 'SUPPORT: whether it is open or resolved. Null for other conversations.',
    ...viewerDependent,
    resolve: async (conversation, _, context) => {
      if (conversation.kind !== 'SUPPORT' || !(await maySee(context, conversation))) return null
      return (await context.loaders.supportCase.load(conversation.id))?.status ?? null
    },
  }),
  assignee: t.field({
    type: User,
    nullable: true,
    description: 'SUPPORT, for staff: who of them is responsible. Null when nobody is, and for everybody else.',
    ...viewerDependent,
    resolve: forStaff(({ assigneeId }, { loaders }) => (assigneeId === null ? null : loaders.user.load(assigneeId))),
  }),
  unansweredSince: t.field({
    type: 'DateTime',
    nullable: true,
    description:
      "SUPPORT, for staff: when the oldest message of the user after the staff's last one was sent; deleted ones do not " +
      'count. Null when all are answered. The queue is in this order.',
    ...viewerDependent,
    resolve: forStaff(({ isAnswered, queueAt }) => (isAnswered ? null : queueAt)),
  }),
  firstAnsweredAt: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'SUPPORT, for staff: when somebody of them answered for the first time.',
    ...viewerDependent,
    resolve: forStaff(({ firstAnsweredAt }) => firstAnsweredAt),
  }),
  resolvedAt: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'SUPPORT, for staff: when it was resolved; null while it is open.',
    ...viewerDependent,
    resolve: forStaff(({ resolvedAt }) => resolvedAt),
  }),
}))

builder.objectField(Viewer, 'unansweredCount', (t) =>
  t.int({
    description:
      "USER: the viewer's own support conversations with answers that they have not read. STAFF and ADMIN: open support " +
      'conversations with messages of their users that nobody of the staff has read.',
    resolve: (_, __, context) => context.domain.support.unansweredCount(requireViewer(context), context.loaders),
  }),
)
