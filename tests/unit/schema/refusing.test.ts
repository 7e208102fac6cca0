import { createRequire } from 'node:module'
import { expect, test, vi } from 'vitest'
import { AppError, ForbiddenError, NotFoundError, ValidationError } from '../../../src/domain/errors.ts'
import { refusing } from '../../../src/schema/building/refusing.ts'

// Node loads graphql's CommonJS build for Pothos, Vite its ES build for the sources: a schema belongs to one of them.
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object)

const renaming = refusing(NotFoundError, ForbiddenError)

test('a refusal among the types of a mutation is thrown for its union, anything else is the answer', () => {
  const answers: (string | NotFoundError | ForbiddenError)[] = ['an id', new NotFoundError('Nothing here.')]
  const [first, second] = answers
  expect(renaming.granted(first!)).toBe('an id')
  expect(() => renaming.granted(second!)).toThrow(NotFoundError)
  expect(renaming.errors.types).toEqual([NotFoundError, ForbiddenError])
})

test('one that is not among them does not compile, nor does a check that could refuse so', () => {
  const answer: string | ValidationError = new ValidationError('Too long.')
  // @ts-expect-error ValidationError is not among the types
  expect(() => renaming.granted(answer as string | ValidationError)).toThrow(AppError)
  const check = () => {
    // @ts-expect-error nor may an input be checked
    renaming.validate()
  }
  expect(check).toBeTypeOf('function')
})
