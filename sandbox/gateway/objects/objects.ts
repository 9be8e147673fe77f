/**
 * Converts stored objects into objects for requests. They are not validated again: the Admin API validated them when they were written.
 */
import { compileExpr } from "../lua/expr";
import { bytes } from "../http/headers";
import { Unsupported } from "../unsupported";
import { PLUGINS } from "../plugins/index";
import { preFunction } from "./pre-function";
import type { PluginTools } from "../plugins/plugin";
import type { Conf, Entry, EntryList, Route, Timeout } from "../request/types";

/** Enabled plugins in order of priority. @param parentKey key of the object that has the plugins, for example "/routes/r1" */
export function entriesOf(plugins: unknown, parentKey: string, tools: PluginTools): Entry[] {
    const entries = Object.entries((plugins ?? {}) as Record<string, Conf>).flatMap(([name, conf]): Entry[] => {
        const plugin = PLUGINS.get(name);
        const meta = (conf._meta ?? {}) as Conf;
        if (!plugin || meta.disable === true) return [];
        const filter = meta.filter === undefined ? undefined : compileExpr(meta.filter);
        return [
            {
                name,
                priority: (meta.priority as number | undefined) ?? plugin.priority,
                handlers: plugin.create(conf, parentKey, tools),
                filter: filter && "condition" in filter ? filter.condition : undefined,
                before: preFunction(name, conf, tools),
                errorResponse: meta.error_response as string | object | undefined,
                isAuth: plugin.auth !== undefined,
            },
        ];
    });
    return entries.sort((a, b) => b.priority - a.priority);
}

/** Merges plugins by name; later ones win. A disabled plugin of a later list also removes the plugin of an earlier list. */
export function mergeEntries(...lists: EntryList[]): Entry[] {
    let merged: Entry[] = [];
    for (const { entries, names } of lists) {
        const replaced = new Set(names);
        merged = [...merged.filter((e) => !replaced.has(e.name)), ...entries];
    }
    return merged.sort((a, b) => b.priority - a.priority);
}

/** Rejects fields of a route or service that the emulator does not support. */
export function refuseGaps(conf: Conf): void {
    for (const field of ["script", "script_id", "filter_func"])
        if (conf[field] !== undefined) throw new Unsupported(`${field} (Lua)`);
    if (conf.enable_websocket === true) throw new Unsupported("enable_websocket");
    if (conf.group_id !== undefined) throw new Unsupported("consumer groups");
    for (const uri of [conf.uri, ...((conf.uris as unknown[] | undefined) ?? [])])
        if (typeof uri === "string" && (/\/:/.test(uri) || /\*./.test(uri)))
            throw new Unsupported(`route uri with parameters (${uri})`);
}

/** A route with its conditions only. The plugins and the upstream are added later. */
export function routeOf(id: string, conf: Conf): Route {
    const list = (one: string, many: string) =>
        [conf[one], ...((conf[many] as unknown[] | undefined) ?? [])].filter((v) => v !== undefined).map(String);
    const vars = conf.vars === undefined ? undefined : compileExpr(conf.vars);
    return {
        id,
        name: conf.name as string | undefined,
        serviceId: conf.service_id === undefined ? undefined : String(conf.service_id),
        hosts: list("host", "hosts").map((h) => h.toLowerCase()),
        uris: list("uri", "uris").map(bytes),
        methods: conf.methods as string[] | undefined,
        priority: (conf.priority as number | undefined) ?? 0,
        remoteAddrs: list("remote_addr", "remote_addrs"),
        vars: vars && "condition" in vars ? vars.condition : undefined,
        plugins: [],
        timeout: conf.timeout as Timeout | undefined,
    };
}
