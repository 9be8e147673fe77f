// The hand that reaches into APISIX: compares what should be there with what is, and writes the difference through the
// Admin API, in the order that api7/adc uses (libs/differ, libs/backend-apisix). It thinks it is the only writer:
// routes, services, upstreams, consumers, credentials and global rules that it did not make are deleted.

import type { ApisixObject, Collection } from "./objects";

export interface Failure {
    /** What could not be written; undefined for a failed deletion. */
    object?: ApisixObject;
    /** The whole APISIX could not be reached or read: nothing was tried. */
    unreachable?: boolean;
    message: string;
}

// The controller gives the program that talks to the Admin API 15 s (execADCTimeout).
const REQUEST_MS = 15_000;

/** Requests under way at the same time. */
const AT_ONCE = 8;

const LISTED: Exclude<Collection, "credentials" | "plugin_metadata">[] = [
    "routes",
    "services",
    "upstreams",
    "consumers",
    "ssls",
    "global_rules",
];

type Verb = "delete" | "update" | "create";

const ORDER: [Collection, Verb][] = [
    ["routes", "delete"],
    ["services", "delete"],
    ["upstreams", "delete"],
    ["consumers", "delete"],
    ["routes", "update"],
    ["services", "update"],
    ["upstreams", "update"],
    ["consumers", "update"],
    ["services", "create"],
    ["routes", "create"],
    ["consumers", "create"],
    ["upstreams", "create"],
    // Where these stand in the real order was not read; nothing depends on them.
    ["ssls", "delete"],
    ["ssls", "create"],
    ["ssls", "update"],
    ["global_rules", "delete"],
    ["global_rules", "create"],
    ["global_rules", "update"],
    ["plugin_metadata", "delete"],
    ["plugin_metadata", "create"],
    ["plugin_metadata", "update"],
    ["credentials", "delete"],
    ["credentials", "create"],
    ["credentials", "update"],
];

interface Held {
    collection: Collection;
    /** What this controller sent last; undefined for what others made or an earlier run did. */
    sent?: string;
    /** How APISIX shows it, from the first look after it was sent. */
    shown?: string;
}

/** One Admin API. Remembers what it holds between two full comparisons. */
export class AdminApi {
    private readonly held = new Map<string, Held>();

    constructor(
        /** Without a path, e.g. http://127.0.0.1:9180. */
        readonly url: string,
        private readonly key: string,
        private readonly log: (line: string) => void,
    ) {}

    /**
     * Makes APISIX hold exactly `desired`. Goes on after a failure, and tells all of them.
     * @param full looks at what APISIX really holds first, instead of trusting what was sent before
     */
    async sync(desired: ApisixObject[], full: boolean): Promise<Failure[]> {
        if (full) {
            try {
                await this.look();
            } catch (error) {
                return [{ unreachable: true, message: `ServerAddr: ${this.url}, Err: ${(error as Error).message}` }];
            }
        }
        const wanted = new Map(desired.map((object) => [object.path, object]));
        const failures: Failure[] = [];
        for (const [collection, verb] of ORDER) {
            const batch =
                verb === "delete" ? this.superfluous(wanted, collection) : this.missing(wanted, collection, verb);
            await inParallel(batch, async ({ path, object }) => {
                try {
                    if (object) await this.put(object);
                    else await this.delete(path);
                    this.log(`${verb} ${path}`);
                } catch (error) {
                    const message = `ServerAddr: ${this.url}, Error: ${(error as Error).message}`;
                    this.log(`error: ${verb} ${path}: ${message}`);
                    failures.push({ object, message });
                }
            });
        }
        return failures;
    }

    private superfluous(wanted: Map<string, ApisixObject>, collection: Collection) {
        const paths = [...this.held].filter(([path, held]) => held.collection === collection && !wanted.has(path));
        return paths.map(([path]): { path: string; object?: ApisixObject } => ({ path }));
    }

