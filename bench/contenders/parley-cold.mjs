// Parley without kept answers: what each read costs when everything moves between two.
import * as parley from './parley.mjs'

export const { kind, resumes, versions } = parley
export const name = 'parley-cold'
export const label = 'Parley, nothing kept'
export const paths = ['inbox', 'page', 'inbox-moved', 'page-moved']
/** @param {any} options */
export const start = (options) => parley.start({ ...options, env: { ...options.env, READ_CACHE_MB: '0' } })
