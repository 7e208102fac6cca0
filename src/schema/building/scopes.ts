import type { GraphQLField, GraphQLSchema } from 'graphql'
import type { ApiKeyScope } from '../../store/api-keys.ts'
import type { Context } from './context.ts'

const messages = [
  ...['sendMessage', 'editMessage', 'deleteMessage', 'toggleReaction', 'pinMessage', 'createUpload', 'setTyping'],
  ...['markRead', 'markAllRead', 'markDelivered'],
]
const conversations = [
  ...['startDirect', 'createGroup', 'renameConversation', 'addMembers', 'removeMember', 'leaveConversation'],
  ...['setMemberRole', 'transferOwnership', 'setMemberPermissions', 'setHistoryVisibility', 'setEditPolicy'],
  ...['deleteConversation', 'openSupport'],
]

/** What an API key needs for each mutation. The others are for people: no key can be used for them. */
const scopes: ReadonlyMap<string, ApiKeyScope> = new Map([
  ...messages.map((name): [string, ApiKeyScope] => [name, 'MESSAGES_WRITE']),
  ...conversations.map((name): [string, ApiKeyScope] => [name, 'CONVERSATIONS_WRITE']),
  ['upsertUser', 'USERS_WRITE'],
])

/** Queries that say nothing of anybody. */
const free = new Set(['server'])
/** They are about keys themselves, or about who is signed in here. */
const forPeople = new Set(['apiKeys'])

/** Asks of each operation of an API key whether it may be used for it, and records what it does. */
export function withScopes(schema: GraphQLSchema): GraphQLSchema {
  for (const field of fieldsOf(schema.getMutationType())) guard(field, 'resolve', scopes.get(field.name) ?? null, true)
  for (const field of fieldsOf(schema.getQueryType())) {
    if (!free.has(field.name)) guard(field, 'resolve', forPeople.has(field.name) ? null : 'READ', false)
  }
  for (const field of fieldsOf(schema.getSubscriptionType())) guard(field, 'subscribe', 'READ', false)
  return schema
}

const fieldsOf = (type: ReturnType<GraphQLSchema['getQueryType']>) =>
  Object.values(type?.getFields() ?? {}) as GraphQLField<unknown, Context>[]

function guard(
  field: GraphQLField<unknown, Context>,
  how: 'resolve' | 'subscribe',
  scope: ApiKeyScope | null,
  isWrite: boolean,
): void {
  const inner = field[how]
  if (!inner) return
  field[how] = (source, args, context, info): unknown => {
    const { viewer, domain } = context
    // Of people nothing is asked.
    if (!viewer?.apiKey) return inner(source, args, context, info)
    return domain.apiKeys.use(viewer, scope, field.name, isWrite).then(() => inner(source, args, context, info))
  }
}
