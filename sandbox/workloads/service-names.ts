/** Resolves names and ports of Services for real programs, as cluster DNS and kube-proxy do. */
import type { Resolve } from "../gateway/counters/redis-connections";
import type { NetworkOptions } from "../real/network";
import type { Snapshot } from "./cluster";
import type { EtcdPods } from "./etcd/pods";
import type { Gateways } from "./gateways/services";

/**
 * @param parts `etcd`: set if the members of etcd are real programs. `others`: resolves the names of all Services except
 * etcd and the gateways
 */
export function serviceNames(parts: {
    snapshot: () => Snapshot;
    etcd?: Pick<EtcdPods, "behind">;
    gateways: Pick<Gateways, "behindPort">;
    others: Resolve;
}): Pick<NetworkOptions, "portsOf" | "resolve"> {
    const find = (host: string) => {
        const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc(?:\.cluster\.local)?$/.exec(host) ?? [];
        return parts
            .snapshot()
            .services.find(({ metadata }) => metadata!.name === name && metadata!.namespace === namespace);
    };
    return {
        portsOf: (host) => find(host)?.spec?.ports?.map(({ port }) => port),
        resolve: (host, port) => {
            const service = find(host);
            const found = service && (parts.etcd?.behind(service, port) ?? parts.gateways.behindPort(service, port));
            return found ?? parts.others(host, port);
        },
    };
}
