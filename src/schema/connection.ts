import type { PageOf } from '../domain/page.ts'

/** A page in the shape of a Relay connection. */
export function toConnection<Row, Node = Row>(
  { rows, hasNextPage, hasPreviousPage }: PageOf<Row>,
  nodeOf: (row: Row) => Node,
) {
  return {
    edges: rows.map(({ row, cursor }) => ({ node: nodeOf(row), cursor })),
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: rows[0]?.cursor ?? null,
      endCursor: rows.at(-1)?.cursor ?? null,
    },
  }
}
