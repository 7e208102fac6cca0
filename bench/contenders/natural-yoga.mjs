import { createStart, versionsOf } from '../peers/contender.mjs'
import { ensureClient } from '../peers/natural-yoga/client.mjs'

export const name = 'natural-yoga'
export const label = 'natural Yoga stack'
export const kind = 'graphql-ws'
export const resumes = false
export const paths = null
export const versions = () =>
  versionsOf([
    'graphql-yoga',
    '@prisma/client',
    '@prisma/adapter-pg',
    'graphql-redis-subscriptions',
    'graphql-ws',
    'ws',
  ])
/** Once, before anything is measured. */
export const prepare = ensureClient
export const start = createStart({ folder: 'natural-yoga' })
