# A small image with the release build. Try it:
#   docker build -t weir . && docker run --rm -p 8080:8080 weir
# With a configuration of your own, and nothing writable but the state:
#   docker run --read-only -v ./conf:/etc/weir:ro -v weir-state:/var/lib/weir -p 8080:8080 weir
FROM debian:12-slim AS build
WORKDIR /src
COPY deploy/packages deploy/install-packages deploy/
RUN deploy/install-packages build && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release && cmake --build --preset release --target weir \
  && strip -o /weir build/release/weir

FROM debian:12-slim
COPY deploy/packages deploy/install-packages /tmp/deploy/
RUN /tmp/deploy/install-packages run && rm -rf /var/lib/apt/lists/* /tmp/deploy \
  && useradd --system --no-create-home --home-dir /var/lib/weir --shell /usr/sbin/nologin weir \
  && install -d -o weir -g weir -m 750 /var/lib/weir
COPY --from=build /weir /usr/bin/weir
COPY conf/ /etc/weir/
RUN weir check -c /etc/weir/weir.yaml
USER weir
VOLUME /var/lib/weir
EXPOSE 8080 8443
# The admin listener's port, for a configuration that has another one.
ENV WEIR_ADMIN_PORT=9180
# 503 while draining. bash opens the connection, so that the image needs no HTTP client.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["bash", "-c", \
  "exec 3<>/dev/tcp/127.0.0.1/$WEIR_ADMIN_PORT && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r line <&3 && [[ $line == *' 200 '* ]]"]
# Drains: give it longer than drain.timeout (docker stop --time 40).
STOPSIGNAL SIGTERM
ENTRYPOINT ["weir"]
CMD ["run", "-c", "/etc/weir/weir.yaml"]
