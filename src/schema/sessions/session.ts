import {
  AccountSuspendedError,
  HandleTakenError,
  InvalidCredentialsError,
  NotFoundError,
  SessionExpiredError,
  ValidationError,
} from '../../domain/errors.ts'
import type { Session as SessionShape } from '../../domain/sessions/sessions.ts'
import { z } from 'zod'
import { builder } from '../building/builder.ts'
import { refusing } from '../building/refusing.ts'
import { requireViewer, type Context } from '../building/context.ts'
import { required } from '../building/required.ts'
import { User } from '../people/user.ts'
import { displayName, handle, password, within } from '../building/validate.ts'

const Session = builder.objectRef<SessionShape>('Session').implement({
  description: 'A login: a short-lived access token, and a refresh token that gets the next one.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', {
      description: 'Send it as "authorization: Bearer <accessToken>". A JWT, valid for 15 minutes.',
    }),
    accessTokenExpiresAt: t.field({
      type: 'DateTime',
      description: 'When the access token expires. Call refreshSession before that.',
      resolve: (session) => session.accessTokenExpiresAt,
    }),
    refreshToken: t.exposeString('refreshToken', {
      description: 'Valid for one refreshSession within 7 days. Also set as an HttpOnly cookie named parley_refresh.',
    }),
    user: t.field({
      type: User,
      description: 'Who is logged in.',
      resolve: (session, _, { loaders }) => required(loaders.user.load(session.userId), 'the user'),
    }),
  }),
})

const success = (name: string, description: string) =>
  builder.objectRef<SessionShape>(name).implement({
    description,
    fields: (t) => ({
      session: t.field({ type: Session, description: 'The new session.', resolve: (session) => session }),
    }),
  })

const RegisterSuccess = success('RegisterSuccess', 'The person exists and is logged in.')
const LoginSuccess = success('LoginSuccess', 'The person is logged in.')
const AcceptInvitationSuccess = success('AcceptInvitationSuccess', 'The person has a password now, and is logged in.')
const RefreshSessionSuccess = success('RefreshSessionSuccess', 'The session has new tokens.')

const ChangePasswordSuccess = builder.objectRef<{ userId: string }>('ChangePasswordSuccess').implement({
  description: 'The new password counts, and all other sessions are over.',
  fields: (t) => ({
    user: t.field({
      type: User,
      description: 'Whose password it is.',
      resolve: ({ userId }, _, { loaders }) => required(loaders.user.load(userId), 'the viewer'),
    }),
  }),
})

const ChangePasswordInput = builder.inputType('ChangePasswordInput', {
  description: 'A new password.',
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: 'The password until now.' }),
    newPassword: t.string({ required: true, description: '8 to 256 characters.' }),
  }),
})

const RegisterInput = builder.inputType('RegisterInput', {
  description: 'A new person.',
  fields: (t) => ({
    handle: t.string({ required: true, description: '3 to 32 of a-z 0-9 _ . ; unique, case-insensitive.' }),
    displayName: t.string({
      required: true,
      description:
        'One line of 1 to 64 characters (code points), not counting spaces and invisible characters at its ends, ' +
        'which are removed.',
    }),
    password: t.string({ required: true, description: '8 to 256 characters.' }),
  }),
})

const LoginInput = builder.inputType('LoginInput', {
  description: 'The handle and the password.',
  fields: (t) => ({
    handle: t.string({ required: true, description: 'The handle of the person; upper and lower case are the same.' }),
    password: t.string({ required: true, description: 'The password given at registration.' }),
  }),
})

const AcceptInvitationInput = builder.inputType('AcceptInvitationInput', {
  description: 'What somebody who was invited answers.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'The token of the invitation.' }),
    password: t.string({ required: true, description: 'The password from now on: 8 to 256 characters.' }),
  }),
})

const RefreshSessionInput = builder.inputType('RefreshSessionInput', {
  description: 'A refresh token.',
  fields: (t) => ({
    refreshToken: t.string({ description: 'When it is left out, the cookie parley_refresh is used.' }),
  }),
})

