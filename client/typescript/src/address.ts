/** The address of the service. Errors never quote it, since a mistake in it may be a credential. */
import { isIP } from "node:net";
import type { Problems } from "./problems.js";

export interface Address {
    /** Without a trailing slash: Alpa's client would add a second slash, and no exact route matches a double slash. */
    url: string;
    host: string;
    /** Whether the address is plain HTTP to another host: anyone on the network path can read the requests. */
    open: boolean;
}

export function readUrl(text: unknown, problems: Problems): Address | undefined {
    const before = problems.length;
    const problem = (what: string) => void problems.push(`url: ${what}`);
    const url = typeof text === "string" ? parse(text) : undefined;
    if (!url || !["http:", "https:"].includes(url.protocol)) {
        problem(
            "must be an address, for example https://api.example.com/alpa (it is not one). Take it from the handout.",
        );
        return undefined;
    }
    const [, authority = "", path = ""] = /^[a-z]+:\/\/([^/?#]*)([^?#]*)/i.exec(String(text)) ?? [];
    if (authority.includes("@"))
        problem(
            "must not contain a user name or password (it has an @). Remove them, and pass the credential as auth.",
        );
    if (String(text).includes("?"))
        problem(
            "must not have a query (it has a ?). Remove it, and pass a credential as auth, which is sent in headers.",
        );
    if (String(text).includes("#")) problem("must not have a fragment (it has a #). Remove it.");
    if (!/^(\/([\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*$/.test(path))
        problem("must have a path of ASCII letters, digits and %XX (it has other characters). Percent-encode them.");
    if (path.replace(/\/+$/, "").includes("//")) problem("must not have // in its path (it does). Write one slash.");
    // The URL parser would silently resolve `.` and `..`.
    if (path.split("/").some((part) => /^(\.|%2e){1,2}$/i.test(part)))
        problem("must not have . or .. in its path (it does). Write the full path.");
    if (problems.length > before) return undefined;
    return {
        url: url.origin + path.replace(/\/+$/, ""),
        host: url.host,
        open: url.protocol === "http:" && !isLoopback(url.hostname),
    };
}

function parse(text: string): URL | undefined {
    // `new URL` silently removes line breaks, tabs and the colon before an empty port, and turns a backslash into a slash.
    if (!/^[a-z]+:\/\/[^/?#]/i.test(text) || /[^\x21-\x7e]|\\|^[a-z]+:\/\/[^/?#]*:([/?#]|$)/i.test(text))
        return undefined;
    try {
        const url = new URL(text);
        return url.port === "0" ? undefined : url;
    } catch {
        return undefined;
    }
}

function isLoopback(host: string): boolean {
    return host === "localhost" || host === "[::1]" || (isIP(host) === 4 && host.startsWith("127."));
}
