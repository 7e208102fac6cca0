import type { MemberKey } from '../../store/members.ts'
import type { Member } from '../../store/rows.ts'
import type { Loaders } from '../loaders.ts'
import type { Viewer } from '../viewer.ts'

/** A member of a conversation that the viewer is in; null if either is not a member. */
export async function findMember(viewer: Viewer, key: MemberKey, loaders: Loaders): Promise<Member | null> {
  const [entry, member] = await Promise.all([
    loaders.entry.load({ viewerId: viewer.userId, conversationId: key.conversationId }),
    loaders.member.load(key),
  ])
  return entry && member?.leftAt === null ? member : null
}
