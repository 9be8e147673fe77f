/** Validates objects as the Admin API does, by kind. */
import { compileExpr } from "../lua/expr";
import { compileSchema, type Check } from "../schema/jsonschema";
import { Unsupported } from "../unsupported";
import { OBJECT_SCHEMAS } from "../schema/objects";
import { refuseGaps } from "../objects/objects";
import { upstreamOf } from "../upstream/upstream";
import { PLUGINS } from "../plugins/index";
import { resolveSecret } from "../objects/check";
import { checkSsl, sslSchema } from "../objects/ssl";
import type { Store } from "../objects/store";
import type { Plugin } from "../plugins/plugin";
import type { Conf } from "../request/types";

export interface Answer {
    status: number;
    body: object;
}

export const refusal = (message: string, status = 400): Answer => ({ status, body: { error_msg: message } });

/** Names of the kinds of objects in messages, by their names in URL paths. */
export const KINDS: Record<string, string> = {
    routes: "route",
    services: "service",
    upstreams: "upstream",
    consumers: "consumer",
    credentials: "credential",
    plugin_configs: "plugin config",
    global_rules: "global rule",
    plugin_metadata: "plugin_metadata",
    ssls: "ssl",
};

/** Resources of APISIX 3.18 that the emulator does not support. */
export const OTHER_RESOURCES = ["protos", "consumer_groups", "secrets", "schema", "plugins"];

/** Unsupported resources that can nevertheless be listed. The list is always empty. */
export const EMPTY_LISTS = ["protos", "consumer_groups", "secrets"];

const NO_POST_OR_PATCH = ["consumers", "credentials", "plugin_metadata"];

export function unsupported(resource: string, method: string): Answer | undefined {
    const noPost = resource === "plugin_configs" || resource === "global_rules";
    const refused =
        (NO_POST_OR_PATCH.includes(resource) && (method === "POST" || method === "PATCH")) ||
        (noPost && method === "POST");
    return refused ? refusal(`not supported \`${method}\` method for ${KINDS[resource]}`, 405) : undefined;
}

const compiled = new Map<string, Check>(
    Object.entries({ ...OBJECT_SCHEMAS, ssls: sslSchema }).map(([name, schema]) => [name, compileSchema(schema)]),
);

/**
 * Returns why the object must not be stored; undefined if it may be stored. Does not change `conf`.
 * @param key the key to store the object under
 */
export function checkObject(store: Store, resource: string, key: string, conf: Conf): Answer | undefined {
    if (resource === "plugin_metadata") return checkMetadata(store, key, conf);
    const copy = structuredClone(conf); // the checks fill in defaults, but the object is stored as sent
    const error = (compiled.get(resource) as Check)(copy);
    if (error !== undefined) return refusal(`invalid configuration: ${error}`);
    refuseGaps(copy);
    if (resource === "ssls") {
        const problem = checkSsl(copy);
        return problem === undefined ? undefined : refusal(problem);
    }
    if (resource === "consumers" || resource === "credentials") return checkConsumer(store, resource, key, copy);

    const upstream = resource === "upstreams" ? copy : (copy.upstream as Conf | undefined);
    if (upstream) {
        const problem = checkUpstream(upstream);
        if (problem !== undefined) return refusal(`invalid configuration: ${problem}`);
        upstreamOf(upstream, key);
    }
    const missing = missingReference(store, copy);
    if (missing) return missing;
    const vars = copy.vars === undefined ? undefined : compileExpr(copy.vars);
    if (vars && "error" in vars) return refusal(`failed to validate the 'vars' expression: ${vars.error}`);
    if (copy.plugins !== undefined) {
        const problem = store.checker.checkPlugins(copy.plugins as Conf, "route");
        if (problem !== undefined) return refusal(problem);
    }
    if (resource === "global_rules") return checkGlobalRule(store, key, copy);
    return undefined;
}

function checkUpstream(upstream: Conf): string | undefined {
    if (upstream.type === "chash") {
        const needsKey = upstream.hash_on !== "consumer";
        if (needsKey && upstream.key === undefined) return "missing key";
    }
    if (upstream.pass_host === "rewrite" && (upstream.upstream_host ?? "") === "")
        return "`upstream_host` can't be empty when `pass_host` is `rewrite`";
    return undefined;
}

