import { GraphQLError, GraphQLScalarType } from 'graphql'
import { DateTimeISOResolver } from 'graphql-scalars'

/** RFC 3339 has years of four digits. By its offset a time of the year 9999 may lie in a year of five. */
const [first, last] = [Date.parse('0001-01-01T00:00:00.000Z'), Date.parse('9999-12-31T23:59:59.999Z')]

function withinRange(time: Date): Date {
  if (time.getTime() >= first && time.getTime() <= last) return time
  throw new GraphQLError('A DateTime has to lie within the years 0001 to 9999 in UTC.')
}

const config = DateTimeISOResolver.toConfig()

export const DateTime = new GraphQLScalarType<Date, string>({
  ...config,
  parseValue: (value) => withinRange(config.parseValue(value)),
  parseLiteral: (node, variables) => withinRange(config.parseLiteral(node, variables)),
})
