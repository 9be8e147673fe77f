#!/bin/sh
# Writes to a file, for the textfile collector of node_exporter, whether the connectors (cloudflared) of this host are connected to
# Cloudflare, and their counts of requests: docs/operate/watch.md, section "Are the connectors connected?". It needs curl. Its exit
# code is 2 if a setting is wrong, else 0, whatever it finds.
#
# Settings, as environment variables:
#   ALPA_AUTH_CONNECTORS  addresses at which connectors report their health, with blanks between: ports from
#                         tunnel.hosts[].metricsPort on, two on each host
#                         (default: 127.0.0.1:20241 127.0.0.1:20242)
#   ALPA_AUTH_TEXTFILE    absolute path of the file to write; its name ends in .prom
set -eu

connectors=${ALPA_AUTH_CONNECTORS:-127.0.0.1:20241 127.0.0.1:20242} textfile=${ALPA_AUTH_TEXTFILE:-}

problems=''
wrong() { problems="$problems$1
"; }
# Connectors listen on a loopback address, since a client that reaches the port can also read their settings and profiles.
for address in $connectors; do
    case ${address#127.0.0.1:} in
    "$address" | '' | 0* | *[!0-9]* | ??????*)
        wrong "ALPA_AUTH_CONNECTORS: must be addresses like 127.0.0.1:20241, with blanks between. Correct $address."
        break
        ;;
    esac
done
case $textfile in
/*.prom) [ -d "${textfile%/*}" ] || wrong "ALPA_AUTH_TEXTFILE: the folder ${textfile%/*} does not exist. Create the folder, or set another path." ;;
*) wrong "ALPA_AUTH_TEXTFILE: must be an absolute path that ends in .prom. Set ALPA_AUTH_TEXTFILE to such a path." ;;
esac
if [ -n "$problems" ]; then
    printf '%s' "$problems" >&2
    exit 2
fi

# --disable, which must come first, ignores .curlrc. A connector that is not connected answers with 503 and the same body.
ask() { curl --disable --silent --noproxy '*' --max-time 5 --max-filesize 1048576 "http://$1" || :; }

new=$textfile.$$
trap 'rm -f "$new"' EXIT
{
    cat <<END
# HELP alpa_auth_connector_ready_connections Connections of a connector to Cloudflare that are up; 0 if it does not answer.
# TYPE alpa_auth_connector_ready_connections gauge
END
    for address in $connectors; do
        ready=$(ask "$address/ready" | sed -n 's/.*"readyConnections":\([0-9]\{1,4\}\)[,}].*/\1/p')
        echo "alpa_auth_connector_ready_connections{address=\"$address\"} ${ready:-0}"
    done
    cat <<END
# HELP alpa_auth_connector_run_timestamp_seconds When the script last asked the connectors.
# TYPE alpa_auth_connector_run_timestamp_seconds gauge
alpa_auth_connector_run_timestamp_seconds $(date +%s)
END
    # Only these counts are copied: a connector's other metrics show what it tried or had last, not its present state
    # (supervisor/tunnel.go, connection/metrics.go, 2026.8.2).
    counts='cloudflared_tunnel_\(total_requests\|request_errors\|response_by_code\|concurrent_requests_per_tunnel\)'
    for address in $connectors; do
        ask "$address/metrics" | sed -n \
            -e "s/^$counts \([0-9.e+]*\)\$/cloudflared_tunnel_\1{address=\"$address\"} \2/p" \
            -e "s/^$counts{\(status_code=\"[0-9]*\"\)} \([0-9.e+]*\)\$/cloudflared_tunnel_\1{address=\"$address\",\2} \3/p"
    done
} >"$new"
chmod 644 "$new"
mv "$new" "$textfile"
