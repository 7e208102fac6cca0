import { useRef, type RefObject } from 'react'
import type { VListHandle } from 'virtua'
import type { Row } from './rows.ts'

/** The first row that is a message's own: what is above it changes with it. */
export const firstOf = (rows: readonly Row[]) => rows.find(({ kind }) => kind === 'message')?.key

/**
 * Whether rows came before those of the last time: then the list keeps its place from the end. Not while all of them fit in: the list
 * would count on a scrolling that cannot happen, and show nothing.
 */
export function useShift(rows: readonly Row[], list: RefObject<VListHandle | null>): boolean {
  const before = useRef({ rows, shift: false })
  if (before.current.rows !== rows) {
    const [last, now] = [before.current.rows, rows]
    const isSameEnd = last.at(-1)?.key === now.at(-1)?.key
    const { viewportSize = 0, scrollSize = 0 } = list.current ?? {}
    // 0: it is not measured yet.
    const canScroll = viewportSize > 0 && scrollSize > viewportSize
    before.current = { rows, shift: canScroll && isSameEnd && firstOf(last) !== firstOf(now) }
  }
  return before.current.shift
}
