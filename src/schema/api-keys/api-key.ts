import { z } from 'zod'
import type { ShownApiKey } from '../../domain/api-keys/api-keys.ts'
import { apiKeyScopes, scopeDescriptions } from '../../domain/api-keys/scopes.ts'
import { ForbiddenError, NotFoundError, ValidationError } from '../../domain/errors.ts'
import type { ApiKeyRow } from '../../store/api-keys.ts'
import { builder } from '../building/builder.ts'
import { requireAdmin, requireViewer } from '../building/context.ts'
import { apiKeyId, decodeGlobalId } from '../building/ids.ts'
import { refusing } from '../building/refusing.ts'
import { required } from '../building/required.ts'
import { displayName } from '../building/validate.ts'
import { User } from '../people/user.ts'

const ApiKeyScope = builder.enumType('ApiKeyScope', {
  description: 'What an API key may be used for.',
  values: scopeDescriptions,
})

export const ApiKey = builder.objectRef<ApiKeyRow>('ApiKey').implement({
  description:
    'A key of the embedding product’s back end, sent as "authorization: Bearer parley_key_…". Its secret is shown once.',
  interfaces: [builder.nodeInterfaceRef()],
  fields: (t) => ({
    id: t.id({ description: 'Global id; opaque. For an ADMIN alone.', resolve: ({ id }) => apiKeyId(id) }),
    name: t.exposeString('name', { description: 'What it is called; its person has the same name.' }),
    scopes: t.field({ type: [ApiKeyScope], description: 'What it may be used for.', resolve: ({ scopes }) => scopes }),
    user: t.field({
      type: User,
      description: 'Its own person: what it does without parley-act-as is done by them, as a bot.',
      resolve: ({ userId }, _, { loaders }) => required(loaders.user.load(userId), 'the person of an API key'),
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was made.', resolve: ({ createdAt }) => createdAt }),
    lastUsedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was last used, exact to some two minutes; null: never.',
      resolve: ({ lastUsedAt }) => lastUsedAt,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null: never.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
  }),
})

builder.queryField('apiKeys', (t) =>
  t.field({
    type: [ApiKey],
    description: 'For an ADMIN: the API keys that are not over, the oldest first; at most 100.',
    resolve: (_, __, context) => context.domain.apiKeys.list(requireViewer(context)),
  }),
)

const shown = (name: string, description: string) =>
  builder.objectRef<ShownApiKey>(name).implement({
    description,
    fields: (t) => ({
      apiKey: t.field({ type: ApiKey, description: 'The key.', resolve: ({ apiKey }) => apiKey }),
      secret: t.exposeString('secret', {
        description: 'What is sent as "authorization: Bearer <secret>". It is stored nowhere, and shown this once.',
      }),
    }),
  })

const CreateApiKeySuccess = shown('CreateApiKeySuccess', 'The key can be used.')
const RotateApiKeySuccess = shown('RotateApiKeySuccess', 'The key has a new secret.')
const RevokeApiKeySuccess = builder.objectRef<{ apiKeys: ApiKeyRow[] }>('RevokeApiKeySuccess').implement({
  description: 'The key is over: its requests are refused, and its sockets and subscriptions end, everywhere.',
  fields: (t) => ({
    apiKeys: t.field({ type: [ApiKey], description: 'The keys that are left.', resolve: ({ apiKeys }) => apiKeys }),
  }),
})

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A new key.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'One line of 1 to 64 characters, as of a person.' }),
    scopes: t.field({ type: [ApiKeyScope], required: true, description: 'What it may be used for; at least one.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it ends by itself; null: never.' }),
  }),
})
const RotateApiKeyInput = builder.inputType('RotateApiKeyInput', {
  description: 'A key that gets another secret.',
  fields: (t) => ({
    apiKeyId: t.id({ required: true, description: 'The key.' }),
    graceSeconds: t.int({ description: 'For how long the secret before goes on, 0 to 86,400; 0 when it is left out.' }),
  }),
})
const RevokeApiKeyInput = builder.inputType('RevokeApiKeyInput', {
  description: 'A key that ends.',
  fields: (t) => ({ apiKeyId: t.id({ required: true, description: 'The key.' }) }),
})

const keyShape = z.object({
  name: displayName,
  scopes: z.array(z.enum(apiKeyScopes)).min(1, 'Name at least one scope.').max(20),
  expiresAt: z.date().nullish(),
})
const graceShape = z.object({
  graceSeconds: z.number().int().min(0, 'Must be 0 or more.').max(86_400, 'Must be 86400 or less.').nullish(),
})

const creating = refusing(ForbiddenError, ValidationError)
const rotating = refusing(ForbiddenError, NotFoundError, ValidationError)
const revoking = refusing(ForbiddenError, NotFoundError)

/** Of anything else it is the id of no key. */
const keyIdOf = (globalId: string) => {
  const decoded = decodeGlobalId(globalId)
  return decoded?.type === 'ApiKey' ? decoded.id : '00000000-0000-0000-0000-000000000000'
}

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeySuccess,
    errors: creating.errors,
    description:
      'For an ADMIN: a key for the embedding product’s back end, with a person of its own. Repeated, it makes another one.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true, description: 'The key.' }) },
    resolve: async (_, args, context) => {
      const viewer = requireAdmin(context, 'have to do with API keys')
      const { name, scopes, expiresAt = null } = creating.validate(keyShape, 'input', args.input)
      return creating.granted(await context.domain.apiKeys.create(viewer, { name, scopes, expiresAt }))
    },
  }),
  rotateApiKey: t.field({
    type: RotateApiKeySuccess,
    errors: rotating.errors,
    description:
      'For an ADMIN: gives a key another secret. The one before ends at once, or after a while. Repeated, it makes another one.',
    args: { input: t.arg({ type: RotateApiKeyInput, required: true, description: 'Which key.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      const { graceSeconds } = rotating.validate(graceShape, 'input', { graceSeconds: input.graceSeconds })
      const graceMs = (graceSeconds ?? 0) * 1_000
      return rotating.granted(await context.domain.apiKeys.rotate(viewer, keyIdOf(input.apiKeyId), graceMs))
    },
  }),
  revokeApiKey: t.field({
    type: RevokeApiKeySuccess,
    errors: revoking.errors,
    description:
      'For an ADMIN: ends a key, everywhere and at once. What was written with it stays. Repeating it changes nothing.',
    args: { input: t.arg({ type: RevokeApiKeyInput, required: true, description: 'Which key.' }) },
    resolve: async (_, { input }, context) => {
      const viewer = requireViewer(context)
      revoking.granted(await context.domain.apiKeys.revoke(viewer, keyIdOf(input.apiKeyId)))
      return { apiKeys: await context.domain.apiKeys.list(viewer) }
    },
  }),
}))
