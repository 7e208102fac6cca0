import { AppError, type NotFoundError, type ValidationError } from '../../domain/errors.ts'
import { requireId, requireMessageRef } from './ids.ts'
import { validate } from './validate.ts'

type RefusalClass = abstract new (...args: never[]) => AppError

/**
 * What a mutation's resolver may call. A call that could refuse with an error outside the mutation's union does not
 * compile.
 */
interface Refusing<Classes extends readonly RefusalClass[], Refusals = InstanceType<Classes[number]>> {
  /** Options of the field. */
  errors: { types: [...Classes] }
  validate: ValidationError extends Refusals ? typeof validate : never
  requireId: NotFoundError extends Refusals ? typeof requireId : never
  requireMessageRef: NotFoundError extends Refusals ? typeof requireMessageRef : never
  /** Returns a domain function's result. Throws if it is a refusal, so that the errors plugin puts it into the union. */
  granted<Answer>(
    answer: [Extract<Answer, AppError>] extends [Refusals]
      ? Answer
      : 'a refusal is not among the types of this mutation',
  ): Exclude<Answer, AppError>
}

function granted<Answer>(answer: Answer): Exclude<Answer, AppError> {
  if (answer instanceof AppError) throw answer
  return answer as Exclude<Answer, AppError>
}

/** The expected refusals of a mutation: the members of its union besides success. */
export const refusing = <const Classes extends readonly RefusalClass[]>(...types: Classes): Refusing<Classes> =>
  ({ errors: { types }, validate, requireId, requireMessageRef, granted }) as unknown as Refusing<Classes>
