import {
  getOperationAST,
  Kind,
  visit,
  type DocumentNode,
  type ExecutionArgs,
  type OperationDefinitionNode,
} from 'graphql'

type Values = Record<string, unknown>
type EventVariables = Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'>

/** Of what a client gave, the variables that the operation declares: nothing else is kept of it. */
export function declaredVariables({ variableDefinitions = [] }: OperationDefinitionNode, given: unknown): Values {
  if (typeof given !== 'object' || given === null) return {}
  const names = variableDefinitions
    .map(({ variable }) => variable.name.value)
    .filter((name) => Object.hasOwn(given, name))
  return Object.fromEntries(names.map((name) => [name, (given as Values)[name]]))
}

/**
 * Of the variables that a subscription began with, those that its events need: where it begins, in up to a thousand
 * streams, is known once it has begun. One that must have a value keeps it.
 */
export function variablesOfEvents({ document, operationName, variableValues }: EventVariables): Values {
  const below = namesBelowRoot(document)
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? []
  const kept = definitions.filter(
    ({ variable, type }) => type.kind === Kind.NON_NULL_TYPE || below.includes(variable.name.value),
  )
  const names = kept
    .map(({ variable }) => variable.name.value)
    .filter((name) => Object.hasOwn(variableValues ?? {}, name))
  return Object.fromEntries(names.map((name) => [name, variableValues?.[name]]))
}

const knownNames = new WeakMap<DocumentNode, readonly string[]>()

/** Names of the variables of the selection: those of the root field say what is followed and from where, and change no event. */
export function namesBelowRoot(document: DocumentNode): readonly string[] {
  let names = knownNames.get(document)
  if (!names) knownNames.set(document, (names = findNamesBelowRoot(document)))
  return names
}

function findNamesBelowRoot(document: DocumentNode): string[] {
  const names = new Set<string>()
  let depth = 0
  const deeper = (levels: number) => ({
    enter: () => void (depth += levels),
    leave: () => void (depth -= levels),
  })
  visit(document, {
    VariableDefinition: () => false,
    Field: deeper(1),
    // A fragment may stand on the root type; counted as below it, no more is shared than may be.
    FragmentDefinition: deeper(2),
    Variable: ({ name }) => {
      if (depth !== 1) names.add(name.value)
    },
  })
  return [...names].sort()
}

/** Bytes that a value of JSON takes in memory, by estimate. */
const objectByteSize = 56
const slotByteSize = 8
const textByteSize = 24
/** A character takes two bytes as soon as one of its text is not Latin-1. */
const characterByteSize = 2

export function byteSizeOf(value: unknown): number {
  if (typeof value === 'string') return textByteSize + value.length * characterByteSize
  if (typeof value !== 'object' || value === null) return slotByteSize
  let byteSize = objectByteSize
  for (const key in value) byteSize += slotByteSize + byteSizeOf((value as Values)[key])
  return byteSize
}
