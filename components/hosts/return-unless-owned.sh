#!/bin/sh
# First lines of a function that removes a stack's files and services from a host. `return` ends that function if another
# stack owns them, or the same host under another address. The including script sets:
: "${etc?}" "${owner?}" "${where?}"

# Another stack has installed its own files and services here meanwhile.
if [ -e "$etc/owner" ] && [ "$(cat "$etc/owner")" != "$owner" ]; then return 0; fi
# The config has this host under another address now. The resource for that address was created before this deletion.
if [ -e "$etc/place" ] && [ "$(cat "$etc/place")" != "$where" ]; then
    echo "not removed: this host is $(cat "$etc/place") in the config now"
    return 0
fi
