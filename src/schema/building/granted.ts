import { AppError } from '../../domain/errors.ts'

/** What a domain function answered; a refusal is thrown, for the errors plugin to put into the result union. */
export function granted<Answer>(answer: Answer): Exclude<Answer, AppError> {
  if (answer instanceof AppError) throw answer
  return answer as Exclude<Answer, AppError>
}
