/**
 * Creates the settings file of a real APISIX on this machine from the file in its pod. Only the listening addresses, the
 * addresses of etcd and DNS, and output paths are changed. Pure.
 */
import { parse } from "yaml";

/** Ports on 127.0.0.1 that replace the ports of the container. */
interface ApisixPorts {
    data: number;
    admin: number;
    tls: number;
    control: number;
    status: number;
    prometheus: number;
    /** Ports of the stream proxy; empty if the file has none. */
    streams: number[];
}

interface ApisixPlace {
    ports: ApisixPorts;
    /** Loopback addresses of the etcd hosts, by the host name in the file. */
    etcd: Map<string, string>;
    /** Address of the DNS server. */
    dns: string;
    /** Folder for files that the container writes outside of its own folder. */
    writes: string;
    /** User of the nginx workers, which nginx uses only if it runs as root. Unset: the current user. */
    user?: string;
}

interface Listen {
    ip?: string;
    port?: number;
    [key: string]: unknown;
}

interface Settings {
    apisix?: {
        node_listen?: number | (number | Listen)[];
        ssl?: { enable?: boolean; listen?: Listen[]; [key: string]: unknown };
        status?: Listen;
        stream_proxy?: { tcp?: unknown[]; udp?: unknown[] };
        proxy_cache?: { zones?: { disk_path?: string; [key: string]: unknown }[]; [key: string]: unknown };
        [key: string]: unknown;
    };
    nginx_config?: Record<string, unknown>;
    plugin_attr?: Record<string, unknown>;
    deployment?: {
        admin?: { admin_listen?: Listen; [key: string]: unknown };
        etcd?: { host?: string[]; [key: string]: unknown };
        [key: string]: unknown;
    };
    [key: string]: unknown;
}

const HOST = "127.0.0.1";

/** YAML 1.1, as in APISIX's library: `on` means true. */
function settingsOf(text: string): Settings {
    return (parse(text, { version: "1.1" }) ?? {}) as Settings;
}

/** Number of stream proxy ports in a file. */
export function streamCount(text: string): number {
    const { tcp = [], udp = [] } = settingsOf(text).apisix?.stream_proxy ?? {};
    return tcp.length + udp.length;
}

export function servesTls(text: string): boolean {
    return settingsOf(text).apisix?.ssl?.enable === true;
}

/** Host names and ports of the etcd endpoints in a settings file. */
export function etcdHosts(text: string): { host: string; port: number }[] {
    const hosts = settingsOf(text).deployment?.etcd?.host ?? [];
    return hosts.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }));
}

/** The changed settings file. @param text the file in the pod */
export function apisixConfig(text: string, place: ApisixPlace): string {
    const { ports, etcd, dns, writes, user } = place;
    const settings = settingsOf(text);
    const { apisix = {}, deployment = {} } = settings;
    const first = [apisix.node_listen ?? []].flat()[0];
    const data = { ...(typeof first === "object" ? first : {}), ip: HOST, port: ports.data };
    const { ssl, status, stream_proxy: streams, proxy_cache: cache } = apisix;
    const free = [...ports.streams];
    const moved = (list: unknown[] | undefined) =>
        list?.map((one) => ({ ...(typeof one === "object" ? one : {}), addr: `${HOST}:${free.shift()}` }));
    // Written as JSON, because APISIX would read an unquoted `on` in YAML as a boolean.
    return JSON.stringify({
        ...settings,
        apisix: {
            ...apisix,
            node_listen: [data],
            control: { ip: HOST, port: ports.control },
            ...(status && { status: { ip: HOST, port: ports.status } }),
            dns_resolver: [dns],
            ssl: { ...ssl, listen: [{ ...ssl?.listen?.[0], ip: HOST, port: ports.tls }] },
            ...(streams && {
                // In the settings file, an element of `tcp` is an object with a field `addr`, and an element of `udp`
                // is only the address.
                stream_proxy: { tcp: moved(streams.tcp), udp: moved(streams.udp)?.map(({ addr }) => addr) },
            }),
            ...(cache && {
                proxy_cache: {
                    ...cache,
                    zones: cache.zones?.map((zone) => ({ ...zone, disk_path: `${writes}${zone.disk_path}` })),
                },
            }),
        },
        nginx_config: { ...settings.nginx_config, ...(user === undefined ? {} : { user }) },
        plugin_attr: {
            ...settings.plugin_attr,
            prometheus: {
                ...(settings.plugin_attr?.prometheus as object | undefined),
                export_addr: { ip: HOST, port: ports.prometheus },
            },
        },
        deployment: {
            ...deployment,
            admin: { ...deployment.admin, admin_listen: { ip: HOST, port: ports.admin } },
            etcd: {
                ...deployment.etcd,
                host: deployment.etcd?.host?.map((url) => {
                    const { hostname } = new URL(url);
                    return url.replace(hostname, etcd.get(hostname) ?? hostname);
                }),
            },
        },
    });
}
