import type { OperationRequest } from '../../execution/operations.ts'
import { badRequest } from '../errors.ts'
import { jsonFault } from '../json-bounds.ts'

/** An operation as a request by HTTP has it. */
export interface AskedOperation extends OperationRequest {
  variables?: Record<string, unknown> | null
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isObjectOrNone = (value: unknown) => value === undefined || value === null || isObject(value)
const known = new Set(['query', 'variables', 'operationName', 'extensions'])

/** Null for a body that is no operation: what is wrong with it is for Yoga to say. Throws for one that Yoga must not parse. */
export function operationInBody(text: string): AskedOperation | null {
  const params = parsed(text)
  return isOperation(params) ? params : null
}

/** The same for the query parameters of a GET. */
export function operationInUrl(url: string): AskedOperation | null {
  const given = new URLSearchParams(url.slice(url.indexOf('?') + 1))
  const params: Record<string, unknown> = {}
  for (const name of ['query', 'operationName']) if (given.get(name)) params[name] = given.get(name)
  for (const name of ['variables', 'extensions']) if (given.get(name)) params[name] = parsed(given.get(name) ?? '')
  return isOperation(params) ? params : null
}

/** A symbol for what is no JSON: it is of none of the types that are wanted. */
function parsed(text: string): unknown {
  const fault = jsonFault(text)
  if (fault !== null) throw badRequest(400, fault)
  try {
    return JSON.parse(text)
  } catch {
    return malformed
  }
}

const malformed = Symbol('malformed')

function isOperation(params: unknown): params is AskedOperation {
  if (!isObject(params)) return false
  const { query, variables, extensions } = params
  return (
    isObjectOrNone(variables) &&
    isObjectOrNone(extensions) &&
    (typeof query === 'string' || (query == null && isObject(extensions) && isObject(extensions.persistedQuery))) &&
    Object.keys(params).every((key) => known.has(key) || params[key] == null)
  )
}
