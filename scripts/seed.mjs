// Builds what is stale and fills the database with a demo world (prisma/seed.ts).
// Run: npm run seed
import { build } from './build.mjs'

await build()
await import(new URL('../dist/seed.js', import.meta.url).href)
