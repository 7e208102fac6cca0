// The same as mercurius-jit, with unread messages counted by an expression in the statement of the inbox: the fair peer of reads.
import { createStart, versionsOf } from '../peers/contender.mjs'

export const name = 'mercurius-inlined'
export const label = 'mercurius + jit, unread inlined'
export const kind = 'graphql-ws'
export const resumes = false
export const paths = ['inbox', 'page', 'inbox-moved', 'page-moved']
export const versions = () => versionsOf(['fastify', 'mercurius', 'mqemitter-redis', 'pg', 'ws'])
export const start = createStart({ folder: 'mercurius-jit', settings: { COUNT_UNREAD: 'inline' } })