const withCookie = (context: Context, session: SessionShape) => {
  context.client.setRefreshCookie(session.refreshToken, Math.floor(session.refreshTokenTtlMs / 1000))
  return session
}

const registerShape = z.object({ handle, displayName, password })
const invitationShape = z.object({ token: within(1, 200), password })
const newPasswordShape = z.object({ newPassword: password })

const registering = refusing(HandleTakenError, ValidationError)
const loggingIn = refusing(InvalidCredentialsError, AccountSuspendedError)
const accepting = refusing(NotFoundError, AccountSuspendedError, ValidationError)
const refreshing = refusing(SessionExpiredError)
const changingPassword = refusing(InvalidCredentialsError, ValidationError)

builder.mutationFields((t) => ({
  register: t.field({
    type: RegisterSuccess,
    errors: registering.errors,
    description: 'Registers a person and logs them in.',
    args: { input: t.arg({ type: RegisterInput, required: true, description: 'The new person.' }) },
    resolve: async (_, args, context) => {
      const input = registering.validate(registerShape, 'input', args.input)
      const session = await context.domain.sessions.register(input, context.client)
      return withCookie(context, registering.granted(session))
    },
  }),
  login: t.field({
    type: LoginSuccess,
    errors: loggingIn.errors,
    description: 'Logs a person in. Slowed down after repeated failures.',
    args: { input: t.arg({ type: LoginInput, required: true, description: 'The handle and the password.' }) },
    resolve: async (_, { input }, context) => {
      return withCookie(context, loggingIn.granted(await context.domain.sessions.login(input, context.client)))
    },
  }),
  acceptInvitation: t.field({
    type: AcceptInvitationSuccess,
    errors: accepting.errors,
    description:
      'Gives a password to somebody who was brought here without one, by the token of their invitation, and logs them in. A token is good ' +
      'for one password; sent again with the same one it logs in. NOT_FOUND when it was used, has expired or was replaced by a newer one.',
    args: {
      input: t.arg({ type: AcceptInvitationInput, required: true, description: 'The token and the password.' }),
    },
    resolve: async (_, args, context) => {
      const input = accepting.validate(invitationShape, 'input', args.input)
      return withCookie(
        context,
        accepting.granted(await context.domain.sessions.acceptInvitation(input, context.client)),
      )
    },
  }),
  refreshSession: t.field({
    type: RefreshSessionSuccess,
    errors: refreshing.errors,
    description:
      'Exchanges a refresh token for new tokens. Sent again within 30 s, the same token gets the same new tokens, ' +
      'unless those were exchanged already. Any other second use ends the whole session, because somebody must have ' +
      'copied the token.',
    args: {
      input: t.arg({
        type: RefreshSessionInput,
        description: 'When it is left out, the cookie parley_refresh is used.',
      }),
    },
    resolve: async (_, { input }, context) => {
      const token = input?.refreshToken ?? context.client.refreshCookie
      const session = token
        ? await context.domain.sessions.refresh(token, context.client.ip)
        : new SessionExpiredError()
      return withCookie(context, refreshing.granted(session))
    },
  }),
  changePassword: t.field({
    type: ChangePasswordSuccess,
    errors: changingPassword.errors,
    description:
      'Gives the viewer a new password, and ends all their other sessions with their sockets and subscriptions. Repeating it ' +
      'changes nothing more.',
    args: { input: t.arg({ type: ChangePasswordInput, required: true, description: 'The old and the new one.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { newPassword } = changingPassword.validate(newPasswordShape, 'input', input)
      const passwords = { currentPassword: input.currentPassword, newPassword }
      changingPassword.granted(await context.domain.sessions.changePassword(viewer, passwords, context.client.ip))
      return { userId: viewer.userId }
    },
  }),
  logout: t.boolean({
    description: "Ends the viewer's session: its tokens, sockets and subscriptions. Always true.",
    resolve: async (_, __, context) => {
      await context.domain.sessions.logout(requireViewer(context))
      context.client.setRefreshCookie(null, 0)
      return true
    },
  }),
}))
