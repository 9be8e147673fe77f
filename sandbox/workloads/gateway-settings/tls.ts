/** Reads the TLS settings of a gateway from its settings file, as it is when the pod starts. */
import { parse } from "yaml";
import type { GatewayOptions } from "../../gateway/server";

interface Settings {
    apisix?: { ssl?: { enable?: boolean; listen?: { port: number }[]; ssl_protocols?: string } };
    plugin_attr?: { redirect?: { https_port?: number } };
}

export function tlsOf(text: string | undefined): Pick<GatewayOptions, "tls" | "httpsPort"> {
    const { apisix, plugin_attr } = (parse(text ?? "") ?? {}) as Settings;
    const { enable, listen, ssl_protocols } = apisix?.ssl ?? {};
    const httpsPort = plugin_attr?.redirect?.https_port;
    if (!enable) return { httpsPort };
    // httpsPort is the port in the container. The emulator listens on any free port (0).
    return { httpsPort: httpsPort ?? listen?.[0]?.port, tls: { port: 0, protocols: ssl_protocols ?? "" } };
}
