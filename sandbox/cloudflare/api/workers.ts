/**
 * Worker scripts and their routes. Facts: the calls of the official provider (terraform-provider-cloudflare 5.22.0,
 * services/workers_script and workers_route), Cloudflare's API reference. A script is uploaded as multipart/form-data with two
 * parts: its module, and `metadata`.
 *
 * Unsupported: bindings, assets, other metadata, several modules, and the deletion of a script that a route uses.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Account, WorkerRoute, WorkerScript } from "../account";
import { hexId } from "../ids";
import { loadModule } from "../workers/module";
import { readPattern } from "../workers/patterns";
import { ApiError, notFound, Unsupported, refused } from "./answer";
import { bodyOf, checked, product, without, type Call, type Route } from "./call";
import { page, PAGING } from "./paging";
import type { FormPart } from "./form-data";

const scripts = product("Workers Scripts");
const routes = product("Workers Routes");

const metadataBody = z.strictObject({
    main_module: z.string().min(1),
    compatibility_date: z.iso.date(),
    logpush: z.literal(false).default(false),
    usage_model: z.literal("standard").default("standard"),
});
const routeBody = z.strictObject({ pattern: z.string(), script: z.string().optional() });

const NAME = /^[a-z0-9_][a-z0-9_-]{0,62}$/;
const MODULE = "application/javascript+module";
/** Size limit of the free plan, in bytes. The real limit applies after compression. */
const MAX_SCRIPT = 3_000_000;

const SCRIPT = "accounts/{account}/workers/scripts/{script}";
const ROUTE = "zones/{zone}/workers/routes/{route}";
export const workerRoutes: Route[] = [
    scripts(
        "GET",
        "accounts/{account}/workers/scripts",
        "checking whether the name of the Worker is taken",
        (call) => page(call, [...call.account.workerScripts.values()].map(answer), 50),
        PAGING,
    ),
    scripts("PUT", SCRIPT, "WorkersScript: create, update", upload),
    scripts("GET", "accounts/{account}/workers/services/{script}", "WorkersScript: read (request 1 of 3)", (call) => {
        const script = find(call);
        return {
            result: { id: script.id, default_environment: { environment: "production", script: answer(script) } },
        };
    }),
    scripts("GET", `${SCRIPT}/settings`, "WorkersScript: read (request 2 of 3)", (call) => {
        const { compatibility_date, logpush, usage_model } = find(call);
        const unset = { bindings: [], compatibility_flags: [], placement: {}, tail_consumers: null };
        return { result: { compatibility_date, logpush, usage_model, ...unset } };
    }),
    scripts("GET", `${SCRIPT}/content/v2`, "WorkersScript: read (request 3 of 3)", (call) => {
        const { content, main_module } = find(call);
        return { form: [{ name: main_module, type: MODULE, text: content }] };
    }),
    scripts("DELETE", SCRIPT, "WorkersScript: delete", (call) => {
        const { id } = find(call);
        const used = [...call.account.workerRoutes.values()].find(({ script }) => script === id);
        if (used) throw new Unsupported(`deleting script ${id} while the route ${used.pattern} uses this script`);
        call.account.workerScripts.delete(id);
        call.account.changed("workerScript", id);
        return { result: null };
    }),
    routes(
        "GET",
        "zones/{zone}/workers/routes",
        "checking whether another Worker already serves the hostnames",
        (call) => page(call, ofZone(call).map(answerRoute), 50),
        PAGING,
    ),
    routes("POST", "zones/{zone}/workers/routes", "WorkersRoute: create", (call) => keep(call, hexId())),
    routes("GET", ROUTE, "WorkersRoute: read, import", (call) => ({ result: answerRoute(findRoute(call)) })),
    routes("PUT", ROUTE, "WorkersRoute: update", (call) => keep(call, findRoute(call).id)),
    routes("DELETE", ROUTE, "WorkersRoute: delete", (call) => {
        const { id } = findRoute(call);
        call.account.workerRoutes.delete(id);
        call.account.changed("workerRoute", id);
        return { result: { id } };
    }),
];

