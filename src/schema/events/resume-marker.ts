import { randomBytes } from 'node:crypto'
import { Kind, visit, type GraphQLResolveInfo, type OperationDefinitionNode } from 'graphql'

/**
 * What stands for the resume token in the answer to an event, which is made once for all who read it: whoever writes the answer puts
 * each reader's own token there. Nobody outside the process ever sees it, and so no text can hold it.
 */
export const resumeMarker = `resume-${randomBytes(18).toString('hex')}`

const selecting = new WeakMap<OperationDefinitionNode, boolean>()

/** Whether a subscription asks for resume tokens: to keep them for a reader costs a little with each event. */
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
