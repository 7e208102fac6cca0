import { z } from 'zod'
import type { AuditEntry as AuditRow } from '../../store/audit.ts'
import { checkPage, decodeCursor, encodeCursor, toPage } from '../../domain/page.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { requireAdmin } from '../building/context.ts'
import { conversationId as globalConversationId, requireId } from '../building/ids.ts'
import { validate } from '../building/validate.ts'
import { User } from '../people/user.ts'

const AuditEntry = builder.objectRef<AuditRow>('AuditEntry').implement({
  description: 'Something that was done and that somebody may have to answer for.',
  fields: (t) => ({
    number: t.string({
      description: 'Entries are numbered 1, 2, 3 … without a gap, in the order in which they were committed.',
      resolve: ({ seq }) => String(seq),
    }),
    occurredAt: t.field({ type: 'DateTime', description: 'When.', resolve: ({ occurredAt }) => occurredAt }),
    action: t.exposeString('action', {
      description: 'What was done, as `user.suspended`; docs/security.md lists them.',
    }),
    actor: t.field({
      type: User,
      nullable: true,
      description: 'Who did it; null: an operator on the command line, or nobody who is known.',
      resolve: ({ actorId }, _, { loaders }) => (actorId === null ? null : loaders.user.load(actorId)),
    }),
    subject: t.field({
      type: User,
      nullable: true,
      description: 'The person that it is about.',
      resolve: ({ subjectId }, _, { loaders }) => (subjectId === null ? null : loaders.user.load(subjectId)),
    }),
    conversationId: t.id({
      nullable: true,
      description: 'The conversation that it is about.',
      resolve: ({ conversationId }) => (conversationId === null ? null : globalConversationId(conversationId)),
    }),
    data: t.field({
      type: 'JSONObject',
      description: 'What else there is to say, in ids and numbers.',
      resolve: ({ data }) => data,
    }),
    hash: t.string({
      description: 'SHA-256 over the entry and the hash of the one before it, in hexadecimal.',
      resolve: ({ hash }) => hash.toString('hex'),
    }),
  }),
})

const AuditEntryConnection = builder.connectionObject(
  { type: AuditEntry, name: 'AuditEntryConnection', description: 'A page of the audit log.' },
  { name: 'AuditEntryEdge', description: 'An entry and its place in the log.' },
)

const seqOf = ([seq]: unknown[]) => (typeof seq === 'number' && Number.isSafeInteger(seq) && seq > 0 ? seq : null)
const shape = z.object({ action: z.string().max(64, 'At most 64 characters.').nullish() })

builder.queryField('auditLog', (t) =>
  t.field({
    type: AuditEntryConnection,
    description:
      'For an ADMIN: what was done, the newest first. At most 100 per page; 25 by default. FORBIDDEN for everybody else.',
    args: {
      action: t.arg.string({ description: 'Only this action.' }),
      actorId: t.arg.id({ description: 'Only what this person did.' }),
      subjectId: t.arg.id({ description: 'Only what is about this person.' }),
      conversationId: t.arg.id({ description: 'Only what is about this conversation.' }),
      since: t.arg({ type: 'DateTime', description: 'Only from this time on.' }),
      until: t.arg({ type: 'DateTime', description: 'Only before this time.' }),
      first: t.arg.int({ description: 'How many, 0 to 100.' }),
      after: t.arg.string({ description: 'Only entries after this cursor.' }),
    },
    resolve: async (_, args, context) => {
      const viewer = requireAdmin(context, 'read the audit log')
      const { audit } = context.domain
      const page = checkPage(args, { defaultSize: 25, maxSize: 100 })
      const before = page.after === null ? null : decodeCursor('audit', 'after', page.after, seqOf)
      const idOf = (type: 'User' | 'Conversation', id: string | null | undefined) =>
        id == null ? null : requireId(type, id)
      const filter = {
        action: validate(shape, [], { action: args.action }).action ?? null,
        actorId: idOf('User', args.actorId),
        subjectId: idOf('User', args.subjectId),
        conversationId: idOf('Conversation', args.conversationId),
        since: args.since ?? null,
        until: args.until ?? null,
      }
      const rows = await audit.list(viewer, filter, before, page.size + 1)
      const isBehind = async () => before !== null && (await audit.list(viewer, filter, null, 1)).length > 0
      return toConnection(
        toPage(rows, page, ({ seq }: AuditRow) => encodeCursor('audit', [seq]), isBehind),
        (row) => row,
      )
    },
  }),
)
