#!/bin/sh
# Checks for what parity (and, with `tests`, its tests) needs, installs what is missing where that is allowed, and says
# what to do where it is not.
set -eu
cd "$(dirname "$0")/.."

# The engine's socket answers without the docker command, which nobody needs for parity.
engine=${DOCKER_HOST:-unix:///var/run/docker.sock}
case $engine in
unix://*)
    socket=${engine#unix://}
    if [ ! -S "$socket" ]; then
        echo "error: no container engine listens at $socket" >&2
        echo "hint: install and start Docker (https://docs.docker.com/engine/install/) or Podman, or set DOCKER_HOST" >&2
        exit 1
    fi
    ;;
esac

missing=
why=
need() {
    missing="$missing $1"
    why="$why
  $2"
}

# A registry that can be reached has the base: nothing needs to be made from Debian's packages then.
if ! command -v mmdebstrap >/dev/null && ! { command -v docker >/dev/null && docker pull -q debian:trixie-slim >/dev/null 2>&1; }; then
    need "mmdebstrap uidmap" "mmdebstrap makes the base image, since no registry can be reached"
fi
if [ "${1-}" = tests ]; then
    command -v docker-registry >/dev/null || need docker-registry "docker-registry is the registry that tests push to"
    command -v htpasswd >/dev/null || need apache2-utils "htpasswd makes that registry's password file"
    command -v jq >/dev/null || need jq "jq is one of the programs that read reports in tests"
    command -v prove >/dev/null || need perl "prove is another"
    command -v python3 >/dev/null || need python3 "python3 is another"
    command -v git >/dev/null || need git "git switches branches in tests"
    command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1 || need docker-compose "docker-compose starts services in tests"
    command -v podman >/dev/null || need podman "podman is the other engine that tests run on"
fi
# What the Python that runs in containers is tested with; last, as it wants mmdebstrap.
if [ "${1-}" = tests ]; then trap 'status=$?; [ "$status" -ne 0 ] || sh tests/pythons.sh; exit "$status"' EXIT; fi
[ -n "$missing" ] || exit 0

install="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
    echo "error: these are missing, and there is no apt-get to install them with:$why" >&2
    exit 1
fi
echo "installing what is missing:$why" >&2
if [ "$(id -u)" = 0 ]; then
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive $install >/dev/null
elif sudo -n true 2>/dev/null; then
    sudo apt-get update -q >/dev/null
    sudo DEBIAN_FRONTEND=noninteractive $install >/dev/null
else
    echo "error: this user may not install them" >&2
    echo "hint: sudo $install" >&2
    exit 1
fi
