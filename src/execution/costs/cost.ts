import {
  getArgumentValues,
  getNamedType,
  isAbstractType,
  isListType,
  isNonNullType,
  isObjectType,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type SelectionSetNode,
} from 'graphql'
import { collectFields, definitionOf, type SelectionSource } from '../plan.ts'
import { SelectionIds } from '../plans.ts'
import { isPage } from './sizing-variables.ts'

/** What a page holds when the operation does not say; the largest default there is. */
const defaultPageSize = 50
const maxPageSize = 100
/** Events and streams that one resync answers at the most. */
const maxResyncEvents = 5_000
const maxResyncStreams = 1_000
const defaultResyncLimit = 500
/**
 * Objects of a list that is no page. Of most lists what they usually hold: nearly all messages have none of them, and to count
 * what they may hold would refuse honest pages. The budget of the answer counts what really comes.
 */
const listSizes: Readonly<Record<string, number>> = {
  'Conversation.pinnedMessages': 2,
  'Message.attachments': 2,
  'Message.mentions': 1,
  'Message.reactions': 1,
  'Message.revisions': 5,
  'Reaction.firstUsers': 1,
}
/** Fields that are looked at. Fragments that are spread in many ways over many types come to more than their text. */
const maxVisits = 10_000

/** Thrown for what is too much to be counted. */
export class Uncountable extends Error {}

/**
 * Objects that a selection comes to: on its own, for each item of the list that it is a page of, and for each stream of a
 * resync. How many those are is known where the page is asked for, and so a selection is counted once whatever its size.
 */
interface Cost {
  fixed: number
  perItem: number
  perStream: number
}

type Values = Readonly<Record<string, unknown>>

/** Counts the objects that an operation comes to at the most: each field by its multiplicity, with fragments expanded. */
export class CostWalk {
  private readonly known = new Map<string, Cost>()
  private readonly ids = new SelectionIds()
  private visitCount = 0
  /** Whether there is a page among what was counted. */
  hasPages = false

  constructor(
    private readonly source: SelectionSource,
    private readonly variables: Values,
  ) {}

  /** Throws Uncountable. */
  objectsOf(type: GraphQLObjectType, selectionSet: SelectionSetNode): number {
    return this.ofObject(type, [selectionSet]).fixed
  }

  private of(type: GraphQLCompositeType, selectionSets: readonly SelectionSetNode[]): Cost {
    if (!isAbstractType(type)) return this.ofObject(type, selectionSets)
    // Any of them may come.
    const most = { ...none }
    for (const possible of this.source.schema.getPossibleTypes(type)) {
      const cost = this.ofObject(possible, selectionSets)
      most.fixed = Math.max(most.fixed, cost.fixed)
      most.perItem = Math.max(most.perItem, cost.perItem)
      most.perStream = Math.max(most.perStream, cost.perStream)
    }
    return most
  }

  private ofObject(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): Cost {
    const key = this.ids.keyOf(type, selectionSets)
    const known = this.known.get(key)
    if (known) return known
    const cost = { ...none }
    for (const nodes of collectFields(this.source, type, selectionSets).values()) {
      if (++this.visitCount > maxVisits) throw new Uncountable()
      const [node] = nodes
      const field = node && definitionOf(this.source.schema, type, node.name.value)
      if (field) this.addField(cost, type, field, nodes)
    }
    this.known.set(key, cost)
    return cost
  }

  private addField(
    cost: Cost,
    parent: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
    nodes: readonly FieldNode[],
  ): void {
    const named = getNamedType(field.type)
    if (!isObjectType(named) && !isAbstractType(named)) return
    const inner = this.of(
      named,
      nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
    )
    if (isItems(parent, field)) {
      cost.perItem += 1 + inner.fixed
    } else if (parent.name === 'ResyncPayload' && field.name === 'streams') {
      cost.perStream += 1 + inner.fixed
      cost.perItem += inner.perItem
    } else {
      const { times, items, streams } = this.sizesOf(parent, field, nodes)
      cost.fixed += times * (1 + inner.fixed + items * inner.perItem + streams * inner.perStream)
    }
  }

  private sizesOf(parent: GraphQLObjectType, field: GraphQLField<unknown, unknown>, [node]: readonly FieldNode[]) {
    const args = node ? this.argumentsOf(field, node) : {}
    if (parent === this.source.schema.getQueryType()) {
      // An id that is repeated is loaded once, and put into the answer as often.
      if (field.name === 'nodes') return { times: countOf(args.ids, maxPageSize), items: 0, streams: 0 }
      if (field.name === 'resync') return this.resyncSizes(args)
    }
    if (!isPage(field.type)) {
      const times = isList(field.type) ? (listSizes[`${parent.name}.${field.name}`] ?? 1) : 1
      return { times, items: 1, streams: 1 }
    }
    this.hasPages = true
    const { first, last } = args
    const size = numberOr(first, numberOr(last, defaultPageSize))
    // What is out of bounds is refused by the page itself, with better words.
    return { times: 1, items: Math.min(maxPageSize, Math.max(0, size)), streams: 0 }
  }

  private resyncSizes({ cursors, resume, limit }: Values) {
    const named = countOf(cursors, 0)
    // After a token as many streams as have moved.
    const streams = resume == null ? Math.min(maxResyncStreams, named) : maxResyncStreams
    const events = Math.max(0, numberOr(limit, defaultResyncLimit)) * (resume == null ? named : maxResyncStreams)
    return { times: 1, items: Math.min(maxResyncEvents, events), streams }
  }

  private argumentsOf(field: GraphQLField<unknown, unknown>, node: FieldNode): Values {
    if (field.args.length === 0) return {}
    try {
      return getArgumentValues(field, node, this.variables)
    } catch {
      // What is wrong with them is for the execution to say. Until then they count as none were given.
      return {}
    }
  }
}

const none: Readonly<Cost> = { fixed: 0, perItem: 0, perStream: 0 }

const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise)
const countOf = (value: unknown, otherwise: number): number =>
  Array.isArray(value) ? value.length : value == null ? otherwise : 1

/** Whether a field is the list of what one page or one stream holds, or one item of it after the other. */
const isItems = (parent: GraphQLObjectType, { name, type }: GraphQLField<unknown, unknown>): boolean =>
  isList(type) &&
  ((isPage(parent) && (name === 'edges' || name === 'nodes')) || (parent.name === 'StreamResync' && name === 'events'))

const isList = (type: GraphQLOutputType): boolean =>
  isListType(isNonNullType(type) ? (type.ofType as GraphQLOutputType) : type)
