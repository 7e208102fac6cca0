import { createStart, versionsOf } from '../peers/contender.mjs'

export const name = 'mercurius-jit'
export const label = 'mercurius + jit'
export const kind = 'graphql-ws'
export const resumes = false
export const paths = null
export const versions = () => versionsOf(['fastify', 'mercurius', 'mqemitter-redis', 'pg', 'ws'])
export const start = createStart({ folder: 'mercurius-jit' })
