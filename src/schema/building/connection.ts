import type { PageOf } from '../../domain/page.ts'

/** A page in the shape of a Relay connection. */
export function toConnection<Row, Node = Row>(
  { rows, cursorOf, hasNextPage, hasPreviousPage }: PageOf<Row>,
  nodeOf: (row: Row) => Node,
) {
  const cursorAt = (index: number): string | null => {
    const row = rows.at(index)
    return row === undefined ? null : cursorOf(row)
  }
  return {
    edges: rows.map((row) => ({
      node: nodeOf(row),
      get cursor() {
        return cursorOf(row)
      },
    })),
    pageInfo: {
      // Sometimes a promise. Pothos' type does not allow for that, but the executor awaits it.
      get hasNextPage() {
        return hasNextPage() as boolean
      },
      get hasPreviousPage() {
        return hasPreviousPage() as boolean
      },
      get startCursor() {
        return cursorAt(0)
      },
      get endCursor() {
        return cursorAt(-1)
      },
    },
  }
}
