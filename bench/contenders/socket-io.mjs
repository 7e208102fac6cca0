import { createStart, versionsOf } from '../peers/contender.mjs'

export const name = 'socket-io'
export const label = 'socket.io + Redis adapter'
export const kind = 'socket.io'
export const resumes = false
/** It answers no queries: all but inbox and page. */
export const paths = [
  'sends',
  'fanout-rooms',
  'fanout-room',
  'ack-latency',
  'come-back',
  'come-back-5000',
  'idle-memory',
]
export const versions = () => versionsOf(['socket.io', '@socket.io/redis-adapter', 'engine.io', 'pg'])
export const start = createStart({ folder: 'socket-io', wsPath: '/socket.io/?EIO=4&transport=websocket' })
