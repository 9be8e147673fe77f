/** Names of the DNS as this project writes them: in lower case, without the final dot. The root is the empty text. */
import { isIPv6 } from "node:net";

/** Longest name, in characters without the final dot, and longest label (RFC 1035, 2.3.4). */
const LONGEST_NAME = 253;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

export function plainName(name: string): string {
    return name.toLowerCase().replace(/\.$/, "");
}

/** The target of MX or SRV: as `plainName`, but a dot alone, which means "none", stays. */
export function plainTarget(name: string): string {
    return name === "." ? name : plainName(name);
}

/** A name of a record: letters, digits, hyphens and underscores; `*` as the first label. */
export function isName(name: string): boolean {
    const labels = name.split(".");
    if (labels[0] === "*" && labels.length > 1) labels.shift();
    return name.length <= LONGEST_NAME && labels.every((label) => LABEL.test(label));
}

export function isWildcard(name: string): boolean {
    return name.startsWith("*.");
}

/** Whether a name is the other one, or below it. */
export function isWithin(name: string, top: string): boolean {
    return top === "" || name === top || name.endsWith(`.${top}`);
}

/** The name one label up; of a top-level domain the root. */
export function parentOf(name: string): string {
    return name.includes(".") ? name.slice(name.indexOf(".") + 1) : "";
}

/** A name and those above it, up to and with `top`. */
export function upTo(name: string, top: string): string[] {
    return name === top || !isWithin(name, top) ? [name] : [name, ...upTo(parentOf(name), top)];
}

/** The highest delegation that a name is in, among the names that have NS records of their own. */
export function delegationOf(name: string, zone: string, cuts: Set<string>): string | undefined {
    return upTo(name, zone)
        .filter((above) => above !== zone && cuts.has(above))
        .at(-1);
}

/** One spelling for each IPv6 address. */
export function plainAddress(address: string): string {
    return isIPv6(address) ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}
