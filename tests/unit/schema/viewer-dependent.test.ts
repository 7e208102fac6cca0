import { createRequire } from 'node:module'
import {
  defaultFieldResolver,
  getNamedType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
} from 'graphql'
import { expect, test, vi } from 'vitest'
import type { Context } from '../../../src/schema/building/context.ts'
import { schema } from '../../../src/schema/index.ts'
import { SharedContext } from '../../../src/execution/shared-context.ts'
import {
  cannedArguments,
  cannedContext,
  cannedItems,
  cannedLoaders,
  cannedTyping,
  people,
} from '../../testkit/canned.ts'

// Node loads graphql's CommonJS build for Pothos, Vite its ES build for the sources: a schema belongs to one of them.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

/*
 * Every field that an event can lead to is resolved, in a context that is shared, with rows made up for it, once for each
 * person who may be the viewer. Values lead on to the fields below them, so nothing has to be listed here: a new field is
 * found by itself, and one that cannot be resolved with the rows of tests/testkit/canned.ts fails.
 */

/** What was found out about a field: of all types that have it from the same interface together. */
interface Finding {
  name: string
  isMarked: boolean
  dependsOnViewer: boolean
  isJudged: boolean
  failure: string | null
}

type Field = GraphQLField<unknown, Context>

const subscription = schema.getSubscriptionType()!

function ownerOf(type: GraphQLObjectType, field: Field): GraphQLNamedType {
  return type.getInterfaces().find((from) => from.getFields()[field.name]?.description === field.description) ?? type
}

/** All object types that the result of a subscription can have in it. */
function reachableTypes(): Set<GraphQLObjectType> {
  const found = new Set<GraphQLObjectType>()
  const visit = (type: GraphQLNamedType) => {
    if (isAbstractType(type)) schema.getPossibleTypes(type).forEach(visit)
    if (!isObjectType(type) || found.has(type)) return
    found.add(type)
    for (const field of Object.values(type.getFields())) visit(getNamedType(field.type))
  }
  visit(subscription)
  return found
}

const findings = new Map<string, Finding>()

function findingOf(type: GraphQLObjectType, field: Field): Finding {
  const name = `${ownerOf(type, field).name}.${field.name}`
  const known = findings.get(name)
  if (known) return known
  const isMarked = field.extensions.viewerDependent === true
  const finding = { name, isMarked, dependsOnViewer: false, isJudged: false, failure: null }
  findings.set(name, finding)
  return finding
}

const serialized = (value: unknown) =>
  JSON.stringify(value, (_, each: unknown) => (each instanceof Date ? `date ${each.getTime()}` : each))

/** Resolves everything for one viewer, each field in a shared context of its own. */
class Walk {
  private readonly seen = new Set<string>()
  constructor(private readonly viewerId: string) {}

  async enter(
    type: GraphQLObjectType,
    source: unknown,
    isGiven: (field: Field) => boolean = () => true,
  ): Promise<void> {
    const key = `${type.name} ${serialized(source)}`
    if (this.seen.has(key)) return
    this.seen.add(key)
    for (const field of (Object.values(type.getFields()) as Field[]).filter(isGiven)) {
      const finding = findingOf(type, field)
      const value = await this.judge(finding, () => this.resolve(type, field, source))
      await this.descend(finding, field.type, value)
    }
  }

  private async judge(finding: Finding, resolve: () => Promise<{ value: unknown; context: SharedContext }>) {
    try {
      const { value, context } = await resolve()
      finding.isJudged = true
      finding.dependsOnViewer ||= Object.values(people).some((id) => !context.serves(id))
      return value
    } catch (error) {
      finding.failure ??= String(error)
      return null
    }
  }

  private async resolve(type: GraphQLObjectType, field: Field, source: unknown) {
    const context = new SharedContext(cannedContext(this.viewerId), cannedLoaders())
    const path = { key: field.name, prev: undefined, typename: type.name }
    const info = { fieldName: field.name, fieldNodes: [], parentType: type, returnType: field.type, path, schema }
    const args = Object.fromEntries(field.args.map((arg) => [arg.name, cannedArguments[arg.name] ?? arg.defaultValue]))
    const resolver = field.resolve ?? defaultFieldResolver
    const value: unknown = await resolver(source, args, context, info as unknown as GraphQLResolveInfo)
    return { value, context }
  }

  private async descend(finding: Finding, type: GraphQLOutputType, value: unknown): Promise<void> {
    if (isNonNullType(type)) return this.descend(finding, type.ofType as GraphQLOutputType, value)
    if (value === null || value === undefined || isLeafType(type)) return
    if (isListType(type)) {
      for (const each of value as unknown[]) await this.descend(finding, type.ofType, await each)
      return
    }
    if (isObjectType(type)) return this.enter(type, value)
    // Which type an event has is decided below the field that gives it, and must not depend on the viewer either.
    const name = await this.judge(finding, async () => {
      const context = new SharedContext(cannedContext(this.viewerId), cannedLoaders())
      const abstract = isAbstractType(type) ? type : undefined
      return { value: await abstract?.resolveType?.(value, context, {} as GraphQLResolveInfo, abstract), context }
    })
    const concrete = schema.getType(String(name))
    if (isObjectType(concrete) && schema.isSubType(type, concrete)) await this.enter(concrete, value)
  }
}

const named = (wanted: (finding: Finding) => boolean) =>
  [...findings.values()].filter(wanted).map(({ name, failure }) => (failure === null ? name : `${name}: ${failure}`))

test('a field that an event leads to is marked viewerDependent exactly when it reads the viewer', async () => {
  const types = reachableTypes()
  for (const type of types) for (const field of Object.values(type.getFields()) as Field[]) findingOf(type, field)
  for (const viewerId of Object.values(people)) {
    const walk = new Walk(viewerId)
    const isOfTyping = ({ name }: Field) => name === 'typingEvents'
    for (const item of cannedItems()) await walk.enter(subscription, item, (field) => !isOfTyping(field))
    await walk.enter(subscription, cannedTyping(), isOfTyping)
  }

  expect(
    named(({ failure, isJudged }) => failure !== null || !isJudged),
    'These fields could not be resolved, or nothing leads to them: give tests/testkit/canned.ts the rows they need.',
  ).toEqual([])
  expect(
    named(({ isMarked, dependsOnViewer }) => dependsOnViewer && !isMarked),
    'These fields read the viewer without saying so. What is shared between viewers is then computed for each of them: ' +
      'ask isViewer(context, id) and not who the viewer is, if that will do, and put `...viewerDependent` ' +
      '(src/schema/building/viewer-dependent.ts) into the field.',
  ).toEqual([])
  expect(
    named(({ isMarked, dependsOnViewer }) => isMarked && !dependsOnViewer),
    'These fields are marked `...viewerDependent`, but never read the viewer: take the mark out.',
  ).toEqual([])
  // The walk has been everywhere, and the marks are those that are known.
  expect(findings.size).toBeGreaterThan(60)
  expect(named(({ isMarked }) => isMarked)).toContain('Message.clientMessageId')
})
