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

/** A value to cache for `ttl` seconds. */
interface Found<T> {
    value: T;
    ttl: number;
}

/** Longest chain of CNAMEs. */
const LONGEST_CHAIN = 8;
const FAILURE: Answer = { rcode: "SERVFAIL", authoritative: false, answers: [], authority: [] };
/** If a zone gives no valid answer, this failure is cached for so many seconds. */
const FAILURE_TTL = 5;

export class Resolver {
    private readonly cache = new Map<string, { value: unknown; until: number }>();

    constructor(private readonly options: ResolverOptions) {}

    /** @returns the error code, and the sorted values of the requested type */
    async resolve(name: string, type: string): Promise<{ rcode: string; values: string[] }> {
        for (let here = name, hops = 0; hops <= LONGEST_CHAIN; hops++) {
            const { rcode, answers } = await this.kept(`answer ${here} ${type}`, () => this.fetch(here, type));
            const values = valuesOf(answers, type);
            const chain = new Map(answers.flatMap((row) => (row.type === "CNAME" ? [[row.name, row.value]] : [])));
            let end = here;
            for (let i = 0; chain.has(end) && i < LONGEST_CHAIN; i++) end = chain.get(end)!;
            const done = values.length > 0 || end === here || rcode !== "NOERROR";
            // The resolver knows only names of the domain: a CNAME chain that leaves the domain has no values.
            if (done || !isWithin(end, this.options.domain)) return { rcode, values: values.sort() };
            here = end;
        }
        return { rcode: "SERVFAIL", values: [] };
    }

    /** Returns the cached value of a key. If there is none, calls `fetch` and caches the result for the result's TTL. */
    private async kept<T>(key: string, fetch: () => Promise<Found<T>>): Promise<T> {
        const now = this.options.now();
        const found = this.cache.get(key);
        if (found && found.until > now) return found.value as T;
        const { value, ttl } = await fetch();
        this.cache.set(key, { value, until: now + ttl * 1000 });
        return value;
    }

    private async fetch(name: string, type: string): Promise<Found<Answer>> {
        try {
            const labels = name.slice(0, -this.options.domain.length - 1).split(".");
            const zone = `${labels.at(-1)}.${this.options.domain}`;
            // Without a delegation, the parent domain itself answers.
            if ((await this.serversOf(zone)).length === 0) return lifetime(await this.askParent(name, type));
            if (!(await this.trusted(zone))) return { value: FAILURE, ttl: FAILURE_TTL };
            return lifetime(await this.askOne(await this.serversOf(zone), name, type));
        } catch (error) {
            if (!(error instanceof NoAnswer)) throw error;
            return { value: FAILURE, ttl: FAILURE_TTL };
        }
    }

    private askParent(name: string, type: string): Promise<Answer> {
        return ask(this.options.parent, { name, type });
    }

    /** Names of the zone's servers; none if the parent domain does not delegate it. */
    private serversOf(zone: string): Promise<string[]> {
        return this.kept(`zone ${zone}`, async () => {
            const referral = await this.askParent(zone, "NS");
            const above = nsOf(referral.authority, zone);
            if (above.value.length === 0) return { value: [], ttl: lifetime(referral).ttl };
            if (this.options.believes === "parent") return above;
            // `child` prefers the zone's own NS records. One of the name servers from the parent zone is queried for them.
            const own = nsOf((await this.askOne(above.value, zone, "NS")).answers, zone);
            return own.value.length > 0 ? own : above;
        });
    }

    /** Whether answers of a zone are valid: it is unsigned, or has a key that matches a DS record of the parent zone. */
    private async trusted(zone: string): Promise<boolean> {
        const all = (type: string, fetch: () => Promise<Answer>) =>
            this.kept(`${type} ${zone}`, async () => {
                const { value, ttl } = lifetime(await fetch());
                return { value: valuesOf(value.answers, type), ttl };
            });
        const ds = await all("DS", () => this.askParent(zone, "DS"));
        if (ds.length === 0) return true;
        const servers = await this.serversOf(zone);
        const keys = await all("DNSKEY", () => this.askOne(servers, zone, "DNSKEY"));
        return keys.some((key) => ds.includes(dsOf(zone, key)));
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

const valuesOf = (rows: Row[], type: string): string[] => rows.filter((row) => row.type === type).map((r) => r.value);

function nsOf(rows: Row[], zone: string): Found<string[]> {
    const own = rows.filter((row) => row.type === "NS" && row.name === zone);
    return { value: own.map((row) => row.value), ttl: Math.min(...own.map((row) => row.ttl)) };
}

/** Adds the TTL of an answer: the shortest TTL of its records, or for a negative answer the TTL of the SOA. */
function lifetime(value: Answer): Found<Answer> {
    const rows = value.answers.length > 0 ? value.answers : value.authority.filter((row) => row.type === "SOA");
    return { value, ttl: rows.length > 0 ? Math.min(...rows.map((row) => row.ttl)) : 0 };
}
