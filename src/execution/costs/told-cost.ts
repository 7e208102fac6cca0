import type { ExecutionResult } from 'graphql'
import type { Prepared } from '../operations.ts'

type Values = Readonly<Record<string, unknown>> | null | undefined

/** Whether a request asks to be told what it costs: `extensions: { cost: true }`. */
export const asksForCost = (extensions: unknown): boolean =>
  typeof extensions === 'object' && extensions !== null && 'cost' in extensions && extensions.cost === true

/** The answer with what the operation counted as, in `extensions.cost`. */
export const withCost = (result: ExecutionResult, prepared: Prepared, variables: Values): ExecutionResult => ({
  ...result,
  extensions: { ...result.extensions, cost: { objects: prepared.costOf(variables).objects } },
})
