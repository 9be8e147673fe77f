// Writes to APISIX. Each synchronization reads the objects of an Admin API, compares them with the desired objects (adc.ts),
// and writes the differences.

import { changes, LISTED, type Change, type Listed } from "./adc";
import type { Target } from "./gateway";
import { credentialsOf, type ApisixObject } from "./objects";

export interface Failure {
    /** The object that could not be written; undefined if a deletion failed. */
    object?: ApisixObject;
    /** Set if the objects of APISIX could not be read. Then nothing was written. */
    unreachable?: boolean;
    message: string;
}

/** Returns the URL of the Admin API behind a Service; undefined if there is none. */
export type ResolveAdmin = (service: Target["service"]) => Promise<string | undefined>;

// Time limit of a request, in milliseconds: the controller gives ADC 15 s (execADCTimeout).
const REQUEST_MS = 15_000;

/** Largest number of concurrent requests. */
const AT_ONCE = 8;

/** An answer with an error status. */
class Refused extends Error {
    constructor(
        readonly status: number,
        /** APISIX's message, if there is one. */
        readonly said: string | undefined,
    ) {
        super(`Request failed with status code ${status}`);
    }
}

/** Makes the objects of a target equal to `wanted`. */
export async function push(
    { service, adminKey }: Target,
    wanted: ApisixObject[],
    resolveAdmin: ResolveAdmin,
    log: (line: string) => void,
): Promise<Failure[]> {
    const { namespace, name, port } = service;
    const url = await resolveAdmin(service).catch((error: Error) => error);
    if (typeof url === "string") return new AdminApi(url, adminKey, (line) => log(`${url}: ${line}`)).sync(wanted);
    const address = `http://${name}.${namespace}.svc:${port}`;
    return [unreachable(address, url ?? new Error(`connect ECONNREFUSED ${name}:${port}`))];
}

/** Client of one Admin API. */
export class AdminApi {
    constructor(
        /** URL without a path, for example http://127.0.0.1:9180. */
        readonly url: string,
        private readonly key: string,
        private readonly log: (line: string) => void,
    ) {}

    /** Makes the objects that ADC reads equal to `wanted`. Continues after a failed write, and returns all failures. */
    async sync(wanted: ApisixObject[]): Promise<Failure[]> {
        let groups: Change[][];
        try {
            groups = changes(wanted, await this.look());
        } catch (error) {
            return [unreachable(this.url, error as Error)];
        }
        const failures: Failure[] = [];
        for (const group of groups)
            await inParallel(group, async ({ verb, requests, object }) => {
                for (const { method, path, body } of requests) {
                    try {
                        await this.request(method, path, body);
                        this.log(`${verb} ${path}`);
                    } catch (error) {
                        const said = (error instanceof Refused && error.said) || (error as Error).message;
                        const message = `ServerAddr: ${this.url}, Error: ${said}`;
                        this.log(`error: ${verb} ${path}: ${message}`);
                        failures.push({ object, message });
                        return;
                    }
                }
            });
        return failures;
    }

    private async look(): Promise<Listed> {
        const folders = {} as Record<(typeof LISTED)[number], Record<string, unknown>[]>;
        for (const folder of LISTED) folders[folder] = await this.list(folder);
        const credentials = new Map<string, Record<string, unknown>[]>();
        await inParallel(folders.consumers, async ({ username }) => {
            const path = credentialsOf(username as string);
            // If the folder key of a list does not exist in etcd, the list is empty and APISIX answers 404.
            const missing = (error: Error) => {
                if (!(error instanceof Refused && error.status === 404)) throw error;
                return [];
            };
            credentials.set(username as string, await this.list(path).catch(missing));
        });
        return { ...folders, credentials };
    }

    private async list(path: string): Promise<Record<string, unknown>[]> {
        const { list } = (await this.request("GET", path)) as { list: { value: Record<string, unknown> }[] | object };
        // APISIX's Lua can encode an empty list as an object.
        return Array.isArray(list) ? list.map(({ value }) => value) : [];
    }

    private async request(method: string, path: string, body?: object): Promise<unknown> {
        const response = await fetch(`${this.url}/apisix/admin/${path}`, {
            method,
            headers: { "X-API-KEY": this.key, ...(body && { "Content-Type": "application/json" }) },
            body: body && JSON.stringify(body),
            signal: AbortSignal.timeout(REQUEST_MS),
        }).catch((error: Error & { cause?: Error }) => {
            throw new Error(error.cause?.message || error.message);
        });
        const answer = (await response.json()) as { error_msg?: string };
        if (!response.ok) throw new Refused(response.status, answer.error_msg);
        return answer;
    }
}

/**
 * The failure when the objects of an Admin API cannot be read. Its message is that of the real controller, which quotes
 * ADC's server.
 */
function unreachable(url: string, error: Error): Failure {
    const kind = error instanceof Refused ? "AxiosError: " : error.message.startsWith("TypeError ") ? "" : "Error: ";
    const message = JSON.stringify({ message: `${kind}${error.message}` });
    return { unreachable: true, message: `ServerAddr: ${url}, Err: HTTP 500: ${message}` };
}

/** Runs `work` for all items, at most AT_ONCE at the same time. */
export async function inParallel<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
    const rest = [...items];
    const lane = async () => {
        for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
}
