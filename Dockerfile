FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY sdk/package.json sdk/
COPY web/package.json web/
# With what builds the web client.
RUN npm ci
COPY . .
RUN node scripts/build-image.mjs /image

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
# Files that people upload. All containers of a deployment need the same.
ENV PARLEY_DATA_DIR=/data
RUN mkdir /data && chown node:node /data
VOLUME /data
# The server in one file and its native packages. The image has DATABASE_URL: the embedded PostgreSQL is not in it.
COPY --from=build /image ./
# `docker compose exec app parley doctor`, and the other commands.
RUN printf '#!/bin/sh\nexec node --enable-source-maps /app/dist/parley.js "$@"\n' > /usr/local/bin/parley && chmod 755 /usr/local/bin/parley
USER node
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 4000}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
