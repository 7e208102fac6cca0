// The operator's commands: builds what is stale and runs src/admin.ts.
// Run: npm run admin -- set-role <handle> ADMIN
import { build } from './build.mjs'

await build()
await import(new URL('../dist/admin.js', import.meta.url).href)
