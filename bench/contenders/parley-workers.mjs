// Parley in two processes behind one port: what a second one brings on this machine.
import * as parley from './parley.mjs'

export const { kind, resumes, versions } = parley
export const name = 'parley-workers'
export const label = 'Parley, 2 workers'
export const paths = ['sends', 'fanout-rooms', 'fanout-room']
// Without the harness' port of the inspector: node:cluster adds one to it for each worker, and of 0 that makes a port that is refused.
const own = { WORKERS: '2', NODE_OPTIONS: '' }
/** @param {any} options */
export const start = (options) => parley.start({ ...options, env: { ...options.env, ...own } })
