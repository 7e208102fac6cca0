// Builds what is stale and runs the server in this process, so that signals and the exit code are its own.
// Run: npm start (with `exec` there: else a shell would stand between npm and the server and keep npm's signals)
import { build } from './build.mjs'

await build()
await import(new URL('../dist/main.js', import.meta.url).href)
