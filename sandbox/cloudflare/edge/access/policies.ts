/**
 * Evaluates policies for a request without a person: only selectors for service tokens, addresses and everyone can match.
 * Facts: a policy matches if any selector of `include`, all of `require` and none of `exclude` match; Bypass and Service Auth
 * are evaluated before Block and Allow. An Allow policy needs a person, so it never matches here, and its selectors are not
 * read. If an application has an Allow policy, the edge offers the login page.
 *
 * Unsupported: other selectors, except in Allow policies.
 */
import { BlockList, isIP, isIPv6 } from "node:net";
import type { AccessApplication, AccessPolicy, Account, Selector, ServiceToken } from "../../account";
import { Unsupported } from "../types";

interface Subject {
    ip: string;
    token?: ServiceToken;
}

interface Judged {
    met?: "bypass" | "non_identity" | "deny";
    /** Whether the application has an Allow policy, so that a person can log in. */
    hasLogin: boolean;
    hasServiceAuth: boolean;
}

export function judge(application: AccessApplication, account: Account, subject: Subject): Judged {
    const policies = [...application.policies]
        .sort((a, b) => a.precedence - b.precedence)
        .map(({ id }) => account.policies.get(id))
        .filter((policy) => policy !== undefined);
    const of = (...decisions: string[]) => policies.filter((policy) => decisions.includes(policy.decision));
    const first = [...of("bypass", "non_identity"), ...of("deny")].find((policy) => admits(policy, subject));
    return {
        met: first?.decision as Judged["met"],
        hasLogin: of("allow").length > 0,
        hasServiceAuth: of("non_identity").length > 0,
    };
}

function admits(policy: AccessPolicy, subject: Subject): boolean {
    const matches = (selector: Selector) => matchesSelector(selector, subject, policy.name);
    // Evaluates all selectors, so that an unsupported selector is always reported.
    const [include, require, exclude] = [policy.include, policy.require, policy.exclude].map((list) =>
        list.map(matches),
    );
    return include.some(Boolean) && require.every(Boolean) && !exclude.some(Boolean);
}

function matchesSelector(selector: Selector, subject: Subject, policy: string): boolean {
    const [[name, fields]] = Object.entries(selector);
    switch (name) {
        case "everyone":
            return true;
        case "any_valid_service_token":
            return subject.token !== undefined;
        case "service_token":
            return subject.token !== undefined && subject.token.id === fields.token_id;
        case "ip":
            return inRange(subject.ip, String(fields.ip));
        default:
            throw new Unsupported(`the selector ${name} of the policy ${policy}`);
    }
}

/** Whether a text is an IP address or a CIDR. */
export function isRange(text: string): boolean {
    const [, base = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const family = isIP(base);
    return family !== 0 && (bits === undefined || Number(bits) <= (family === 6 ? 128 : 32));
}

/** Whether an address is in a range. @param range an IP address or a CIDR */
export function inRange(ip: string, range: string): boolean {
    const plain = ip.replace(/^::ffff:(?=\d+\.)/, "");
    const family = (address: string) => (isIPv6(address) ? "ipv6" : "ipv4");
    const [base, bits] = range.split("/");
    if (family(plain) !== family(base)) return false;
    const list = new BlockList();
    list.addSubnet(base, Number(bits ?? (family(base) === "ipv6" ? 128 : 32)), family(base));
    return list.check(plain, family(plain));
}
