import type { GraphQLSchema } from 'graphql'
import type { Config } from '../config.ts'
import { Reads } from '../execution/reads/reads.ts'
import { Barrier } from '../log/barrier.ts'
import { isUnproven } from '../log/fault.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Stops } from './stops.ts'
import type { Storage } from './storage.ts'

/** What keeps answers of queries; null where that is switched off. */
export function openReads(
  { readCacheByteSize, fault }: Config,
  schema: GraphQLSchema,
  { moves }: Storage,
  logger: Logger,
  stops: Stops,
): Reads | null {
  if (readCacheByteSize === 0) return null
  const barrier = isUnproven(fault) ? null : new Barrier({ store: moves, logger })
  stops.add(() => barrier?.stop())
  return new Reads({ schema, barrier, store: moves, maxByteSize: readCacheByteSize })
}
