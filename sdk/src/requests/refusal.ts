/** What a person was refused with; `reason` is text for people. */
export interface Refusal {
  code: string
  reason: string
  fields?: { path: string[]; reason: string }[]
}

/** Of an answer of a mutation's union that is an Error. */
export function refusalOf(answer: object): Refusal {
  const { code = 'INTERNAL', reason = 'Refused', fields } = answer as Partial<Refusal>
  return { code, reason, ...(fields && { fields }) }
}
