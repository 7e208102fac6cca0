import {
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  defaultFieldResolver,
  getArgumentValues,
  getDirectiveValues,
  isAbstractType,
  isNonNullType,
  typeFromAST,
  visit,
  type ASTNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import { completerOf, type Complete } from './completion.ts'

type Values = Record<string, unknown>

/** A field of an answer, with all that is the same for every row and every execution. */
export interface FieldPlan {
  /** Its name in the answer. */
  key: string
  nodes: readonly FieldNode[]
  parentType: GraphQLObjectType
  definition: GraphQLField<unknown, unknown>
  nullable: boolean
  /** Of a `__typename`, which needs no resolver. */
  typeName: string | null
  resolve: GraphQLFieldResolver<unknown, unknown>
  argsFor: (variables: Values) => Values
  complete: Complete
}

export interface SelectionPlan {
  fields: readonly FieldPlan[]
  newObject: () => Values
  /** Of its braces and keys in an answer. */
  byteSize: number
}

/** What decides which fields a selection has. */
export interface SelectionSource {
  schema: GraphQLSchema
  fragments: Readonly<Record<string, FragmentDefinitionNode>>
  /** Values of the variables that `@skip` and `@include` ask for: a plan holds for these alone. */
  conditions: Values
}

/** What the plans of one operation are made from. */
export interface PlanSource extends SelectionSource {
  operation: OperationDefinitionNode
  planSelection: (type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]) => SelectionPlan
}

/** Names of the variables on which it depends which fields an operation has. */
export function conditionNames(nodes: readonly (OperationDefinitionNode | FragmentDefinitionNode)[]): string[] {
  const names = new Set<string>()
  for (const node of nodes) {
    visit(node, {
      Directive({ name, arguments: args = [] }) {
        if (name.value !== 'skip' && name.value !== 'include') return
        for (const { value } of args) if (value.kind === Kind.VARIABLE) names.add(value.name.value)
      },
    })
  }
  return [...names]
}

/** The fields that these selection sets have for a value of this type, by their names in the answer and in its order. */
export function collectFields(
  source: SelectionSource,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): Map<string, FieldNode[]> {
  const grouped = new Map<string, FieldNode[]>()
  const visited = new Set<string>()
  for (const selectionSet of selectionSets) collect(source, type, selectionSet, grouped, visited)
  return grouped
}

export function planSelection(
  source: PlanSource,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): SelectionPlan {
  const grouped = collectFields(source, type, selectionSets)
  const fields = [...grouped].flatMap(([key, nodes]) => planField(source, type, key, nodes) ?? [])
  // An ordinary object is several times faster, and is one unless a field is called __proto__.
  const newObject = grouped.has('__proto__') ? () => Object.create(null) as Values : () => ({})
  const byteSize = fields.reduce((sum, { key, typeName }) => sum + key.length + 8 + (typeName ?? '').length, 2)
  return { fields, newObject, byteSize }
}

function collect(
  source: SelectionSource,
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  grouped: Map<string, FieldNode[]>,
  visited: Set<string>,
): void {
  const { schema, fragments, conditions } = source
  for (const selection of selections) {
    if (selection.directives && selection.directives.length > 0) {
      if (getDirectiveValues(GraphQLSkipDirective, selection, conditions)?.if === true) continue
      if (getDirectiveValues(GraphQLIncludeDirective, selection, conditions)?.if === false) continue
    }
    if (selection.kind === Kind.FIELD) {
      const key = (selection.alias ?? selection.name).value
      const nodes = grouped.get(key)
      if (nodes) nodes.push(selection)
      else grouped.set(key, [selection])
      continue
    }
    let fragment: Pick<FragmentDefinitionNode, 'selectionSet'> & {
      typeCondition?: FragmentDefinitionNode['typeCondition']
    }
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const name = selection.name.value
      const named = fragments[name]
      if (visited.has(name) || !named) continue
      visited.add(name)
      fragment = named
    } else {
      fragment = selection
    }
    if (applies(schema, fragment.typeCondition, type)) collect(source, type, fragment.selectionSet, grouped, visited)
  }
}

function applies(
  schema: GraphQLSchema,
  condition: FragmentDefinitionNode['typeCondition'] | undefined,
  type: GraphQLObjectType,
): boolean {
  if (!condition) return true
  const wanted = typeFromAST(schema, condition)
  return wanted === type || (isAbstractType(wanted) && schema.isSubType(wanted, type))
}

function planField(
  source: PlanSource,
  parentType: GraphQLObjectType,
  key: string,
  nodes: FieldNode[],
): FieldPlan | undefined {
  const [node] = nodes
  const definition = node && definitionOf(source.schema, parentType, node.name.value)
  if (!definition) return undefined
  return {
    key,
    nodes,
    parentType,
    definition,
    nullable: !isNonNullType(definition.type),
    typeName: definition === TypeNameMetaFieldDef ? parentType.name : null,
    resolve: definition.resolve ?? defaultFieldResolver,
    argsFor: planArguments(definition, node),
    complete: completerOf(source, definition.type, nodes),
  }
}

export function definitionOf(schema: GraphQLSchema, parentType: GraphQLObjectType, name: string) {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef
  if (parentType === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef
  }
  return parentType.getFields()[name]
}

function variablesIn(nodes: readonly ASTNode[]): string[] {
  const names: string[] = []
  for (const node of nodes) visit(node, { Variable: ({ name }) => void names.push(name.value) })
  return names
}

/** Always a new object: a resolver may write to it. */
function planArguments(definition: GraphQLField<unknown, unknown>, node: FieldNode): FieldPlan['argsFor'] {
  if (definition.args.length === 0) return () => ({})
  const evaluate = (variables: Values) => getArgumentValues(definition, node, variables)
  if (variablesIn(node.arguments ?? []).length > 0) return evaluate
  let constant: Values
  try {
    constant = evaluate({})
  } catch {
    // A value that a custom scalar refuses: an error of the field, told when it runs.
    return evaluate
  }
  // What is inside of an object or a list would be shared by all executions.
  return Object.values(constant).some((value) => typeof value === 'object' && value !== null)
    ? evaluate
    : () => ({ ...constant })
}
