# Written by parity. Runs what comes once before a deployment, however many containers that has.
# What starts with the byte 0x1e is for parity, which runs this.
{% include "hooks.sh" %}
cd {{ working_directory }} || exit {{ no_directory }}
{% for hook in hooks -%}
hook {{ hook.kind }} {{ hook.index }} {{ hook.json }} {% for word in hook.argv %}{{ word }}{% if not loop.last %} {% endif %}{% endfor %}
{% endfor -%}
