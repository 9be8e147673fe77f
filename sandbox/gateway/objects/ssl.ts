/**
 * The choice of an `ssl` object for a handshake, as in apisix/ssl.lua and apisix/ssl/router/radixtree_sni.lua. A write does not
 * compare the key with the certificate, so a mismatch fails at the handshake.
 */
import { createSecureContext, type SecureContext } from "node:tls";
import type { Configuration } from "./configuration";

/** Returns undefined if no certificate matches; then the handshake fails. A wildcard matches one label. */
export function certificateFor(config: Configuration, serverName: string): SecureContext | undefined {
    const wanted = serverName.toLowerCase().replace(/\.$/, "");
    const objects = config.list("/ssls/").map(([, { value }]) => value);
    const found = [wanted, `*${wanted.replace(/^[^.]*/, "")}`].flatMap((name) =>
        objects.filter(({ snis }) => (snis as string[]).some((one) => one.toLowerCase() === name)),
    );
    return found[0] && createSecureContext({ cert: String(found[0].cert), key: String(found[0].key) });
}
