#!/bin/sh
# First lines of a function that removes what a stack has on a host: `return` ends that function.
# The script around it sets:
: "${etc?}" "${owner?}" "${where?}"

# What another stack has put here since is not ours to remove.
if [ -e "$etc/owner" ] && [ "$(cat "$etc/owner")" != "$owner" ]; then return 0; fi
# The same host under another address: that one's resource was made before this one's goes.
if [ -e "$etc/place" ] && [ "$(cat "$etc/place")" != "$where" ]; then
    echo "left alone: these are $(cat "$etc/place")'s now"
    return 0
fi
