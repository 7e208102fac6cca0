import { afterAll } from 'vitest'
import { cleanUp } from './at-end.ts'

// This file runs for each test file; modules of the testkit do not: the files of a worker share them.
afterAll(cleanUp)
