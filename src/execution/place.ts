import type { GraphQLResolveInfo } from 'graphql'
import type { Execution } from './execution.ts'
import type { FieldPlan } from './plan.ts'

type Values = Record<string, unknown>

/** Where a value of an answer goes. Also the `path` that resolvers see. */
export interface Place {
  readonly prev: Place | undefined
  readonly key: string | number
  readonly typename: string | undefined
  readonly holder: Values | unknown[]
  readonly nullable: boolean
  /** Null because of an error here or, at a place that is not nullable, further inside. */
  failed: boolean
}

export const itemPlace = (items: unknown[], key: number, prev: Place, nullable: boolean): Place => ({
  prev,
  key,
  typename: undefined,
  holder: items,
  nullable,
  failed: false,
})

/**
 * The place of a field, which is also what its resolver is told about it: one small object instead of two larger ones for
 * each field of each row.
 */
export class FieldPlace implements Place, GraphQLResolveInfo {
  failed = false

  constructor(
    private readonly run: Pick<Execution, 'source' | 'rootValue' | 'variables'>,
    private readonly field: FieldPlan,
    readonly prev: Place | undefined,
    readonly holder: Values,
  ) {}

  get key() {
    return this.field.key
  }
  get typename() {
    return this.field.parentType.name
  }
  get nullable() {
    return this.field.nullable
  }
  get path() {
    return this
  }
  get fieldName() {
    return this.field.definition.name
  }
  get fieldNodes() {
    return this.field.nodes
  }
  get returnType() {
    return this.field.definition.type
  }
  get parentType() {
    return this.field.parentType
  }
  get schema() {
    return this.run.source.schema
  }
  get fragments() {
    return this.run.source.fragments
  }
  get operation() {
    return this.run.source.operation
  }
  get rootValue() {
    return this.run.rootValue
  }
  get variableValues() {
    return this.run.variables
  }
}
