# syntax=docker/dockerfile:1
#   docker build -t pawdex .
#   docker run --rm -p 3000:3000 -v pawdex-data:/data -e PAWDEX_API_KEYS=choose-one pawdex
# or, only for this machine (anyone who can reach the port may read, write and delete):
#   docker run --rm -p 127.0.0.1:3000:3000 -v pawdex-data:/data -e PAWDEX_ALLOW_UNAUTHENTICATED=true pawdex

FROM node:24-bookworm-slim AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ make python3 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
# hnswlib is compiled for any x86-64 or arm64. If all your CPUs have AVX2 and FMA, this gives 1.8 times the queries per
# second: --build-arg CXXFLAGS="-O3 -mavx2 -mfma"
ARG CXXFLAGS="-O3"
COPY package.json package-lock.json .npmrc ./
# On this version of Node, hnswlib is the only module to compile. Node includes the headers.
RUN npm ci --include=dev --ignore-scripts \
 && CXXFLAGS="$CXXFLAGS" npm_config_nodedir=/usr/local npm rebuild hnswlib-node
COPY tsconfig.json ./
COPY scripts/build-wasm.mjs scripts/build-web.mjs scripts/
COPY src src
RUN node node_modules/@typescript/native/bin/tsc -p . \
 && node scripts/build-wasm.mjs \
 && node scripts/build-web.mjs \
 && npm prune --omit=dev --ignore-scripts \
 && rm -rf node_modules/better-sqlite3-12

FROM node:24-bookworm-slim
# glibc would keep large blocks that were freed (docs/reliability.md, Memory).
ENV NODE_ENV=production \
    MALLOC_MMAP_THRESHOLD_=1048576 \
    MALLOC_TRIM_THRESHOLD_=1048576 \
    ORT_DISABLE_TELEMETRY=1 \
    PAWDEX_HOST=0.0.0.0 \
    PAWDEX_PORT=3000 \
    PAWDEX_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY models models
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PAWDEX_PORT}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The server handles SIGTERM and SIGINT, and Node reaps the processes that it starts, so it can run as PID 1.
CMD ["node", "dist/cli/main.js", "serve"]
