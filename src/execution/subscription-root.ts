import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  SingleFieldSubscriptionsRule,
  type ASTVisitFn,
  type DirectiveNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'

const conditions: readonly string[] = ['skip', 'include']

/**
 * A subscription has one root field, whatever its variables: the specification forbids @skip and @include there. graphql-js 16
 * lets them pass, and then fails where nothing is left to follow. Its own rule cannot read a condition by variable, and is
 * asked only where there is none.
 */
export const subscriptionRootRule: ValidationRule = (context) => {
  const single = SingleFieldSubscriptionsRule(context) as { OperationDefinition: ASTVisitFn<OperationDefinitionNode> }
  return {
    OperationDefinition(node, ...place) {
      if (node.operation !== OperationTypeNode.SUBSCRIPTION) return
      const [directive] = conditionsIn(context, node.selectionSet.selections)
      if (!directive) {
        single.OperationDefinition(node, ...place)
        return
      }
      const message = `@${directive.name.value} cannot stand at the root of a subscription, which has exactly one field always.`
      context.reportError(new GraphQLError(message, { nodes: directive }))
    },
  }
}

/** Those on the root fields, and on the fragments that these stand in. */
function conditionsIn(
  context: ValidationContext,
  selections: readonly SelectionNode[],
  seen = new Set<string>(),
): DirectiveNode[] {
  return selections.flatMap((selection) => {
    const own = selection.directives?.filter(({ name }) => conditions.includes(name.value)) ?? []
    if (own.length > 0 || selection.kind === Kind.FIELD) return own
    if (selection.kind === Kind.INLINE_FRAGMENT) return conditionsIn(context, selection.selectionSet.selections, seen)
    const name = selection.name.value
    if (seen.has(name)) return []
    seen.add(name)
    return conditionsIn(context, context.getFragment(name)?.selectionSet.selections ?? [], seen)
  })
}
