# Written by parity. Prepares the container and becomes Apache.
# What starts with the byte 0x1e is for parity, which runs this.
{% include "hooks.sh" %}{% if hooked -%}
# All of /etc/parity is there.
: >/run/parity/unpacked
{% endif -%}
{% if sync -%}
# The project comes by upload.
until [ -e /run/parity/uploaded ]; do sleep 0.05; done
{% endif -%}
# A container that is started again has what it had.
[ ! -d /run/parity/importing ] || rm -rf /run/parity/importing
{% if first -%}
rm -rf /run/parity/slots /run/parity/preload.json /run/parity/died
echo '{{ first }}' >/run/parity/active
{% endif -%}
{% if writable -%}
# As in production, where they are made with the image.
mkdir -p{% for directory in writable %} {{ directory }}{% endfor %} || :
{% endif -%}
cd {{ working_directory }} || exit {{ no_directory }}
{% for hook in hooks -%}
hook {{ hook.kind }} {{ hook.index }} {{ hook.json }} {% for word in hook.argv %}{{ word }}{% if not loop.last %} {% endif %}{% endfor %}
{% endfor -%}
{% if hooks %}trap - TERM INT HUP{% if graceful %} WINCH{% endif %}
{% endif -%}
{% if takeover -%}
if [ -e {{ takeover }} ]; then
    # Whoever serves goes on alone until this one is ready.
    /opt/venv/bin/python -I -S /etc/parity/run.py takeover keep ||
        echo 'parity: this kernel gives connections to a server before it is ready' >&2
    exec /usr/sbin/apache2 -f /etc/parity/httpd.conf -DFOREGROUND
fi
# The port is this container's as long as it runs. When another one's Apache takes over, only this shell stays.
rm -f /run/parity/retired
# A program that a shell starts in the background ignores these signals, and so would all that it starts.
# bash tells each the name of its program in `_`, which no process has in production.
plain='env -u _'
if env --default-signal=INT true 2>/dev/null; then plain="$plain --default-signal=INT,QUIT"; fi
$plain /usr/sbin/apache2 -f /etc/parity/httpd.conf -DFOREGROUND &
server=$!
trap 'kill -TERM "$server"' TERM INT HUP
trap 'kill -WINCH "$server"' WINCH
while :; do
    wait "$server"
    status=$?
    kill -0 "$server" 2>/dev/null || break
done
[ -e /run/parity/retired ] || exit "$status"
sleep 2147483647 &
trap 'kill "$!"; exit 0' TERM INT HUP
trap '' WINCH
printf '\036parity {"v":1,"hook":"server","index":0,"state":"retired"}\n' >&2
wait
{% else -%}
exec /usr/sbin/apache2 -f /etc/parity/httpd.conf -DFOREGROUND "$@"
{% endif -%}
