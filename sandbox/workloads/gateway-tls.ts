/** What a pod of APISIX reads of TLS in its config.yaml, as it stood when the pod started. */
import type { V1Pod } from "@kubernetes/client-node";
import { parse } from "yaml";
import type { GatewayOptions } from "../gateway/server";
import type { Snapshot } from "./cluster";

interface ConfigFile {
    apisix?: { ssl?: { enable?: boolean; listen?: { port: number }[]; ssl_protocols?: string } };
    plugin_attr?: { redirect?: { https_port?: number } };
}

const VOLUME = "apisix-config";

export function tlsOf(pod: V1Pod, now: Snapshot): Pick<GatewayOptions, "tls" | "httpsPort"> {
    const name = pod.spec!.volumes?.find((volume) => volume.name === VOLUME)?.configMap?.name;
    const map = now.configMaps.find(
        ({ metadata }) => metadata!.name === name && metadata!.namespace === pod.metadata!.namespace,
    );
    const { apisix, plugin_attr } = (parse(map?.data?.["config.yaml"] ?? "") ?? {}) as ConfigFile;
    const { enable, listen, ssl_protocols } = apisix?.ssl ?? {};
    const httpsPort = plugin_attr?.redirect?.https_port;
    if (!enable) return { httpsPort };
    // The port in the container; what plays it listens on any free one.
    return { httpsPort: httpsPort ?? listen?.[0]?.port, tls: { port: 0, protocols: ssl_protocols ?? "" } };
}
