import type { Viewer } from '../../../domain/viewer.ts'

/** Query parameter that opens a subscription where no header can be sent. */
const ticketParameter = 'ticket'

/** What the transport needs of the domain's stream tickets. */
export interface StreamTickets {
  /** Whose subscription the ticket opens. Rejects when it does not. */
  open(
    ticket: string,
    operation: { query: string; variables?: Readonly<Record<string, unknown>> | null; operationName?: string | null },
    served: { place: string; signature: string } | null,
  ): Promise<Viewer>
  sign(ticket: string, place: string): string
}

/** Of several none is valid. Null: none was given. */
export function ticketIn(url: string): string | null {
  const queryAt = url.indexOf('?')
  if (queryAt < 0 || !url.includes(ticketParameter, queryAt)) return null
  const given = new URLSearchParams(url.slice(queryAt + 1)).getAll(ticketParameter)
  return given.length === 0 ? null : given.join(' ')
}