function find({ account, params }: Call): WorkerScript {
    const script = account.workerScripts.get(params.script);
    if (!script) throw notFound(10007, "This Worker does not exist on your account.");
    return script;
}
const answer = (script: WorkerScript): object => without(script, "content", "main_module");

function upload({ account, params, body }: Call) {
    const { script: id } = params;
    if (!NAME.test(id))
        throw refused(10016, "Invalid script name: lowercase letters, numbers, underscores and dashes.");
    const { metadata, ...files } = formOf(body);
    const { main_module, ...settings } = checked(metadataBody, JSON.parse(metadata?.text ?? "{}"), 10021, "metadata");
    const [module, ...others] = Object.entries(files);
    if (module?.[0] !== main_module) throw refused(10021, `No such module "${main_module}".`);
    if (others.length > 0)
        throw new Unsupported(`a Worker with more than one module (${others.map(([name]) => name).join(", ")})`);
    const { type, text } = module[1];
    if (type !== MODULE) throw new Unsupported(`a module of type ${type}`);
    if (Buffer.byteLength(text) > MAX_SCRIPT)
        throw new ApiError(413, { code: 10027, message: "Your Worker exceeded the size limit." });
    try {
        loadModule(text, () => Promise.reject(new Error("fetch was called outside of the Worker's handler")));
    } catch (error) {
        throw refused(10021, `Uncaught ${String(error)}`);
    }
    const now = account.stamp();
    const made: WorkerScript = {
        ...{ id, content: text, main_module, ...settings, handlers: ["fetch"] },
        etag: createHash("sha256").update(text).digest("hex"),
        created_on: account.workerScripts.get(id)?.created_on ?? now,
        modified_on: now,
    };
    account.workerScripts.set(id, made);
    account.changed("workerScript", id);
    return { result: { ...answer(made), startup_time_ms: 1, has_modules: true, has_assets: false } };
}

function formOf(body: unknown): Record<string, FormPart> {
    if (!(body instanceof Map)) throw refused(10021, "Content-Type must be multipart/form-data.");
    return Object.fromEntries(body) as Record<string, FormPart>;
}

const ofZone = ({ account, zone }: Call): WorkerRoute[] =>
    [...account.workerRoutes.values()].filter(({ zone_id }) => zone_id === zone.id);

function findRoute(call: Call): WorkerRoute {
    const route = ofZone(call).find(({ id }) => id === call.params.route);
    if (!route) throw notFound(10008, "This route does not exist.");
    return route;
}
/** The route as an answer shows it. `request_limit_fail_open` is false, because a route created through the API fails closed. */
const answerRoute = ({ script, ...route }: WorkerRoute): object => ({
    ...without(route, "zone_id"),
    ...(script === undefined ? {} : { script }),
    request_limit_fail_open: false,
});

function keep(call: Call, id: string) {
    const { account, zone } = call;
    const { pattern, script } = bodyOf(call, routeBody, 10022);
    checkPattern(pattern, zone.name);
    if (script !== undefined && !account.workerScripts.has(script))
        throw notFound(10007, "This Worker does not exist on your account.");
    if (ofZone(call).some((other) => other.pattern === pattern && other.id !== id))
        throw new ApiError(409, { code: 10020, message: "A route with the same pattern already exists." });
    const route: WorkerRoute = { id, zone_id: zone.id, pattern, ...(script === undefined ? {} : { script }) };
    account.workerRoutes.set(id, route);
    account.changed("workerRoute", id);
    return { result: answerRoute(route) };
}

function checkPattern(pattern: string, zone: Account["name"]): void {
    if (/^https?:|^\*/.test(pattern)) throw new Unsupported(`the route pattern ${pattern}`);
    const read = readPattern(pattern);
    if (!read) throw refused(10022, "The route pattern must contain no query string, and no * before its end.");
    if (read.hostname !== zone && !read.hostname.endsWith(`.${zone}`))
        throw refused(10022, `The hostname of the pattern must be in zone ${zone}.`);
}
