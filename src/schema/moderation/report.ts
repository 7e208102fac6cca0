import { isUuid } from '../../domain/ids.ts'
import { checkPage, decodeCursor, encodeCursor, isMomentMs, toPage } from '../../domain/page.ts'
import { isStaff } from '../../domain/conversations/access.ts'
import type { Evidence, Report as ReportRow, ReportPlace } from '../../store/reports.ts'
import { builder } from '../building/builder.ts'
import { toConnection } from '../building/connection.ts'
import { requireViewer, type Context } from '../building/context.ts'
import { conversationId as globalConversationId, messageId, reportId } from '../building/ids.ts'
import { required } from '../building/required.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { User } from '../people/user.ts'
import { Viewer } from '../people/viewer.ts'

export const ReportState = builder.enumType('ReportState', {
  description: 'Whether somebody has looked into a report.',
  values: { OPEN: { description: 'Nobody has yet.' }, RESOLVED: { description: 'It is done with.' } },
})

export const ReportReason = builder.enumType('ReportReason', {
  description: 'What is wrong with what is reported.',
  values: {
    SPAM: { description: 'Advertisement, or the same again and again.' },
    HARASSMENT: { description: 'It attacks somebody.' },
    HATE: { description: 'It attacks people for what they are.' },
    VIOLENCE: { description: 'It threatens or praises violence.' },
    SEXUAL: { description: 'It is sexual where that is unwanted.' },
    SELF_HARM: { description: 'Somebody may hurt themselves.' },
    IMPERSONATION: { description: 'Somebody pretends to be somebody else.' },
    ILLEGAL: { description: 'It is against the law.' },
    OTHER: { description: 'Something else, which the text says.' },
  },
})

export const ReportOutcome = builder.enumType('ReportOutcome', {
  description: 'What the staff did about a report.',
  values: {
    NO_ACTION: { description: 'Nothing.' },
    MESSAGE_REMOVED: { description: 'The message was removed.' },
    PERSON_WARNED: { description: 'The person was told to stop.' },
    PERSON_SUSPENDED: { description: 'The person was suspended.' },
    OTHER: { description: 'Something else, which the note says.' },
  },
})

const EvidenceRevision = builder.objectRef<Evidence['revisions'][number]>('ReportEvidenceRevision').implement({
  description: 'A text that a reported message had before an edit.',
  fields: (t) => ({
    revision: t.exposeInt('revision', { description: 'Its number.' }),
    text: t.exposeString('text', { description: 'The text.' }),
    since: t.field({ type: 'DateTime', description: 'Since when it had it.', resolve: ({ editedAt }) => editedAt }),
  }),
})

const ReportEvidence = builder.objectRef<Evidence>('ReportEvidence').implement({
  description: 'A message as it was when it was reported.',
  fields: (t) => ({
    text: t.exposeString('text', { nullable: true, description: 'Its text; null when it had files alone.' }),
    revision: t.exposeInt('revision', { description: 'Its revision.' }),
    sentAt: t.field({ type: 'DateTime', description: 'When it was sent.', resolve: ({ createdAt }) => createdAt }),
    editedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was edited last; null if it never was.',
      resolve: ({ editedAt }) => editedAt,
    }),
    revisions: t.field({
      type: [EvidenceRevision],
      description: 'Its former texts, oldest first.',
      resolve: ({ revisions }) => revisions,
    }),
    fileNames: t.exposeStringList('fileNames', { description: 'The names of the files that were attached to it.' }),
  }),
})

const forStaff = (context: Context) => isStaff(requireViewer(context))

