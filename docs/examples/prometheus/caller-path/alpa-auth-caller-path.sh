#!/bin/sh
# Sends one small completion as a caller does, and writes what came of it for the textfile collector of node_exporter:
# docs/operate/watch.md, section "Does a caller get an answer?". It needs curl. It ends with 0 whatever the answer is, and with
# 2 where a setting is wrong.
#
# Settings, as environment variables:
#   ALPA_AUTH_URL         address that callers have, as https://llm.example.com/alpa
#   ALPA_AUTH_ALLOW_HTTP  1: the address may have http://, where the stack has neither tls nor a tunnel; everyone on the way can
#                         read the credential then (default: no)
#   ALPA_AUTH_HEADERS     file with the credential as a header, "apikey: …"; it must not be readable by others
#                         (default: credential "headers" of the systemd service)
#   ALPA_AUTH_TEXTFILE    file to write, whose name ends in .prom
#   ALPA_AUTH_PATH        name of this way to Alpa, for the label "path" (default: main)
#   ALPA_AUTH_TIMEOUT     longest wait for the answer, in seconds (default: 120)
set -eu

url=${ALPA_AUTH_URL:-} allow_http=${ALPA_AUTH_ALLOW_HTTP:-} textfile=${ALPA_AUTH_TEXTFILE:-}
headers=${ALPA_AUTH_HEADERS:-${CREDENTIALS_DIRECTORY:-/nowhere}/headers}
path=${ALPA_AUTH_PATH:-main} timeout=${ALPA_AUTH_TIMEOUT:-120}

problems=''
wrong() { problems="$problems$1
"; }
case $url in
*[!A-Za-z0-9./:_-]* | */) wrong "ALPA_AUTH_URL: must be an address without user, query or a slash at the end. Correct it." ;;
https://?*) ;;
http://?*)
    [ "$allow_http" = 1 ] ||
        wrong "ALPA_AUTH_URL: must be an address with https://, or everyone on the way can read the credential. Correct it; for a gateway without TLS set ALPA_AUTH_ALLOW_HTTP=1."
    ;;
*) wrong "ALPA_AUTH_URL: must be an address with https://. Set it." ;;
esac
if [ ! -r "$headers" ] || [ ! -f "$headers" ]; then
    wrong "ALPA_AUTH_HEADERS: must be a file that can be read. Set it."
elif [ -n "$(find "$headers" -prune -perm -o+r)" ]; then
    wrong "ALPA_AUTH_HEADERS: must not be readable by others. Run: chmod 600 $headers"
fi
case $textfile in
/*.prom) [ -d "${textfile%/*}" ] || wrong "ALPA_AUTH_TEXTFILE: the folder ${textfile%/*} must exist. Create it." ;;
*) wrong "ALPA_AUTH_TEXTFILE: must be an absolute path that ends in .prom. Set it." ;;
esac
case $path in
'' | *[!A-Za-z0-9._-]*) wrong "ALPA_AUTH_PATH: must have only letters, digits, dots, dashes and underscores. Correct it." ;;
esac
case $timeout in
'' | 0* | *[!0-9]* | ?????*) wrong "ALPA_AUTH_TIMEOUT: must be a number of seconds from 1 to 9999. Correct it." ;;
esac
if [ -n "$problems" ]; then
    printf '%s' "$problems" >&2
    exit 2
fi

answer=$(mktemp)
new=$textfile.$$
trap 'rm -f "$answer" "$new"' EXIT
# The credential is in a file, since every user of the machine can read arguments. No redirect is followed: --disable
# comes first, so that no .curlrc asks for that.
measured=$(curl --disable --silent --show-error --max-time "$timeout" --max-filesize 65536 --output "$answer" \
    --write-out '%{http_code} %{time_total}' --header "@$headers" --header 'Content-Type: application/json' \
    --data '{"model":"default","prompt":"Paris is","max_tokens":8}' "$url/completions") || :
status=${measured%% *} seconds=${measured##* }
success=0
if [ "$status" = 200 ] && grep -q '"choices"' "$answer"; then success=1; fi
[ "$success" = 1 ] || echo "$path: no completion (HTTP ${status:-000})" >&2

cat >"$new" <<END
# HELP alpa_auth_caller_path_success Whether the last completion was answered: 1 or 0.
# TYPE alpa_auth_caller_path_success gauge
alpa_auth_caller_path_success{path="$path"} $success
# HELP alpa_auth_caller_path_status HTTP status of the last answer, 0 where none came.
# TYPE alpa_auth_caller_path_status gauge
alpa_auth_caller_path_status{path="$path"} $((1${status:-000} - 1000))
# HELP alpa_auth_caller_path_seconds Time until the last answer, or until the wait for it ended.
# TYPE alpa_auth_caller_path_seconds gauge
alpa_auth_caller_path_seconds{path="$path"} ${seconds:-0}
# HELP alpa_auth_caller_path_run_timestamp_seconds When the last completion ended.
# TYPE alpa_auth_caller_path_run_timestamp_seconds gauge
alpa_auth_caller_path_run_timestamp_seconds{path="$path"} $(date +%s)
END
chmod 644 "$new"
mv "$new" "$textfile"
