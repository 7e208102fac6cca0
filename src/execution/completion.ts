import {
  GraphQLError,
  defaultTypeResolver,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLLeafType,
  type GraphQLList,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
} from 'graphql'
import { isPromise } from '../flow/promise.ts'
import { lookAfter, runFields, settleLater, type Execution } from './execution.ts'
import { itemPlace, type Place } from './place.ts'
import type { PlanSource, SelectionPlan } from './plan.ts'

/**
 * Makes the value at a place of an answer from what a resolver gave: null, a finished value, or undefined when it comes
 * later and is put in its place then. Throws what is wrong with it.
 */
export type Complete = (run: Execution, place: Place, result: unknown, info: GraphQLResolveInfo) => unknown

/** One function for each type of a field, chosen once: the types' kinds are not asked for again in each row. */
export function completerOf(source: PlanSource, type: GraphQLOutputType, nodes: readonly FieldNode[]): Complete {
  if (isNonNullType(type)) {
    const complete = completerOf(source, type.ofType as GraphQLOutputType, nodes)
    return (run, place, result, info) => {
      const value = complete(run, place, result, info)
      if (value === null) {
        throw new Error(`Cannot return null for non-nullable field ${info.parentType.name}.${info.fieldName}.`)
      }
      return value
    }
  }
  const complete = isListType(type)
    ? completeList(source, type, nodes)
    : isLeafType(type)
      ? completeLeaf(type)
      : isAbstractType(type)
        ? completeAbstract(source, type, nodes)
        : completeObject(source, type, nodes)
  return (run, place, result, info) => {
    if (result == null) return null
    // As resolvers may hand on an error instead of throwing it.
    if (result instanceof Error) throw result
    return complete(run, place, result, info)
  }
}

function completeLeaf(type: GraphQLLeafType): Complete {
  const byteSizeOf = sizerOf(type)
  return (run, _place, result) => {
    const value: unknown = type.serialize(result)
    if (value == null) throw new Error(`${type.name}.serialize() gave ${String(value)} for a value that is not null.`)
    run.budget.addBytes(byteSizeOf(value))
    return value
  }
}

/** Numbers and the like, with their comma. */
const smallByteSize = 8
const momentByteSize = 27

/** Bytes of a value as JSON. What our own servers make, as ids and names of an enum, is not looked at. */
function sizerOf({ name }: GraphQLLeafType): (value: unknown) => number {
  if (name === 'Int' || name === 'Float' || name === 'Boolean') return () => smallByteSize
  if (name === 'DateTime') return () => momentByteSize
  const ofText = name === 'String' ? textByteSize : (text: string) => text.length + 3
  return (value) => (typeof value === 'string' ? ofText(value) : Buffer.byteLength(JSON.stringify(value)) + 1)
}

/** Of text that JSON has as it is. */
const plain = /^[ !#-[\]-~]*$/

/** As JSON has it, in quotes and with a comma; some more at the most. Several times faster than making it where much is escaped. */
function textByteSize(text: string): number {
  if (text.length > 32 && plain.test(text)) return text.length + 3
  let byteSize = text.length + 3
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) byteSize += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2
    else if (code < 0x20) byteSize += code === 0x0a ? 1 : 5
    else if (code === 0x22 || code === 0x5c) byteSize++
  }
  return byteSize
}

/** The same items, for another turn: that one of them is rejected before is not taken for an error that nobody looks at. */
function lookedAfter(rest: Iterator<unknown>): Iterator<unknown> {
  const items = [...{ [Symbol.iterator]: () => rest }]
  lookAfter(items)
  return items.values()
}

function completeList(source: PlanSource, type: GraphQLList<GraphQLOutputType>, nodes: readonly FieldNode[]): Complete {
  const completeItem = completerOf(source, type.ofType, nodes)
  const nullable = !isNonNullType(type.ofType)
  /** Also in later turns, when the list has its place already. */
  const fill = (
    run: Execution,
    place: Place,
    items: unknown[],
    rest: Iterator<unknown>,
    info: GraphQLResolveInfo,
    isLate: boolean,
  ): void => {
    for (let step = rest.next(); !step.done; step = rest.next()) {
      const item = step.value
      const at = itemPlace(items, items.length, place, nullable)
      items.push(undefined)
      try {
        if (isPromise(item)) settleLater(run, at, nodes, item, (value) => completeItem(run, at, value, info))
        else items[at.key as number] = completeItem(run, at, item, info)
      } catch (error) {
        if (!isLate) run.fail(at, nodes, error)
        else {
          run.failLate(at, nodes, error)
          if (run.isLost(place)) return
        }
      }
      if (run.isTurnOver) {
        const left = isLate ? rest : lookedAfter(rest)
        run.later(() => {
          if (!run.isLost(place)) fill(run, place, items, left, info, true)
        })
        return
      }
    }
  }
  return (run, place, result, info) => {
    if (typeof result !== 'object' || !(Symbol.iterator in (result as object))) {
      const { parentType, fieldName } = info
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${parentType.name}.${fieldName}".`)
    }
    const items: unknown[] = []
    fill(run, place, items, (result as Iterable<unknown>)[Symbol.iterator](), info, false)
    return items
  }
}

function completeObject(source: PlanSource, type: GraphQLObjectType, nodes: readonly FieldNode[]): Complete {
  // Planned when first met: a union's members are many, and those that come are few.
  let selection: SelectionPlan | undefined
  const complete = (run: Execution, place: Place, result: unknown) => {
    selection ??= source.planSelection(
      type,
      nodes.flatMap((node) => node.selectionSet ?? []),
    )
    return runFields(run, selection, result, place)
  }
  if (!type.isTypeOf) return complete
  const assertIs = (is: unknown) => {
    if (is !== true && !is) throw new GraphQLError(`Expected value of type "${type.name}".`, { nodes })
  }
  return (run, place, result, info) => {
    const is = type.isTypeOf?.(result, run.context, info)
    if (isPromise(is)) {
      settleLater(run, place, nodes, is, (value) => {
        assertIs(value)
        return complete(run, place, result)
      })
      return undefined
    }
    assertIs(is)
    return complete(run, place, result)
  }
}

function completeAbstract(source: PlanSource, type: GraphQLAbstractType, nodes: readonly FieldNode[]): Complete {
  const completers = new Map<string, Complete>()
  const resolveType = type.resolveType ?? defaultTypeResolver
  const completerFor = (name: unknown, { parentType, fieldName }: GraphQLResolveInfo): Complete => {
    const known = completers.get(name as string)
    if (known) return known
    const resolved = typeof name === 'string' ? source.schema.getType(name) : undefined
    if (!isObjectType(resolved) || !source.schema.isSubType(type, resolved)) {
      const got = typeof name === 'string' ? `the type "${name}"` : 'no name of a type'
      throw new GraphQLError(
        `Abstract type "${type.name}" must resolve to one of its object types at "${parentType.name}.${fieldName}", but got ${got}.`,
        { nodes },
      )
    }
    const complete = completeObject(source, resolved, nodes)
    completers.set(resolved.name, complete)
    return complete
  }
  return (run, place, result, info) => {
    const name: unknown = resolveType(result, run.context, info, type)
    if (isPromise(name)) {
      settleLater(run, place, nodes, name, (value) => completerFor(value, info)(run, place, result, info))
      return undefined
    }
    return completerFor(name, info)(run, place, result, info)
  }
}
