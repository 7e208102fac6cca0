import type { GraphQLSchema } from 'graphql'
import type { Context } from './context.ts'

/** Mutations of one request run one after the other. Each gets loaders of its own: what was loaded before it wrote is old. */
export function withFreshLoaders(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field
    if (!resolve) continue
    field.resolve = (source, args, context: Context, info) => {
      context.loaders = context.domain.newLoaders()
      return resolve(source, args, context, info)
    }
  }
  return schema
}