function missingReference(store: Store, conf: Conf): Answer | undefined {
    for (const [field, folder, name] of [
        ["upstream_id", "upstreams", "upstream info by upstream id"],
        ["service_id", "services", "service info by service id"],
        ["plugin_config_id", "plugin_configs", "plugin config info by plugin config id"],
    ]) {
        const id = conf[field];
        if (id !== undefined && !store.etcd.objects.has(`/${folder}/${String(id as string)}`))
            return refusal(`failed to fetch ${name} [${String(id as string)}], response code: 404`);
    }
    return undefined;
}

function checkGlobalRule(store: Store, key: string, conf: Conf): Answer | undefined {
    for (const [otherKey, { value }] of store.etcd.list("/global_rules/"))
        for (const name of Object.keys(conf.plugins as Conf))
            if (otherKey !== key && Object.hasOwn((value.plugins ?? {}) as Conf, name))
                return refusal(`plugin '${name}' already exists in global rule with id '${otherKey.split("/")[2]}'`);
    return undefined;
}

function checkConsumer(store: Store, resource: string, key: string, conf: Conf): Answer | undefined {
    if (conf.plugins === undefined) return undefined;
    const plugins = conf.plugins as Conf;
    const duplicate = duplicateKey(store, resource, key, plugins);
    if (duplicate !== undefined) return refusal(duplicate);
    const error = store.checker.checkPlugins(plugins, "consumer");
    if (error !== undefined) return refusal(`invalid plugins configuration: ${error}`);
    if (resource === "credentials" && Object.keys(plugins).some((name) => !store.checker.isAuth(name)))
        return refusal("only supports auth type plugins in consumer credential");
    return undefined;
}

/**
 * Returns an error if the credential has the key of another consumer or credential. Otherwise a request with this key would
 * be authenticated as the consumer or credential that was loaded last.
 */
function duplicateKey(store: Store, resource: string, key: string, plugins: Conf): string | undefined {
    const [, , username, , id] = key.split("/");
    for (const [name, conf] of Object.entries(plugins)) {
        const field = PLUGINS.get(name)?.auth?.keyField;
        const value = field === undefined ? undefined : (conf as Conf | null)?.[field];
        const resolved = typeof value === "string" ? resolveSecret(value) : undefined;
        const owner = resolved === undefined ? undefined : store.findCredential(name, resolved);
        if (!owner) continue;
        const same = owner.username === username && (resource === "consumers" || owner.credentialId === id);
        if (same) continue;
        return owner.credentialId === undefined
            ? `duplicate key of plugin ${name} found with consumer: ${owner.username}`
            : `duplicate key of plugin ${name} found with credential: ${owner.credentialId} of consumer: ${owner.username}`;
    }
    return undefined;
}

function checkMetadata(store: Store, key: string, conf: Conf): Answer | undefined {
    const name = key.split("/")[2];
    if (!store.checker.isKnown(name)) return refusal("invalid plugin name");
    if (!(PLUGINS.get(name) as Plugin).metadataSchema) throw new Unsupported(`metadata of plugin ${name}`);
    const error = store.checker.checkPlugin(name, structuredClone(conf), "metadata");
    return error === undefined ? undefined : refusal(`invalid configuration: ${error}`);
}

/** Error for the deletion of an object that other objects refer to; undefined if it may be deleted. */
export function stillUsed(store: Store, resource: string, id: string): Answer | undefined {
    const reference: Record<string, [field: string, text: string, folders: string[]]> = {
        upstreams: ["upstream_id", "this upstream", ["routes", "services"]],
        services: ["service_id", "this service directly", ["routes"]],
        plugin_configs: ["plugin_config_id", "this plugin config", ["routes"]],
    };
    const [field, text, folders] = reference[resource] ?? ["", "", []];
    for (const folder of folders)
        for (const [key, { value }] of store.etcd.list(`/${folder}/`))
            if (value[field] !== undefined && String(value[field] as string) === id)
                return refusal(`can not delete ${text}, ${KINDS[folder]} [${key.split("/")[2]}] is still using it now`);
    return undefined;
}
