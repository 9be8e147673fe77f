import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { accessLogSettings } from "./access-log";
import { metricsAttributes, metricsMemory, type ObservabilitySettings } from "./observability";

/** Values in APISIX's settings file. */
interface ProfileSettings {
    /** URL of etcd. */
    etcd: string;
    /** How long a stopping nginx waits for its requests in progress, in seconds. */
    shutdownSeconds: number;
    /** TLS. Default: none, HTTP only. */
    tls?: {
        /** TLS versions, for example `TLSv1.2 TLSv1.3`. */
        protocols: string;
        /** Port of HTTPS for callers, for redirects. */
        publicPort: number;
    };
    /** Metrics and access log. Default: no metrics, and the log format of APISIX. */
    observability?: ObservabilitySettings;
}

/** APISIX reads `conf/config-<profile>.yaml` instead of `conf/config.yaml` if the environment names a profile. */
export const PROFILE = "alpa-auth";
export const PROFILE_FILE = `config-${PROFILE}.yaml`;

/** Environment variable with etcd's password. The chart sets it from the Secret that its values name. */
const ETCD_PASSWORD_VARIABLE = "APISIX_ETCD_PASSWORD";
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

/**
 * Cipher suites of TLS 1.2 with forward secrecy and authenticated encryption. The chart's list ends with AES128-SHA and
 * AES256-SHA, which have neither. TLS 1.3 has its own suites.
 */
export const TLS_CIPHERS = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]
    .flatMap((cipher) => ["ECDSA", "RSA"].map((key) => `ECDHE-${key}-${cipher}`))
    .join(":");

/** Text of the settings file: the content of the chart's file with this project's values, and the shutdown timeout. */
export function renderProfile(settings: ProfileSettings): string {
    const { etcd, shutdownSeconds, tls, observability } = settings;
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
            ssl:
                tls === undefined
                    ? { enable: false }
                    : {
                          enable: true,
                          listen: [{ port: 9443 }],
                          ssl_protocols: tls.protocols,
                          ssl_ciphers: TLS_CIPHERS,
                      },
        },
        ...pluginAttributes(settings),
        nginx_config: {
            error_log: "/dev/stderr",
            // The pod's memory limit allows two workers. APISIX's default is one worker for each core of the node.
            worker_processes: 2,
            worker_shutdown_timeout: `${shutdownSeconds}s`,
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
                host: [etcd],
                prefix: "/apisix",
                timeout: 30,
                user: "root",
                password: variable(ETCD_PASSWORD_VARIABLE),
            },
        },
    });
}

/**
 * The parts of `nginx_config` that depend on the settings of metrics and access log: the key `http`, and the snippets next
 * to it.
 */
function observedParts(observability: ObservabilitySettings | undefined) {
    const { http, ...snippets } = observability?.accessLog
        ? accessLogSettings(observability)
        : { http: { access_log: "/dev/stdout" } };
    const memory = metricsMemory(observability);
    const upstream = { keepalive_timeout: `${UPSTREAM_IDLE_SECONDS}s` };
    return { http: { ...http, upstream, ...memory.http }, ...snippets, ...memory.rest };
}

function pluginAttributes({ tls, observability }: ProfileSettings) {
    const attributes = {
        // Without this port, a redirect would have the container's port, which callers cannot reach.
        ...(tls === undefined ? {} : { redirect: { https_port: tls.publicPort } }),
        ...metricsAttributes(observability),
    };
    return Object.keys(attributes).length === 0 ? {} : { plugin_attr: attributes };
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
