/** DNS names in this project are in lower case, without the final dot. The root is the empty text. */
import { isIPv6 } from "node:net";

/** Longest name, in characters without the final dot, and longest label (RFC 1035, 2.3.4). */
const LONGEST_NAME = 253;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

export function plainName(name: string): string {
    return name.toLowerCase().replace(/\.$/, "");
}

/** Converts the target of an MX or SRV record like {@link plainName}, but keeps a single dot, which means "none". */
export function plainTarget(name: string): string {
    return name === "." ? name : plainName(name);
}

/** Whether a text is a name of a record: letters, digits, hyphens and underscores, and `*` as the first label. */
export function isName(name: string): boolean {
    const labels = name.split(".");
    if (labels[0] === "*" && labels.length > 1) labels.shift();
    return name.length <= LONGEST_NAME && labels.every((label) => LABEL.test(label));
}

export function isWildcard(name: string): boolean {
    return name.startsWith("*.");
}

/** Whether a name equals `top` or is below it. */
export function isWithin(name: string, top: string): boolean {
    return top === "" || name === top || name.endsWith(`.${top}`);
}

/** The name without its first label; the root for a top-level domain. */
export function parentOf(name: string): string {
    return name.includes(".") ? name.slice(name.indexOf(".") + 1) : "";
}

/** A name and all names above it, up to and including `top`. */
export function upTo(name: string, top: string): string[] {
    return name === top || !isWithin(name, top) ? [name] : [name, ...upTo(parentOf(name), top)];
}

/** The highest delegation that contains a name. @param cuts names with their own NS records */
export function delegationOf(name: string, zone: string, cuts: Set<string>): string | undefined {
    return upTo(name, zone)
        .filter((above) => above !== zone && cuts.has(above))
        .at(-1);
}

/** Canonical form of an IP address. */
export function plainAddress(address: string): string {
    return isIPv6(address) ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}
