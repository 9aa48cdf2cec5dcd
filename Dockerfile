# Cauce as a container image that is configured as Apache Kafka's own is: docs/container.md.
#   docker build -t cauce .
# It compiles the program, unless out/image/cauce is there: then that one, of Debian 12, is what goes into the image.
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY . .
RUN tools/image_tree /image

FROM debian:bookworm-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends libjemalloc2 liblz4-1 libsnappy1v5 libstdc++6 libzstd1 zlib1g && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log && \
    useradd --uid 1000 --create-home --shell /bin/bash appuser && \
    mkdir -p /etc/kafka/secrets /mnt/shared/config /var/lib/kafka/data && \
    chown appuser:root /etc/kafka /etc/kafka/secrets /mnt/shared/config /var/lib/kafka /var/lib/kafka/data && \
    chmod g+w /etc/kafka /etc/kafka/secrets /var/lib/kafka /var/lib/kafka/data
COPY --from=build /image/ /
# A number, so that Kubernetes can see that it is not root.
USER 1000
EXPOSE 9092
VOLUME ["/etc/kafka/secrets", "/mnt/shared/config", "/var/lib/kafka/data"]
HEALTHCHECK --interval=2s --timeout=5s --start-period=60s --retries=5 CMD ["cauce", "broker", "ready", "--container", "-q"]
CMD ["/etc/kafka/docker/run"]
