/**
 * Certificates of the gateway: the choice of an `ssl` object for a handshake.
 * Facts: the source of APISIX 3.x (apisix/ssl.lua, apisix/ssl/router/radixtree_sni.lua). As in APISIX, a write does not compare
 * the key with the certificate, so a mismatch fails at the handshake.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Configuration } from "./configuration";
import type { Conf } from "../request/types";

/** @throws Error if the certificate or the key cannot be read */
export function checkSsl({ cert, key }: Conf): void {
    new X509Certificate(String(cert));
    createPrivateKey(String(key));
}

/** Finds certificates by the server name of a handshake. */
export class Certificates {
    private readonly made = new Map<string, { index: number; context: SecureContext }>();

    constructor(private readonly config: Configuration) {}

    /** Returns undefined if no certificate matches; then the handshake fails. A wildcard matches one label. */
    find(serverName: string): SecureContext | undefined {
        const wanted = serverName.toLowerCase().replace(/\.$/, "");
        for (const name of [wanted, `*${wanted.replace(/^[^.]*/, "")}`])
            for (const [key, { value, modifiedIndex: index }] of this.config.list("/ssls/")) {
                if (!(value.snis as string[]).some((one) => one.toLowerCase() === name)) continue;
                const known = this.made.get(key);
                if (known?.index === index) return known.context;
                const context = createSecureContext({ cert: String(value.cert), key: String(value.key) });
                this.made.set(key, { index, context });
                return context;
            }
        return undefined;
    }
}
