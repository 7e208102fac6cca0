import type { MemberKey } from '../../store/members.ts'
import type { Member } from '../../store/rows.ts'
import type { Loaders } from '../loaders.ts'
import type { Viewer } from '../viewer.ts'
import { accessOf } from './access.ts'

/** A member of a conversation that the viewer may see; null if they may not, or if there is no such member. */
export async function findMember(viewer: Viewer, key: MemberKey, loaders: Loaders): Promise<Member | null> {
  const [access, member] = await Promise.all([accessOf(viewer, key.conversationId, loaders), loaders.member.load(key)])
  return access && member?.leftAt === null ? member : null
}
