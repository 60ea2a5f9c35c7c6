{% if hooks %}
# What runs is told to end, and may have something to take back.
trap 'kill -TERM $! 2>/dev/null; wait $!; exit 143' TERM INT HUP{% if graceful %} WINCH{% endif %}

# Hundredths of a second, without starting a program.
now() {
    read -r uptime _ </proc/uptime
    now=${uptime%.*}${uptime#*.}
}

# hook KIND INDEX COMMAND-AS-JSON PROGRAM ARGUMENT...
# In the background, because a shell that is process 1 sees signals only while it waits.
# All on stderr, because an engine does not keep the order of what comes on two streams.
hook() {
    kind=$1 index=$2 command=$3
    shift 3
    printf '\036parity {"v":1,"hook":"%s","index":%d,"command":%s,"state":"begin"}\n' "$kind" "$index" "$command" >&2
    now; began=$now
    "$@" >&2 &
    wait $!
    status=$?
    now
    printf '\036parity {"v":1,"hook":"%s","index":%d,"command":%s,"state":"end","status":%d,"millis":%d}\n' \
        "$kind" "$index" "$command" "$status" "$(((now - began) * 10))" >&2
    [ "$status" -eq 0 ] || exit {{ hook_failed }}
}
{% endif %}
