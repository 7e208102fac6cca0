import { createStart, versionsOf } from '../peers/contender.mjs'

export const name = 'apollo-graphql-ws'
export const label = 'Apollo + graphql-ws'
export const kind = 'graphql-ws'
export const resumes = false
export const paths = null
export const versions = () =>
  versionsOf(['@apollo/server', 'express', 'graphql-ws', 'graphql-redis-subscriptions', 'dataloader', 'pg', 'ws'])
export const start = createStart({ folder: 'apollo-graphql-ws' })
