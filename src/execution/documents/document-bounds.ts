import { GraphQLError, Kind, type ASTNode, type DocumentNode } from 'graphql'
import { tooComplex } from '../../schema/building/parse.ts'

/** What graphql-js's rules go through for each other: for each fragment all others, for each operation all fragments. */
const maxFragments = 100
const maxOperations = 50
/** All that are given twice are told in one mistake, and each is looked up in the text. */
const maxArguments = 50
const maxVariables = 100
/** Fields that have one name in the answer are compared pair by pair, with what is inside of them: some 3 µs each. */
const maxFieldPairs = 6_000
/** What a pair costs that has nothing inside and no arguments, as of the `id` of all fragments. */
const plainPairCost = 1 / 8

/** What is wrong with the size of a document: told before its meaning is checked, which takes more than linear time. */
export function sizeFault({ definitions }: DocumentNode): GraphQLError | null {
  const tooMany = (count: number, what: string, max: number) =>
    count > max ? tooComplex(new GraphQLError(`A document has up to ${String(max)} ${what}.`)) : null
  const fragmentCount = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).length
  const most = { arguments: 0, variables: 0 }
  const countByName = new Map<string, number>()
  let pairCount = 0
  forEachNode(definitions, (node) => {
    if (node.kind === Kind.OPERATION_DEFINITION) {
      most.variables = Math.max(most.variables, node.variableDefinitions?.length ?? 0)
    } else if (node.kind === Kind.DIRECTIVE || node.kind === Kind.FIELD) {
      most.arguments = Math.max(most.arguments, node.arguments?.length ?? 0)
    }
    if (node.kind !== Kind.FIELD) return
    const isPlain = !node.selectionSet && !node.arguments?.length
    const name = `${isPlain ? '' : ':'}${(node.alias ?? node.name).value}`
    const count = countByName.get(name) ?? 0
    pairCount += isPlain ? count * plainPairCost : count
    countByName.set(name, count + 1)
  })
  return (
    tooMany(fragmentCount, 'fragments', maxFragments) ??
    tooMany(definitions.length - fragmentCount, 'operations', maxOperations) ??
    tooMany(most.variables, 'variables in an operation', maxVariables) ??
    tooMany(most.arguments, 'arguments at one place', maxArguments) ??
    tooMany(pairCount, 'pairs of fields with the same name in the answer', maxFieldPairs)
  )
}

/** Nodes of a document: what is kept of it takes memory by these. */
export function countNodes({ definitions }: DocumentNode): number {
  let count = 0
  forEachNode(definitions, () => count++)
  return count
}

/** The parser bounds how deep it goes. */
function forEachNode(nodes: readonly ASTNode[], each: (node: ASTNode) => void): void {
  for (const node of nodes) {
    each(node)
    for (const value of Object.values(node) as unknown[]) {
      if (Array.isArray(value)) forEachNode(value as ASTNode[], each)
      else if (isNode(value)) forEachNode([value], each)
    }
  }
}

/** Of what else a node has only its place in the text is an object. */
const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'kind' in value
