import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { ValidationError } from '../../../domain/errors.ts'

/** The place after `complete`: nothing is to come. */
export const endPlace = 'end'
/** The place of a stream that has none, or has not told one yet: it is opened as it was asked for. */
export const openPlace = 'open'

/** Where a client went off: the id of the last event it got. */
export interface LastEvent {
  place: string
  /** What the owner of a ticket was given along; empty otherwise. */
  signature: string
}

/** A place as it is told; the place of an inbox is the longest. */
const eventId = z.string().regex(/^[\w.=-]{1,8192}(~[\w-]{1,64})?$/)

export const idOf = ({ place, signature }: LastEvent): string => (signature === '' ? place : `${place}~${signature}`)

/** Null: it comes for the first time. */
export function lastEventIn({ 'last-event-id': given }: IncomingHttpHeaders): LastEvent | null {
  if (given === undefined || given === '') return null
  const { success, data } = eventId.safeParse(given)
  if (!success) {
    const reason = 'Must be the id of an event, as it came.'
    throw new ValidationError(`Last-Event-ID: ${reason}`, [{ path: ['Last-Event-ID'], reason }])
  }
  const [place = '', signature = ''] = data.split('~')
  return { place, signature }
}
