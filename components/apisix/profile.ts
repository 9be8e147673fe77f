import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { accessLogSettings } from "./access-log";
import { METRICS_ATTRIBUTES, METRICS_MEMORY, type ObservabilitySettings } from "./observability";
import type { Availability } from "./availability";
import { shutdownSeconds } from "../alpa/shutdown-times";
import { etcdUrl } from "../etcd/names";

/** APISIX reads `conf/config-<profile>.yaml` instead of `conf/config.yaml` if the environment names a profile. */
export const PROFILE = "alpa-auth";
export const PROFILE_FILE = `config-${PROFILE}.yaml`;

export const KEYRING_VARIABLE = "APISIX_KEYRING";

/**
 * Default encryption keys of APISIX, which are publicly known. They only decrypt data that APISIX stored before this project
 * generated a key.
 */
const DEFAULT_KEYRING = ["qeddd145sfvddff3", "edd1c9f0985e76a2"];

/**
 * How long APISIX keeps an idle connection to Alpa, in seconds. Alpa's server closes idle connections after 5 by
 * default (uvicorn, `--timeout-keep-alive`), so APISIX must close them earlier. With APISIX's default of 60, it would
 * sometimes send a request on a connection that Alpa is just closing. The caller would get 502, because nginx does not
 * repeat a POST (`proxy_next_upstream`, `non_idempotent`).
 */
const UPSTREAM_IDLE_SECONDS = 4;

/** How long nginx waits for requests in progress with the chart's own settings file, in seconds. */
const CHART_SHUTDOWN_SECONDS = 240;

/**
 * Cipher suites of TLS 1.2 with forward secrecy and authenticated encryption. The chart's list ends with AES128-SHA and
 * AES256-SHA, which have neither. TLS 1.3 has its own suites.
 */
export const TLS_CIPHERS = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]
    .flatMap((cipher) => ["ECDSA", "RSA"].map((key) => `ECDHE-${key}-${cipher}`))
    .join(":");

interface ProfileSettings {
    availability?: Availability;
    tls?: { publicPort: number };
    observability?: ObservabilitySettings;
}

/**
 * APISIX's settings in a separate file next to the chart's file, with the content of the chart's file. No chart value sets
 * the keyring of `data_encryption` or `worker_shutdown_timeout`, whose default of 240 s interrupts longer answers. The
 * chart's value for a whole file (`fullCustomConfig`) is rendered as a template by the chart and by Rampart's helmfile, and
 * both would change `${{…}}`, with which APISIX reads its keys.
 * @param namespace namespace of the routes
 */
export function renderProfile({ availability, tls, observability }: ProfileSettings, namespace: string): string {
    const shutdown = availability === undefined ? CHART_SHUTDOWN_SECONDS : shutdownSeconds(availability);
    const attributes = {
        // Without this port, a redirect would have the container's port, which callers cannot reach.
        ...(tls && { redirect: { https_port: tls.publicPort } }),
        ...(observability?.metrics && { prometheus: METRICS_ATTRIBUTES }),
    };
    return stringify({
        apisix: {
            node_listen: [9080],
            // Without TLS, HTTP/2 would be in plain text. No caller needs that, and a proxy in front may interpret it
            // differently.
            enable_http2: false,
            enable_control: true,
            control: { ip: "127.0.0.1", port: 9090 },
            status: { ip: "0.0.0.0", port: 7085 },
            trusted_addresses: ["127.0.0.1"],
            dns_resolver_valid: 30,
            data_encryption: {
                enable_encrypt_fields: true,
                // The first key encrypts; all keys decrypt.
                keyring: [variable(KEYRING_VARIABLE), ...DEFAULT_KEYRING],
            },
            ssl: tlsSettings(tls),
        },
        ...(Object.keys(attributes).length > 0 && { plugin_attr: attributes }),
        nginx_config: {
            error_log: "/dev/stderr",
            // The pod's memory limit allows two workers. APISIX's default is one worker for each core of the node.
            worker_processes: 2,
            worker_shutdown_timeout: `${shutdown}s`,
            ...observedParts(observability),
        },
        deployment: {
            role: "traditional",
            role_traditional: { config_provider: "etcd" },
            admin: {
                // Any address is allowed, because the generated keys and the network policies protect the Admin API.
                allow_admin: ["0.0.0.0/0"],
                enable_admin_ui: false,
                admin_listen: { ip: "0.0.0.0", port: 9180 },
                admin_key: ["admin", "viewer"].map((role) => ({
                    name: role,
                    key: variable(`APISIX_${role.toUpperCase()}_KEY`),
                    role,
                })),
            },
            etcd: {
                host: [etcdUrl(namespace)],
                prefix: "/apisix",
                timeout: 30,
                user: "root",
                // The chart sets this variable from the Secret that its values name.
                password: variable("APISIX_ETCD_PASSWORD"),
            },
        },
    });
}

function tlsSettings(tls: ProfileSettings["tls"]) {
    if (tls === undefined) return { enable: false };
    // All current clients support TLS 1.2.
    return { enable: true, listen: [{ port: 9443 }], ssl_protocols: "TLSv1.2 TLSv1.3", ssl_ciphers: TLS_CIPHERS };
}

/** The parts of `nginx_config` for metrics and access log: the key `http`, and what is next to it. */
function observedParts(observability: ObservabilitySettings = {}) {
    const { http, ...snippets } = observability.accessLog
        ? accessLogSettings(observability)
        : { http: { access_log: "/dev/stdout" } };
    const { http: memory, ...meta } = observability.metrics ? METRICS_MEMORY : { http: {} };
    const upstream = { keepalive_timeout: `${UPSTREAM_IDLE_SECONDS}s` };
    return { http: { ...http, upstream, ...memory }, ...snippets, ...meta };
}

/** Reference to an environment variable in APISIX's configuration file. */
function variable(name: string): string {
    return `\${{${name}}}`;
}

/**
 * Name of the ConfigMap with a settings file. The name contains a digest of the file, so that each version of the file has
 * its own ConfigMap, and old pods keep theirs. With Rampart, new pods may exist before their ConfigMap, and wait for it.
 */
export function profileName(text: string): string {
    return `alpa-auth-apisix-${createHash("sha256").update(text).digest("hex").slice(0, 10)}`;
}
