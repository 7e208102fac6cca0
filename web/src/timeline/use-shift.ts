import { useRef } from 'react'
import type { Row } from './rows.ts'

/** The first row that is a message's own: what is above it changes with it. */
const firstOf = (rows: readonly Row[]) => rows.find(({ kind }) => kind === 'message')?.key

/** Whether rows came before those of the last time: then the list keeps its place from the end. */
export function useShift(rows: readonly Row[]): boolean {
  const before = useRef({ rows, shift: false })
  if (before.current.rows !== rows) {
    const [last, now] = [before.current.rows, rows]
    const isSameEnd = last.at(-1)?.key === now.at(-1)?.key
    before.current = { rows, shift: isSameEnd && firstOf(last) !== firstOf(now) }
  }
  return before.current.shift
}
