import { printSchema } from 'graphql'
import { schema } from './index.ts'

/** The public schema as schema.graphql holds it. */
export const printedSchema = (): string => `${printSchema(schema)}\n`
