// Runs a bundle, and when it ends leaves beside it the code that V8 made of it. bundle.mjs runs it: keep-code.mjs <bundle> [arguments]
import { runCompiled } from './compiled.mjs'

// The bundle finds its own path and arguments where they always are.
process.argv.splice(1, 1)
runCompiled(process.argv[1] ?? '', { keep: true })
