#!/bin/sh
# Process 1 of every container that parity starts.
#
#   entrypoint                      runs /etc/parity/start.sh, which production's image has
#   entrypoint @FILES ARCHIVE       unpacks the base64 tar.gz to /etc/parity first, as `parity up` wants it
#   entrypoint PROGRAM ARGUMENT...  runs that instead

# A user id without a name makes getpass.getuser() and pwd.getpwuid() fail: /var/lib/extrausers/passwd, which the
# C library also reads, points here.
# Read without starting `id`, which would take longer than all else here.
if [ ! -e /run/parity/passwd ]; then
    while read -r name id _; do
        case $name in
        Uid:) uid=$id ;;
        Gid:) gid=$id ;;
        esac
    done </proc/self/status
    { printf 'app:x:%s:%s:app:/tmp:/bin/sh\n' "$uid" "$gid" >/run/parity/passwd; } 2>/dev/null
fi
# An engine that finds no such user sets it to `/`, which nobody may write.
if [ "${HOME:-/}" = / ]; then
    export HOME=/tmp
fi

case ${1-} in
@FILES)
    printf %s "$2" | base64 -d | tar -xzC /etc/parity || exit 92
    exec sh /etc/parity/start.sh
    ;;
'') exec sh /etc/parity/start.sh ;;
*) exec "$@" ;;
esac
