#!/bin/sh
# Checks for what parity and its tests need, installs what is missing where that is allowed, and says what to do where it is not.
set -eu

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

command -v mmdebstrap >/dev/null && exit 0
if command -v docker >/dev/null && docker pull -q debian:trixie-slim >/dev/null 2>&1; then
    exit 0 # A registry can be reached: nothing needs to be made from Debian's packages.
fi

install="apt-get install -y --no-install-recommends mmdebstrap uidmap"
if ! command -v apt-get >/dev/null; then
    echo "error: no registry can be reached, and there is no mmdebstrap to make the base image with" >&2
    echo "hint: give the engine access to a registry, or install mmdebstrap" >&2
    exit 1
fi
echo "installing mmdebstrap, since no registry can be reached" >&2
if [ "$(id -u)" = 0 ]; then
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive $install >/dev/null
elif sudo -n true 2>/dev/null; then
    sudo apt-get update -q >/dev/null
    sudo DEBIAN_FRONTEND=noninteractive $install >/dev/null
else
    echo "error: mmdebstrap is missing, and this user may not install it" >&2
    echo "hint: sudo $install" >&2
    exit 1
fi
