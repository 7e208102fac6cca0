// Builds what is stale and runs the server in this process, so that it gets the signals and sets the exit code.
// Run: npm start (with `exec` in package.json: otherwise a shell between npm and the server would swallow npm's signals)
import { build } from './build.mjs'

await build()
await import(new URL('../dist/main.js', import.meta.url).href)
