import type { ApiKeyScope } from '../../store/api-keys.ts'

/** All scopes, as the API describes them. It does not compile when one is missing. */
export const scopeDescriptions: Readonly<Record<ApiKeyScope, { description: string }>> = {
  READ: { description: 'Queries and subscriptions, of what its person may see.' },
  MESSAGES_WRITE: { description: 'Sending, editing and deleting messages, reactions, pins, files, marks of reading.' },
  CONVERSATIONS_WRITE: { description: 'Beginning conversations, and changing groups and their members.' },
  USERS_WRITE: { description: 'Making and changing people by upsertUser.' },
  ACT_AS: {
    description: 'Acting for people, whom the header parley-act-as names: for anybody but staff and other keys.',
  },
}

export const apiKeyScopes = Object.keys(scopeDescriptions) as ApiKeyScope[]
