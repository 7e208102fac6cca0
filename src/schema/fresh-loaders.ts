import type { GraphQLSchema } from 'graphql'
import type { Context } from './context.ts'

/**
 * Mutations of one request run one after the other. Each gets loaders of its own: what was loaded before it wrote is old.
 * And each is something the viewer did, but a heartbeat, which says itself what it is.
 */
export function withFreshLoaders(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field
    if (!resolve) continue
    const isActivity = field.name !== 'heartbeat'
    field.resolve = (source, args, context: Context, info) => {
      context.loaders = context.domain.newLoaders()
      if (isActivity && context.viewer) context.domain.presence.used(context.viewer)
      return resolve(source, args, context, info)
    }
  }
  return schema
}