export const Report = builder.objectRef<ReportRow>('Report').implement({
  description: 'What somebody has told the staff of a message or a person. The staff and who made it see it.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id; opaque.', resolve: ({ id }) => reportId(id) }),
    state: t.field({ type: ReportState, description: 'Whether it is done with.', resolve: ({ state }) => state }),
    reporter: t.field({
      type: User,
      description: 'Who made it.',
      resolve: ({ reporterId }, _, { loaders }) => required(loaders.user.load(reporterId), 'a reporter'),
    }),
    reported: t.field({
      type: User,
      description: 'The sender of the message, or the person.',
      resolve: ({ reportedId }, _, { loaders }) => required(loaders.user.load(reportedId), 'who is reported'),
    }),
    messageId: t.id({
      nullable: true,
      description: 'The message that it is about; null when it is about a person. removeMessage takes it.',
      resolve: ({ conversationId, messageSeq }) =>
        conversationId === null || messageSeq === null ? null : messageId({ conversationId, seq: messageSeq }),
    }),
    conversationId: t.id({
      nullable: true,
      description: 'In which conversation the message is. The staff cannot read it by that.',
      resolve: ({ conversationId }) => (conversationId === null ? null : globalConversationId(conversationId)),
    }),
    reason: t.field({ type: ReportReason, description: 'What is wrong with it.', resolve: ({ reason }) => reason }),
    text: t.exposeString('text', { nullable: true, description: 'In the words of who made it.' }),
    evidence: t.field({
      type: ReportEvidence,
      nullable: true,
      description:
        'For staff: the message as it was then, also when it was deleted or its sender erased since. Null for a person, and for everybody else.',
      ...viewerDependent,
      resolve: ({ evidence }, _, context) => (forStaff(context) ? evidence : null),
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was made.', resolve: ({ createdAt }) => createdAt }),
    resolvedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was resolved; null while it is open.',
      resolve: ({ resolvedAt }) => resolvedAt,
    }),
    outcome: t.field({
      type: ReportOutcome,
      nullable: true,
      description: 'What was done about it; null while it is open.',
      resolve: ({ outcome }) => outcome,
    }),
    note: t.string({
      nullable: true,
      description: 'For staff: what they say about it among themselves. Null for everybody else.',
      ...viewerDependent,
      resolve: ({ note }, _, context) => (forStaff(context) ? note : null),
    }),
    resolvedBy: t.field({
      type: User,
      nullable: true,
      description: 'For staff: who resolved it. Null while it is open, and for everybody else.',
      ...viewerDependent,
      resolve: ({ resolvedById }, _, context) =>
        resolvedById !== null && forStaff(context) ? context.loaders.user.load(resolvedById) : null,
    }),
  }),
})

const ReportConnection = builder.connectionObject(
  { type: Report, name: 'ReportConnection', description: 'A page of reports.' },
  { name: 'ReportEdge', description: 'A report and its place in the list.' },
)

const placeOf = ([createdAtMs, id]: unknown[]): ReportPlace | null =>
  isMomentMs(createdAtMs) && typeof id === 'string' && isUuid(id) ? { createdAtMs, id } : null

async function pageOf(
  args: { first?: number | null; after?: string | null },
  kind: string,
  read: (after: ReportPlace | null, limit: number) => Promise<ReportRow[]>,
) {
  const page = checkPage(args, { defaultSize: 25, maxSize: 100 })
  const after = page.after === null ? null : decodeCursor(kind, 'after', page.after, placeOf)
  const rows = await read(after, page.size + 1)
  const isBehind = async () => after !== null && (await read(null, 1)).length > 0
  const cursorOf = ({ createdAt, id }: ReportRow) => encodeCursor(kind, [createdAt.getTime(), id])
  return toConnection(toPage(rows, page, cursorOf, isBehind), (row) => row)
}

builder.queryField('reports', (t) =>
  t.field({
    type: ReportConnection,
    description:
      'For staff: what people have reported, the oldest first. At most 100 per page; 25 by default. FORBIDDEN for everybody else.',
    args: {
      state: t.arg({ type: ReportState, description: 'Only those in this state; all when it is null.' }),
      first: t.arg.int({ description: 'How many, 0 to 100.' }),
      after: t.arg.string({ description: 'Only reports after this cursor.' }),
    },
    resolve: (_, { state, ...args }, context) => {
      const viewer = requireViewer(context)
      return pageOf(args, 'reports', (after, limit) =>
        context.domain.reports.queue(viewer, state ?? null, after, limit),
      )
    },
  }),
)

builder.objectField(Viewer, 'reports', (t) =>
  t.field({
    type: ReportConnection,
    description: 'What the viewer has reported, the newest first. At most 100 per page; 25 by default.',
    args: {
      first: t.arg.int({ description: 'How many, 0 to 100.' }),
      after: t.arg.string({ description: 'Only reports after this cursor.' }),
    },
    resolve: (_, args, context) => {
      const viewer = requireViewer(context)
      return pageOf(args, 'own-reports', (after, limit) => context.domain.reports.own(viewer, after, limit))
    },
  }),
)
