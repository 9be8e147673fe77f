/** Values of the chart for the entry point: TLS versions and enabled plugins. */
import { list } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { when, type Verdict } from "../rule";
import { listed } from "../values-text";

export function gateway({ name }: Change): string {
    return `Gateway ${name}`;
}

/** Versions of TLS. If the value is missing on one side, TLS is turned on or off, which another finding reports. */
export function protocols({ old, new: now }: Difference, change: Change): Verdict[] {
    if (typeof old !== "string" || typeof now !== "string") return [TLS];
    const [before, after] = [old, now].map((text) => text.split(/\s+/).filter(Boolean));
    const gone = before.filter((one) => !after.includes(one));
    const more = after.filter((one) => !before.includes(one));
    return [
        TLS,
        ...when(gone.length > 0, {
            code: "access-removed",
            says: `${gateway(change)}: callers that support only ${listed(gone)} are rejected`,
        }),
        ...when(more.length > 0, {
            code: "protection-weakened",
            says: `${gateway(change)}: ${listed(more)} is accepted too`,
        }),
    ];
}

export const TLS: Verdict = { code: "certificate-changed", says: "TLS at the entry point changes" };

/**
 * Without a list all plugins are enabled. APISIX ignores a disabled plugin in every route (`filter` in
 * apisix/plugin.lua).
 */
export function pluginsOn({ old, new: now }: Difference, change: Change): Verdict[] {
    const [before, after] = [old, now].map((value) => list(value).map(String));
    const wasOn = (name: string) => before.length === 0 || before.includes(name);
    const ask = ["multi-auth", "key-auth", "jwt-auth"];
    const off = after.length === 0 ? [] : ask.filter((name) => wasOn(name) && !after.includes(name));
    if (off.length === 0)
        return [{ code: "gateway-changed", says: `${gateway(change)}: other plugins are enabled than before` }];
    return [
        {
            code: "authentication-removed",
            says: `${gateway(change)}: ${listed(off)} is disabled, and routes that use it have no authentication`,
        },
    ];
}
