import { afterAll } from 'vitest'
import { cleanUp } from './at-end.ts'

// Run anew for each file, which modules of the testkit are not: the files of a worker share them.
afterAll(cleanUp)
