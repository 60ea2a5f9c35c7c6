#!/bin/sh
# Puts the Pythons that the runtime has to run on, and that this machine does not have, below target/pythons: from Debian's packages, each
# with its own C library, so that any machine runs it. What cannot be had is said, and `tests/runtime.rs` says that it was skipped.
set -u
cd "$(dirname "$0")/.."

# put VERSION SUITE
put() {
    place=$PWD/target/pythons/$1
    # The name alone says nothing: pyenv has one for each version that it has installed, and fails.
    if "python$1" -c '' 2>/dev/null || "$place/usr/bin/python" -c '' 2>/dev/null; then
        return
    fi
    if ! command -v mmdebstrap >/dev/null; then
        echo "skipped: Python $1 is not here, and there is no mmdebstrap to get it with" >&2
        return
    fi
    rm -rf "$place"
    mkdir -p "$place"
    # A mirror may be weeks old: its signature is looked at all the same.
    if ! said=$(mmdebstrap --quiet --aptopt='Acquire::Check-Valid-Until "false"' --variant=extract \
        --include="python$1-minimal,libpython$1-stdlib" "$2" "$place" 2>&1 </dev/null); then
        echo "skipped: Python $1 cannot be had from Debian $2: $(printf '%s\n' "$said" | grep '^E:' | head -n 1)" >&2
        rm -rf "$place"
        return
    fi
    loader=$(find "$place" -name 'ld-linux*.so.*' -type f | head -n 1)
    libraries=$(find "$place" -name libc.so.6 -exec dirname {} \; | head -n 1)
    cat >"$place/usr/bin/python" <<END
#!/bin/sh
exec '$loader' --argv0 "\$0" --library-path '$libraries:$place/usr/lib/${libraries##*/}' '$place/usr/bin/python$1' "\$@"
END
    chmod +x "$place/usr/bin/python"
}

put 3.11 bookworm
put 3.13 trixie
put 3.14 forky