    private missing(wanted: Map<string, ApisixObject>, collection: Collection, verb: Verb) {
        return [...wanted.values()]
            .filter((object) => object.collection === collection)
            .filter(({ path }) => this.held.has(path) === (verb === "update"))
            .filter(({ path, body }) => this.held.get(path)?.sent !== JSON.stringify(body))
            .map((object): { path: string; object?: ApisixObject } => ({ path: object.path, object }));
    }

    private async put({ collection, path, body }: ApisixObject): Promise<void> {
        await this.request("PUT", path, body);
        this.held.set(path, { collection, sent: JSON.stringify(body) });
    }

    private async delete(path: string): Promise<void> {
        await this.request("DELETE", path);
        this.held.delete(path);
        // A consumer takes its credentials along.
        for (const other of this.held.keys()) if (other.startsWith(`${path}/`)) this.held.delete(other);
    }

    /** Compares what is held with what was sent; whatever somebody else has changed counts as never sent. */
    private async look(): Promise<void> {
        const found = new Map<string, { collection: Collection; shown: string }>();
        const add = (collection: Collection, folder: string, values: Record<string, unknown>[]) => {
            for (const value of values) {
                const { create_time: _created, update_time: _updated, ...kept } = value;
                const id = (collection === "consumers" ? value.username : value.id) as string;
                found.set(`${folder}/${id}`, { collection, shown: JSON.stringify(kept) });
            }
        };
        for (const collection of LISTED) add(collection, collection, await this.list(collection));
        const consumers = [...found].filter(([, { collection }]) => collection === "consumers");
        await inParallel(consumers, async ([path]) => {
            add("credentials", `${path}/credentials`, await this.list(`${path}/credentials`));
        });
        for (const [path, held] of this.held) {
            if (!found.has(path) && held.collection !== "plugin_metadata") this.held.delete(path);
        }
        for (const [path, { collection, shown }] of found) {
            const before = this.held.get(path);
            if (!before || (before.shown !== undefined && before.shown !== shown)) this.held.set(path, { collection });
            else before.shown = shown;
        }
    }

    private async list(path: string): Promise<Record<string, unknown>[]> {
        const answer = (await this.request("GET", path)) as { list?: { key?: string; value?: object }[] } | undefined;
        // An empty folder may be answered with an object where a list is meant (Lua knows no difference) or with 404.
        const list = Array.isArray(answer?.list) ? answer.list : [];
        const isCredential = ({ key }: { key?: string }) =>
            !path.includes("/") && (key ?? "").includes("/credentials/");
        return list
            .filter((entry) => entry.value && !isCredential(entry))
            .map(({ value }) => value as Record<string, unknown>);
    }

    private async request(method: string, path: string, body?: object): Promise<unknown> {
        const response = await fetch(`${this.url}/apisix/admin/${path}`, {
            method,
            headers: { "X-API-KEY": this.key, ...(body && { "Content-Type": "application/json" }) },
            body: body && JSON.stringify(body),
            signal: AbortSignal.timeout(REQUEST_MS),
            redirect: "manual",
        }).catch((error: Error & { cause?: Error }) => {
            throw new Error(error.cause?.message || error.message);
        });
        const text = await response.text();
        if (response.ok) return text === "" ? undefined : JSON.parse(text);
        // What is not there needs no deleting, and an empty folder holds nothing.
        if (response.status === 404 && method !== "PUT") return undefined;
        throw new Error(errorText(text) ?? `${method} /apisix/admin/${path}: status ${response.status}`);
    }
}

function errorText(text: string): string | undefined {
    try {
        const { error_msg } = JSON.parse(text);
        return typeof error_msg === "string" ? error_msg : undefined;
    } catch {
        return undefined;
    }
}

/** Does `work` for every item, a few at a time. */
export async function inParallel<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
    const rest = [...items];
    const lane = async () => {
        for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
}
