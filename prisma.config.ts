import { defineConfig } from 'prisma/config'

// Read by Prisma's command line only. The server takes its address from src/config.ts.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
})
