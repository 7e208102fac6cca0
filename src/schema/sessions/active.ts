import { NotFoundError } from '../../domain/errors.ts'
import type { OwnSession } from '../../store/sessions.ts'
import { builder } from '../building/builder.ts'
import { requireViewer } from '../building/context.ts'
import { decodeGlobalId, sessionId } from '../building/ids.ts'
import { refusing } from '../building/refusing.ts'
import { viewerDependent } from '../building/viewer-dependent.ts'
import { loadViewer, Viewer } from '../people/viewer.ts'

export const ActiveSession = builder.objectRef<OwnSession>('ActiveSession').implement({
  description: 'A login of the viewer that is not over.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({
      description: 'Global id; opaque. For the viewer alone: nobody else can load it.',
      resolve: (session) => sessionId(session.sessionId),
    }),
    device: t.string({
      nullable: true,
      description: 'What the client that logged in called itself (User-Agent); null when it did not say.',
      resolve: (session) => session.userAgent,
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it began.', resolve: (session) => session.createdAt }),
    lastUsedAt: t.field({
      type: 'DateTime',
      description: 'When something was last asked in it, exact to some two minutes.',
      resolve: (session) => session.lastUsedAt,
    }),
    current: t.boolean({
      description: 'Whether this request belongs to it.',
      ...viewerDependent,
      resolve: (session, _, context) => session.sessionId === requireViewer(context).sessionId,
    }),
  }),
})

builder.objectField(Viewer, 'sessions', (t) =>
  t.field({
    type: [ActiveSession],
    description: "The viewer's sessions that are not over, the one used last first.",
    resolve: (_, __, context) => context.domain.sessions.list(requireViewer(context)),
  }),
)

const RevokeSessionSuccess = builder.objectRef<object>('RevokeSessionSuccess').implement({
  description: 'The session is over: its tokens, sockets and subscriptions, at once and everywhere.',
  fields: (t) => ({
    viewer: t.field({
      type: Viewer,
      description: 'The viewer, with the sessions that are left.',
      resolve: (_, __, context) => loadViewer(context),
    }),
  }),
})

const RevokeSessionInput = builder.inputType('RevokeSessionInput', {
  description: 'A session to end.',
  fields: (t) => ({ sessionId: t.id({ required: true, description: 'The id of one of viewer.sessions.' }) }),
})

const revoking = refusing(NotFoundError)

builder.mutationField('revokeSession', (t) =>
  t.field({
    type: RevokeSessionSuccess,
    errors: revoking.errors,
    description:
      'Ends one session of the viewer, for a device that is lost: its tokens are worth nothing, and its sockets are closed with ' +
      '4401. Of the own session it is a logout. Repeating it changes nothing.',
    args: { input: t.arg({ type: RevokeSessionInput, required: true, description: 'Which one.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const decoded = decodeGlobalId(input.sessionId)
      if (decoded?.type !== 'ActiveSession') throw new NotFoundError('There is no such session of yours.')
      revoking.granted(await context.domain.sessions.revoke(viewer, decoded.id))
      if (decoded.id === viewer.sessionId) context.client.setRefreshCookie(null, 0)
      return {}
    },
  }),
)
