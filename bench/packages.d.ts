// Packages that only `npm ci` in bench/ installs: `npm run typecheck` works without them.
declare module '@apollo/server'
declare module '@apollo/server/plugin/disabled'
declare module '@apollo/server/plugin/drainHttpServer'
declare module '@as-integrations/express5'
declare module '@socket.io/redis-adapter'
declare module 'express'
declare module 'fastify'
declare module 'mercurius'
declare module 'mqemitter-redis'
declare module 'socket.io'
// The Prisma client that natural-yoga/client.mjs generates.
declare module '*/generated/client.mjs'
