import { randomBytes } from 'node:crypto'
import { Kind, visit, type GraphQLResolveInfo, type OperationDefinitionNode } from 'graphql'

/**
 * Placeholder for the resume token in the result of an event. The result is made once for all readers, and the code that
 * writes it to a socket puts each reader's own token there. No client ever sees this value, so no text of a user can
 * contain it.
 */
export const resumeMarker = `resume-${randomBytes(18).toString('hex')}`

const selecting = new WeakMap<OperationDefinitionNode, boolean>()

/** Whether a subscription selects resume tokens: keeping them for a reader costs a little with each event. */
export function selectsResume({ operation, fragments }: GraphQLResolveInfo): boolean {
  const known = selecting.get(operation)
  if (known !== undefined) return known
  const selects = [operation, ...Object.values(fragments)].some((definition) => {
    let found = false
    visit(definition, {
      enter(node) {
        if (node.kind === Kind.FIELD && node.name.value === 'resume') found = true
      },
    })
    return found
  })
  selecting.set(operation, selects)
  return selects
}
