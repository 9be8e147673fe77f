/**
 * Emulator of a caching, validating resolver for queries during a move: it caches delegations, DS records, keys and answers for
 * their TTL, on a clock that tests set. Facts: RFC 1034, 2308 (negative answers), 4035 (bogus).
 *
 * Resolvers differ in which NS records they believe: `child` prefers those of the zone itself, the default of most resolvers;
 * `parent` uses those of the parent zone. A move must work with both kinds.
 *
 * Emulated part of DNSSEC validation: if the parent zone has DS records, the zone must have a DNSKEY that matches one of them;
 * otherwise the answer is SERVFAIL. Signatures are neither created nor verified.
 * Unsupported: search from the root, glue, prefetch, stale answers, resolvers that renew a delegation forever from the old
 * zone's own NS, and zones outside of the configured domain.
 */
import { isWithin } from "../../dns/names";
import { ask, NoAnswer, type Answer, type Row, type Server } from "../../dns/query";
import { dsOf } from "../cloudflare/zones";

export interface ResolverOptions {
    /** `parent`: server of the parent domain; `domain`: name of the parent domain. */
    parent: Server;
    domain: string;
    /** Returns the name server of this name; undefined if the sandbox has none. */
    at: (name: string) => Server | undefined;
    /** The current time in milliseconds since 1970. */
    now: () => number;
    believes: "parent" | "child";
}

interface Resolved {
    rcode: string;
    /** Sorted values of the requested type. */
    values: string[];
}

interface Kept<T> {
    value: T;
    until: number;
}

/** Longest chain of CNAMEs. */
const LONGEST_CHAIN = 8;
/** If the key of a signed zone cannot be fetched, this failure is cached for so many seconds. */
const FAILURE_TTL = 5;

export class Resolver {
    private readonly cache = new Map<string, Kept<unknown>>();

    constructor(private readonly options: ResolverOptions) {}

    async resolve(name: string, type: string): Promise<Resolved> {
        for (let here = name, hops = 0; hops <= LONGEST_CHAIN; hops++) {
            const answer = await this.kept(`answer ${here} ${type}`, () => this.fetch(here, type));
            const rows = (of: string) => answer.answers.filter((row) => row.type === of);
            const values = rows(type).map((row) => row.value);
            const chain = new Map(rows("CNAME").map((row) => [row.name, row.value]));
            let end = here;
            for (let i = 0; chain.has(end) && i < LONGEST_CHAIN; i++) end = chain.get(end)!;
            const done = values.length > 0 || end === here || answer.rcode !== "NOERROR";
            // The resolver knows only names of the domain: a CNAME chain that leaves the domain has no values.
            if (done || !isWithin(end, this.options.domain)) return { rcode: answer.rcode, values: values.sort() };
            here = end;
        }
        return { rcode: "SERVFAIL", values: [] };
    }

    /** Returns the cached value of a key. If there is none, calls `fetch` and caches the result for the result's TTL. */
    private async kept<T>(key: string, fetch: () => Promise<{ value: T; ttl: number }>): Promise<T> {
        const now = this.options.now();
        const found = this.cache.get(key) as Kept<T> | undefined;
        if (found && found.until > now) return found.value;
        const { value, ttl } = await fetch();
        this.cache.set(key, { value, until: now + ttl * 1000 });
        return value;
    }

    private async fetch(name: string, type: string): Promise<{ value: Answer; ttl: number }> {
        try {
            const zone = await this.zoneOf(name);
            if (zone === undefined) return lifetime(await ask(this.options.parent, { name, type }));
            if (!(await this.trusted(zone))) return { value: failure(), ttl: FAILURE_TTL };
            return lifetime(await this.askZone(zone, name, type));
        } catch (error) {
            if (!(error instanceof NoAnswer)) throw error;
            return { value: failure(), ttl: FAILURE_TTL };
        }
    }

    /**
     * The zone of a name; undefined if the parent domain does not delegate it. The call also caches the name servers of
     * the zone.
     */
    private async zoneOf(name: string): Promise<string | undefined> {
        const labels = name.slice(0, -this.options.domain.length - 1).split(".");
        const zone = `${labels.at(-1)}.${this.options.domain}`;
        const servers = await this.kept(`zone ${zone}`, () => this.delegation(zone));
        return servers.length > 0 ? zone : undefined;
    }

    private async delegation(zone: string): Promise<{ value: string[]; ttl: number }> {
        const referral = await ask(this.options.parent, { name: zone, type: "NS" });
        const above = nsOf(referral.authority, zone);
        if (above.names.length === 0) return { value: [], ttl: lifetime(referral).ttl };
        if (this.options.believes === "parent") return { value: above.names, ttl: above.ttl };
        // `child` prefers the zone's own NS records. One of the name servers from the parent zone is queried for them.
        const own = nsOf((await this.askOne(above.names, zone, "NS")).answers, zone);
        return own.names.length > 0 ? { value: own.names, ttl: own.ttl } : { value: above.names, ttl: above.ttl };
    }

    /** Whether answers of a zone are valid: it is unsigned, or has a key that matches a DS record of the parent zone. */
    private async trusted(zone: string): Promise<boolean> {
        const ds = await this.kept(`ds ${zone}`, async () => {
            const answer = await ask(this.options.parent, { name: zone, type: "DS" });
            const rows = answer.answers.filter((row) => row.type === "DS");
            return { value: rows.map((row) => row.value), ttl: lifetime(answer).ttl };
        });
        if (ds.length === 0) return true;
        const keys = await this.kept(`dnskey ${zone}`, async () => {
            const { value, ttl } = lifetime(await this.askZone(zone, zone, "DNSKEY"));
            return { value: value.answers.filter((row) => row.type === "DNSKEY").map((row) => row.value), ttl };
        });
        return keys.some((key) => ds.includes(dsOf(zone, key)));
    }

    private async askZone(zone: string, name: string, type: string): Promise<Answer> {
        const servers = await this.kept(`zone ${zone}`, () => this.delegation(zone));
        return this.askOne(servers, name, type);
    }

    /** Queries one server after another until one answers. @throws NoAnswer if no server answers */
    private async askOne(names: string[], name: string, type: string): Promise<Answer> {
        let last: unknown;
        for (const server of names) {
            const at = this.options.at(server);
            if (!at) throw new NoAnswer(`${server}: the sandbox has no such name server`);
            try {
                const answer = await ask(at, { name, type });
                if (answer.rcode === "NOERROR" || answer.rcode === "NXDOMAIN") return answer;
                last = new NoAnswer(`${server}: says ${answer.rcode}`);
            } catch (error) {
                last = error;
            }
        }
        throw last;
    }
}

function nsOf(rows: Row[], zone: string): { names: string[]; ttl: number } {
    const own = rows.filter((row) => row.type === "NS" && row.name === zone);
    return { names: own.map((row) => row.value), ttl: Math.min(...own.map((row) => row.ttl)) };
}

/** Adds the TTL of an answer: the shortest TTL of its records, or for a negative answer the TTL of the SOA. */
function lifetime(value: Answer): { value: Answer; ttl: number } {
    const rows = value.answers.length > 0 ? value.answers : value.authority.filter((row) => row.type === "SOA");
    return { value, ttl: rows.length > 0 ? Math.min(...rows.map((row) => row.ttl)) : 0 };
}

function failure(): Answer {
    return { rcode: "SERVFAIL", authoritative: false, answers: [], authority: [] };
}
