import { expect, test } from 'vitest'
import { loggedError } from '../../../src/telemetry/logger.ts'

const refused = () =>
  Object.assign(new Error('violates check constraint "short"'), {
    ...{ code: '23514', severity: 'ERROR', schema: 'public', table: 'messages', column: 'text', constraint: 'short' },
    ...{ routine: 'ExecConstraints', detail: 'Failing row contains (hush).', hint: 'hush', where: 'hush' },
    ...{ internalQuery: 'hush', query: 'hush', parameters: ['hush'], command: { name: 'set', args: ['hush'] } },
  })

test('of an error is logged what it is and where it came from, and nothing that quotes data', () => {
  const { stack, ...logged } = loggedError(refused())
  expect(logged).toEqual({
    ...{ type: 'Error', message: 'violates check constraint "short"', code: '23514', severity: 'ERROR' },
    ...{ schema: 'public', table: 'messages', column: 'text', constraint: 'short', routine: 'ExecConstraints' },
  })
  expect(stack).toContain('logger.test.ts')
})

test('the same of causes, of errors that were bundled, and of what Prisma puts around one', () => {
  const cause = Object.assign(new Error('wrapped', { cause: refused() }), { meta: { driverAdapterError: refused() } })
  const adapterError = { kind: 'postgres', originalCode: '23514', originalMessage: 'no', detail: 'hush', query: 'hush' }
  const bundle = new AggregateError([cause, adapterError, 'hush', null], 'many', { cause: 'hush' })
  const logged = loggedError(bundle)
  expect(logged).toMatchObject({
    type: 'AggregateError',
    message: 'many',
    cause: { type: 'string' },
    errors: [
      { message: 'wrapped', cause: { code: '23514' } },
      { type: 'Object', kind: 'postgres', originalCode: '23514', originalMessage: 'no' },
      { type: 'string' },
      { type: 'object' },
    ],
  })
  expect(JSON.stringify(logged)).not.toContain('hush')
})

test('an error that is its own cause comes to an end', () => {
  const own = new Error('round')
  own.cause = own
  expect(JSON.stringify(loggedError(own)).split('"round"').length).toBeLessThan(10)
})
