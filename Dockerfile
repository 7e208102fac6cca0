FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY . .
RUN node scripts/build-image.mjs /image

FROM node:20-slim
WORKDIR /app
ENV NODE_ENV=production
# The server in one file and its one native package. The image has DATABASE_URL: the embedded PostgreSQL is not in it.
COPY --from=build /image ./
USER node
EXPOSE 4000
CMD ["node", "--enable-source-maps", "dist/main.js"]
