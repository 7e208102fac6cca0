import { ask, type Answer } from './api.ts'
import type { Person } from './person.ts'

/** What a mutation answered: the member of its union, and why it was refused. */
export interface Changed {
  __typename: string
  code?: string
  reason?: string
}

const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

/** Calls a mutation that takes one input, whose type is named after it. */
export async function change(person: Person, mutation: string, input: object): Promise<Changed> {
  const query = `mutation ($input: ${capital(mutation)}Input!) { ${mutation}(input: $input) { __typename
    ... on Error { code reason } } }`
  const { data, errors }: Answer<Record<string, Changed>> = await ask(person, query, { input })
  const changed = data?.[mutation]
  if (!changed) throw new Error(`${mutation} was answered ${JSON.stringify(errors)}`)
  return changed
}
