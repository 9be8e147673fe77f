/**
 * Worker scripts and their routes. Facts: the calls of the official provider (terraform-provider-cloudflare 5.22.0,
 * services/workers_script and workers_route), Cloudflare's API reference. A script is uploaded as multipart/form-data with two
 * parts: its only module, and `metadata`.
 */
import { z } from "zod";
import type { WorkerRoute, WorkerScript } from "../account";
import { loadModule } from "../edge/worker-module";
import { hexId } from "../ids";
import {
    ApiError,
    bodyOf,
    collection,
    find,
    product,
    Unsupported,
    without,
    type Call,
    type FormPart,
    type Route,
} from "./call";

const missing: [number, string] = [10007, "This Worker does not exist on your account."];
const store = ({ account }: Call) => account.workerScripts;
const one = (call: Call): WorkerScript => find(call, { store, missing });
const shown = (script: WorkerScript): object => without(script, "content", "main_module");

const metadataBody = z.strictObject({
    main_module: z.string().min(1),
    compatibility_date: z.iso.date(),
    logpush: z.literal(false).optional(),
    usage_model: z.literal("standard").optional(),
});
const MODULE = "application/javascript+module";

function upload({ account, params: { id }, body }: Call) {
    if (!/^[a-z0-9_][a-z0-9_-]{0,62}$/.test(id)) throw new ApiError(400, 10016, `Invalid script name: ${id}`);
    const { metadata, ...files } = (body ?? {}) as Record<string, FormPart | undefined>;
    const { main_module, compatibility_date } = bodyOf(metadataBody, JSON.parse(metadata?.text ?? "{}"));
    const { [main_module]: module, ...others } = files;
    if (module?.type !== MODULE || Object.keys(others).length > 0)
        throw new Unsupported(`a Worker whose modules are not one JavaScript module ${main_module}`);
    try {
        loadModule(module.text, () => Promise.reject(new Error("fetch was called outside of the Worker's handler")));
    } catch (error) {
        throw new ApiError(400, 10021, `Uncaught ${String(error)}`);
    }
    const made: WorkerScript = { id, content: module.text, main_module, compatibility_date };
    account.workerScripts.set(id, made);
    return { result: shown(made) };
}

const scripts = product("Workers Scripts");
const SCRIPT = "accounts/{account}/workers/scripts/{id}";

const routes = collection<WorkerRoute>({
    ...{ path: "zones/{zone}/workers/routes", group: "Workers Routes" },
    missing: [10008, "This route does not exist."],
    store: ({ account }) => account.workerRoutes,
    make: ({ account, zone, body }, old) => {
        const { pattern, script } = bodyOf(z.strictObject({ pattern: z.string(), script: z.string() }), body);
        const host = /^([a-z0-9.-]+)\/\*$/.exec(pattern)?.[1];
        if (host === undefined) throw new Unsupported(`the route pattern ${pattern}. Supported: <hostname>/*`);
        if (!`.${host}`.endsWith(`.${zone.name}`))
            throw new ApiError(400, 10022, `The hostname of the pattern must be in zone ${zone.name}.`);
        if (!account.workerScripts.has(script)) throw new ApiError(404, ...missing);
        if ([...account.workerRoutes.values()].some((other) => other.pattern === pattern && other.id !== old?.id))
            throw new ApiError(409, 10020, "A route with the same pattern already exists.");
        return { id: old?.id ?? hexId(), zone_id: zone.id, pattern, script };
    },
});

export const workerRoutes: Route[] = [
    scripts("PUT", SCRIPT, upload),
    // The provider reads a script with three requests.
    scripts("GET", "accounts/{account}/workers/services/{id}", (call) => {
        const script = one(call);
        return { result: { id: script.id, default_environment: { environment: "production", script: shown(script) } } };
    }),
    scripts("GET", `${SCRIPT}/settings`, (call) => {
        const { compatibility_date } = one(call);
        return { result: { compatibility_date, logpush: false, usage_model: "standard", bindings: [] } };
    }),
    scripts("GET", `${SCRIPT}/content/v2`, (call) => {
        const { content, main_module } = one(call);
        return { part: { name: main_module, type: MODULE, text: content } };
    }),
    scripts("DELETE", SCRIPT, (call) => {
        const { id } = one(call);
        if ([...call.account.workerRoutes.values()].some(({ script }) => script === id))
            throw new Unsupported(`deleting script ${id} while a route uses this script`);
        call.account.workerScripts.delete(id);
        return { result: null };
    }),
    ...routes,
];
