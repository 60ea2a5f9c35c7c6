#!/bin/bash
# Process 1 of every container that parity starts.
# bash, because Debian's sh drops variables whose names no shell can have: `a.b`.
#
#   entrypoint                      runs /etc/parity/start.sh, which production's image has
#   entrypoint @FILES ARCHIVE       unpacks the base64 tar.gz to /etc/parity first, as `parity up` wants it
#   entrypoint PROGRAM ARGUMENT...  runs that instead

# Where nobody says otherwise HOME is what can be written in every container.
# An engine that finds no such user sets it to `/`, which nobody may write.
if [ "${HOME:-/}" = / ]; then
    export HOME=/tmp
fi

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
    { printf 'app:x:%s:%s:app:%s:/bin/sh\n' "$uid" "$gid" "$HOME" >/run/parity/passwd; } 2>/dev/null
fi
# mod_wsgi gives the application the home that /etc/passwd has for its user: startup.py puts this one back.
{ printf %s "$HOME" >/run/parity/home; } 2>/dev/null

# httpd.conf has them as words, so they must be no more than that.
export LANG="${LANG:-C.UTF-8}" LC_ALL="${LC_ALL:-C.UTF-8}"
case $LANG$LC_ALL in
*[!A-Za-z0-9_.@-]*)
    echo 'LANG and LC_ALL must be names of locales, as C.UTF-8' >&2
    exit 93
    ;;
esac

case ${1-} in
@FILES)
    printf %s "$2" | base64 -d | tar -xzC /etc/parity || exit 92
    exec bash /etc/parity/start.sh
    ;;
'') exec bash /etc/parity/start.sh ;;
*) exec "$@" ;;
esac
