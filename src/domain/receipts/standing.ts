import type { Standing } from '../../store/members.ts'

/**
 * Up to where all members but the viewer have got, by the two who are furthest behind; 0 when there is nobody else. What it
 * asks of the viewer is at most whether they are one certain person, so that few viewers differ.
 */
export function upToAllOthers([last, secondLast]: readonly Standing[], isViewer: (userId: string) => boolean): number {
  if (!last) return 0
  if (last.seq === secondLast?.seq) return last.seq
  return isViewer(last.userId) ? (secondLast?.seq ?? 0) : last.seq
}
