import type { GraphQLSchema } from 'graphql'
import type { Context } from './context.ts'

/** Mutations that a client sends by itself: they do not show that a person uses the client. */
const automatic = new Set(['createStreamTicket', 'heartbeat', 'markDelivered', 'refreshSession', 'reportDiagnostics'])

/** Whether a mutation with this name counts as activity of the viewer. */
export const isActivity = (mutation: string): boolean => !automatic.has(mutation)

/**
 * The mutations of one request run one after the other. Each gets loaders of its own: rows loaded before a write are old.
 */
export function withFreshLoaders(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field
    if (!resolve) continue
    field.resolve = (source, args, context: Context, info) => {
      context.loaders = context.domain.newLoaders(context.payer)
      if (isActivity(field.name) && context.viewer) context.domain.presence.used(context.viewer)
      return resolve(source, args, context, info)
    }
  }
  return schema
}
