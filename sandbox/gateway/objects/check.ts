/** Validates plugin configurations as the Admin API does, and fills in defaults. */
import { encodeJson } from "../lua/cjson-encode";
import { compileExpr } from "../lua/expr";
import { compileSchema, type Check, type Schema } from "../schema/jsonschema";
import { Unsupported } from "../unsupported";
import { metaSchema } from "../schema/objects";
import { PRE_FUNCTION_PHASES } from "./pre-function";
import { PLUGINS, UNSUPPORTED, UNSUPPORTED_AUTH } from "../plugins/index";
import type { LuaMachine } from "../serverless/machine";
import type { CheckTools, ConfKind, Plugin } from "../plugins/plugin";
import type { Conf } from "../request/types";

/** Environment variables of the gateway. */
export type Environment = Record<string, string | undefined>;

const SECRET_MANAGER = /^\$secret:\/\//i;

export class PluginChecker implements CheckTools {
    readonly groups = new Map<string, Conf>();
    private compiled = new Map<string, Check>();

    constructor(readonly lua: LuaMachine) {}

    isKnown(name: string): boolean {
        if (UNSUPPORTED.has(name)) throw new Unsupported(`plugin ${name}`);
        return PLUGINS.has(name);
    }

    isAuth(name: string): boolean {
        return PLUGINS.get(name)?.auth !== undefined;
    }

    isOtherKind(name: string): boolean {
        return UNSUPPORTED.has(name) ? !UNSUPPORTED_AUTH.has(name) : PLUGINS.has(name) && !this.isAuth(name);
    }

    /**
     * Validates one plugin and writes defaults into `conf`.
     * @returns the error without the prefix "failed to check …"; undefined if valid
     */
    checkPlugin(name: string, conf: unknown, kind: ConfKind): string | undefined {
        const plugin = PLUGINS.get(name) as Plugin;
        const error = this.schemaOf(plugin, kind)(conf);
        if (error !== undefined) return error;
        const meta = ((conf as Conf)._meta ?? {}) as Conf;
        if (typeof meta.pre_function === "string") this.checkPreFunction(plugin, meta.pre_function);
        if (kind !== "consumer" || !plugin.auth) refuseSecretReferences(conf);
        return plugin.check?.(conf as Conf, kind, this);
    }

    /** Validates the field `plugins` of an object. @returns the whole error message; undefined if valid */
    checkPlugins(plugins: Conf, kind: ConfKind): string | undefined {
        for (const [name, conf] of Object.entries(plugins)) {
            if (typeof conf !== "object" || conf === null)
                return `invalid plugin conf ${encodeJson(conf)} for plugin [${name}]`;
            if (!this.isKnown(name)) return `unknown plugin [${name}]`;
            if (Array.isArray(conf) && conf.length === 0)
                throw new Unsupported(`an empty list instead of an object as the configuration of plugin ${name}`);
            const error = this.checkPlugin(name, conf, kind);
            if (error !== undefined) return `failed to check the configuration of plugin ${name} err: ${error}`;
            const filter = ((conf as Conf)._meta as Conf | undefined)?.filter;
            const compiled = filter === undefined ? undefined : compileExpr(filter);
            if (compiled && "error" in compiled) return `failed to validate the 'vars' expression: ${compiled.error}`;
        }
        return undefined;
    }

    private checkPreFunction({ name }: Plugin, text: string): void {
        if (!(name in PRE_FUNCTION_PHASES)) throw new Unsupported(`_meta.pre_function of plugin ${name}`);
        const problem = this.lua.check(text);
        if (problem !== undefined)
            throw new Unsupported(`_meta.pre_function that does not return a function (${problem})`);
    }

    private schemaOf(plugin: Plugin, kind: ConfKind): Check {
        const consumer = kind === "consumer" && plugin.auth !== undefined;
        const key = `${plugin.name}#${consumer ? "consumer" : kind === "metadata" ? "metadata" : "route"}`;
        let check = this.compiled.get(key);
        if (!check) {
            const schema = consumer
                ? plugin.auth?.consumerSchema
                : kind === "metadata"
                  ? plugin.metadataSchema
                  : plugin.schema;
            check = compileSchema(withMeta(schema as Schema));
            this.compiled.set(key, check);
        }
        return check;
    }
}

function withMeta(schema: Schema): Schema {
    if (typeof schema === "boolean") return schema;
    return { ...schema, properties: { ...(schema.properties as object | undefined), _meta: metaSchema } };
}

/** Rejects $secret:// references: the sandbox has no secret managers. In credentials they are accepted, but have no value. */
function refuseSecretReferences(value: unknown): void {
    if (typeof value === "string" && SECRET_MANAGER.test(value)) throw new Unsupported("$secret:// references");
    if (typeof value === "object" && value !== null) Object.values(value).forEach(refuseSecretReferences);
}

/**
 * Resolves $env://NAME and $env://NAME/FIELD. Returns undefined if the variable is not set. Returns undefined for every
 * $secret:// reference.
 */
export function resolveSecret(text: string, env: Environment = process.env): string | undefined {
    if (SECRET_MANAGER.test(text)) return undefined;
    const match = /^\$env:\/\/([^/]+)(?:\/(.+))?$/i.exec(text);
    if (!match) return text;
    const value = env[match[1]];
    if (value === undefined || match[2] === undefined) return value;
    try {
        const field: unknown = (JSON.parse(value) as Conf)[match[2]];
        return typeof field === "string" ? field : undefined;
    } catch {
        return undefined;
    }
}

/** Resolves all references in the configuration of plugins. As in APISIX, one that does not resolve stays as it is. */
export function resolveReferences<T>(value: T, env: Environment): T {
    if (typeof value === "string") return (resolveSecret(value, env) ?? value) as T;
    if (Array.isArray(value)) return value.map((one) => resolveReferences(one as unknown, env)) as T;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, resolveReferences(v as unknown, env)])) as T;
}
