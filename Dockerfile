# One image for every command of memoryd: docker run memoryd [serve | service | gateway | keys ...]
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements/bootstrap.lock requirements/runtime.lock requirements/
# What `make install` does: lock files with hashes, nothing is resolved here.
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/bootstrap.lock \
 && python -m venv --without-pip /opt/memoryd \
 && uv pip install --no-cache --python /opt/memoryd/bin/python --no-deps --require-hashes --compile-bytecode \
        -r requirements/runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY gateway gateway
COPY protos/memoryd protos/memoryd
RUN uv pip install --no-cache --python /opt/memoryd/bin/python --no-deps --no-build-isolation --compile-bytecode .

FROM python:3.11-slim-bookworm
# The number stands in the chart too: Kubernetes can only tell a number from root.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin memoryd \
 && install --directory --owner=memoryd --group=memoryd --mode=0700 /data
COPY --from=build /opt/memoryd /opt/memoryd
ENV PATH=/opt/memoryd/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MEMORYD_DATA_DIR=/data \
    MEMORYD_GRPC_ADDRESS=0.0.0.0:50051 \
    MEMORYD_HTTP_ADDRESS=0.0.0.0:8080
USER 10001:10001
VOLUME /data
EXPOSE 50051 8080
ENTRYPOINT ["memoryd"]
CMD ["serve"]
