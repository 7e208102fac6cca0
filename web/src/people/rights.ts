import type { ConversationState, MemberState } from '../client/types.ts'

export interface OwnRights {
  rename: boolean
  add: boolean
  remove: boolean
  owner: boolean
  admin: boolean
}

/** What to offer. The server decides. */
export function rightsOf({ fields }: ConversationState, role: MemberState['role']): OwnRights {
  const isGroup = fields.kind === 'GROUP' && fields.closedAt === null
  const admin = isGroup && (role === 'OWNER' || role === 'ADMIN')
  const may = (permission: 'RENAME' | 'ADD' | 'REMOVE') =>
    admin || (isGroup && role === 'MEMBER' && fields.memberPermissions.includes(permission))
  return {
    rename: may('RENAME'),
    add: may('ADD'),
    remove: may('REMOVE'),
    owner: isGroup && role === 'OWNER',
    admin,
  }
}
