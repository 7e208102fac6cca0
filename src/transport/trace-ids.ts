import { randomUUID } from 'node:crypto'

// https://www.w3.org/TR/trace-context/: ids of zeros are none, and only the first version ends after its flags.
const traceparentFormat = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

/** What came as a W3C traceparent, in a header or in the extensions of an operation, if it is one. */
export const saneTraceparent = (given: unknown): string | undefined =>
  typeof given === 'string' && traceparentFormat.test(given) ? given : undefined

/** The id of its trace. */
export const traceIdIn = (traceparent: string | undefined): string | undefined => traceparent?.slice(3, 35)

/**
 * As the W3C has them, so that it can be that of a trace. In one piece: node makes a UUID of 20 pieces, which take ten times
 * the memory for as long as it is kept.
 */
export const newTraceId = (): string => Buffer.from(randomUUID().replaceAll('-', ''), 'latin1').toString('latin1')
