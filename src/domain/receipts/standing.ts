import type { Standing } from '../../store/members.ts'

/**
 * The position up to which all members but the viewer have got, from the two who are furthest behind; 0 when there is
 * nobody else. It asks at most whether the viewer is one certain person, so that few viewers get different results.
 */
export function upToAllOthers([last, secondLast]: readonly Standing[], isViewer: (userId: string) => boolean): number {
  if (!last) return 0
  if (last.seq === secondLast?.seq) return last.seq
  return isViewer(last.userId) ? (secondLast?.seq ?? 0) : last.seq
}
