#!/bin/sh
# Sends one small completion as a caller does, and writes its result to a file for the textfile collector of node_exporter:
# docs/operate/watch.md, section "Does a caller get an answer?". It needs curl. Its exit code is 2 if a setting is wrong, else 0,
# whatever the answer is.
#
# Settings, as environment variables:
#   ALPA_AUTH_URL         address that callers use, for example https://llm.example.com/alpa
#   ALPA_AUTH_ALLOW_HTTP  1 allows an address with http://, for a stack with neither tls nor a tunnel; anyone on the network path
#                         can then read the credential (default: not allowed)
#   ALPA_AUTH_HEADERS     file with the credential as a header, "apikey: …"; it must not be readable by other users
#                         (default: credential "headers" of the systemd service)
#   ALPA_AUTH_TEXTFILE    absolute path of the file to write; its name ends in .prom
#   ALPA_AUTH_MODEL       name of a model of an OpenAI-compatible server, which then gets a chat (default: the server is Alpa)
#   ALPA_AUTH_PATH        name of this path to the server, the value of the label "path" (default: main)
#   ALPA_AUTH_TIMEOUT     longest wait for the answer, in seconds (default: 120)
set -eu

url=${ALPA_AUTH_URL:-} allow_http=${ALPA_AUTH_ALLOW_HTTP:-} textfile=${ALPA_AUTH_TEXTFILE:-}
headers=${ALPA_AUTH_HEADERS:-${CREDENTIALS_DIRECTORY:-/nowhere}/headers}
path=${ALPA_AUTH_PATH:-main} timeout=${ALPA_AUTH_TIMEOUT:-120} model=${ALPA_AUTH_MODEL:-}

problems=''
wrong() { problems="$problems$1
"; }
case $url in
*[!A-Za-z0-9./:_-]* | */) wrong "ALPA_AUTH_URL: must be an address without a user name, a query or a slash at the end, for example https://llm.example.com/alpa. Correct the address." ;;
https://?*) ;;
http://?*)
    [ "$allow_http" = 1 ] ||
        wrong "ALPA_AUTH_URL: with http:// anyone on the network path can read the credential. Use the address with https://; for a gateway without TLS set ALPA_AUTH_ALLOW_HTTP=1."
    ;;
*) wrong "ALPA_AUTH_URL: must be an address with https://. Set ALPA_AUTH_URL to the address that callers use." ;;
esac
if [ ! -r "$headers" ] || [ ! -f "$headers" ]; then
    wrong "ALPA_AUTH_HEADERS: cannot read the file $headers. Set ALPA_AUTH_HEADERS to a file with the line apikey: …, readable by the user that runs this script."
elif [ -n "$(find "$headers" -prune -perm -o+r)" ]; then
    wrong "ALPA_AUTH_HEADERS: other users can read the file $headers. Run: chmod 600 $headers"
fi
case $textfile in
/*.prom) [ -d "${textfile%/*}" ] || wrong "ALPA_AUTH_TEXTFILE: the folder ${textfile%/*} does not exist. Create the folder, or set another path." ;;
*) wrong "ALPA_AUTH_TEXTFILE: must be an absolute path that ends in .prom. Set ALPA_AUTH_TEXTFILE to such a path." ;;
esac
case $path in
'' | *[!A-Za-z0-9._-]*) wrong "ALPA_AUTH_PATH: must have only letters, digits, dots, dashes and underscores. Choose another name." ;;
esac
case $model in
*[!A-Za-z0-9./:_@+-]*) wrong "ALPA_AUTH_MODEL: must have only letters, digits and . _ - / : @ +. Set it to a name that GET /v1/models lists." ;;
esac
case $timeout in
'' | 0* | *[!0-9]* | ?????*) wrong "ALPA_AUTH_TIMEOUT: must be a number of seconds from 1 to 9999. Set such a number." ;;
esac
if [ -n "$problems" ]; then
    printf '%s' "$problems" >&2
    exit 2
fi

asked=completions body='{"model":"default","prompt":"Paris is","max_tokens":8}'
if [ -n "$model" ]; then
    asked=chat/completions
    body="{\"model\":\"$model\",\"messages\":[{\"role\":\"user\",\"content\":\"Paris is\"}],\"max_tokens\":8}"
fi
answer=$(mktemp)
new=$textfile.$$
trap 'rm -f "$answer" "$new"' EXIT
# The credential is in a file, since every user of the machine can read arguments. --disable, which must come first, ignores
# .curlrc: it could tell curl to follow redirects, which would send the credential to another address.
measured=$(curl --disable --silent --show-error --max-time "$timeout" --max-filesize 65536 --output "$answer" \
    --write-out '%{http_code} %{time_total}' --header "@$headers" --header 'Content-Type: application/json' \
    --data "$body" "$url/$asked") || :
status=${measured%% *} seconds=${measured##* }
success=0
if [ "$status" = 200 ] && grep -q '"choices"' "$answer"; then success=1; fi
[ "$success" = 1 ] || echo "$path: no completion (HTTP ${status:-000})" >&2

cat >"$new" <<END
# HELP alpa_auth_caller_path_success Whether the last completion was answered: 1 or 0.
# TYPE alpa_auth_caller_path_success gauge
alpa_auth_caller_path_success{path="$path"} $success
# HELP alpa_auth_caller_path_status HTTP status of the last answer, 0 if no answer came.
# TYPE alpa_auth_caller_path_status gauge
alpa_auth_caller_path_status{path="$path"} $((1${status:-000} - 1000))
# HELP alpa_auth_caller_path_seconds Time until the last answer, or until the script stopped waiting for it.
# TYPE alpa_auth_caller_path_seconds gauge
alpa_auth_caller_path_seconds{path="$path"} ${seconds:-0}
# HELP alpa_auth_caller_path_run_timestamp_seconds When the last completion ended.
# TYPE alpa_auth_caller_path_run_timestamp_seconds gauge
alpa_auth_caller_path_run_timestamp_seconds{path="$path"} $(date +%s)
END
chmod 644 "$new"
mv "$new" "$textfile"
