/** Builds the stack of a rehearsal from the stack to be converted and from `convert.rehearsal`. Pure. */
import { stringify } from "yaml";
import { counted } from "../../config/problems";
import { mapping } from "../../config/unchecked";
import { DEFAULT_NAMESPACE } from "../../config/values";
import { isMap, valueAt } from "../../policy/resources/values";
import { PROJECT } from "../stack/stack-file";
import { parseYaml } from "../stack/yaml-edit";
import { nodesOf, rehearsalProblems } from "./rehearsal-problems";

type Values = Record<string, unknown>;

export interface RehearsalStack {
    /** Values of the stack's config, without the prefix of the project. A secret is `{ secure: <placeholder> }`. */
    values: Values;
    /** Plain text of the secrets, by placeholder. */
    secrets: Map<string, string>;
    /** Settings that are missing, or must differ from production's. */
    problems: string[];
    /** Cluster resources that the rehearsal uses, one sentence each. */
    needs: string[];
}

/** Keys that the rehearsal inherits from the stack. Entry point, nodes and callers are not inherited. */
const SHARED = ["cluster", "gateway", "readiness", "guard", "opt"];
/**
 * Keys that the rehearsal replaces as a whole, because some of their subkeys exclude each other. All other keys are merged.
 */
const WHOLE = [["cluster"], ["opt", "weights"]];

/** @param secrets plain text of the stack's secrets, by ciphertext */
export function rehearsalStack(text: string, secrets: ReadonlyMap<string, string>): RehearsalStack {
    const own = valuesOf(text);
    const overlay = mapping(mapping(own.convert).rehearsal);
    const { rehearsal: _, phase: __, bareMetal: ___, ...convert } = mapping(own.convert);
    const shared = Object.fromEntries(SHARED.filter((key) => own[key] !== undefined).map((key) => [key, own[key]]));
    const base = WHOLE.filter((path) => valueAt(overlay, path) !== undefined).reduce(without, shared);
    const { namespace = DEFAULT_NAMESPACE } = own;
    const merged = merge(
        {
            ...base,
            gateway: gatewayOf(own, overlay),
            convert,
            namespace: `${String(namespace)}-rehearsal`,
            consumers: [{ name: "rehearsal", credentials: [{ id: "key", method: "key" }] }],
        },
        overlay,
    ) as Values;
    const taken = new Map<string, string>();
    const values = { ...(withPlaceholders(merged, secrets, taken) as Values), option: "intra-a" };
    return { values, secrets: taken, problems: rehearsalProblems(own, overlay, merged), needs: needsOf(merged) };
}

/** The rehearsal's stack file. @param initial text of the file after `pulumi stack init` @param ciphers ciphertext by placeholder */
export function renderRehearsal(initial: string, values: Values, ciphers: ReadonlyMap<string, string>): string {
    const head = (parseYaml(initial).toJS() ?? {}) as Values;
    const prefixed = Object.entries(values).map(([key, value]) => [`${PROJECT}:${key}`, value]);
    const text = stringify({ ...head, config: Object.fromEntries(prefixed) });
    return [...ciphers].reduce((done, [placeholder, cipher]) => done.replaceAll(placeholder, () => cipher), text);
}

/**
 * Config of the rehearsal's own gateway. Helm installs it, because Rampart can install only one gateway in a cluster:
 * Rampart gives every release the same name, and the chart names its cluster roles after the release. The rehearsal
 * installs no CRDs, because production's gateway uses them.
 */
function gatewayOf(own: Values, overlay: Values): Values {
    const { existing: _, ...gateway } = mapping(own.gateway);
    return mapping(overlay.gateway).installer === undefined
        ? { ...gateway, installer: "helm", crds: [] }
        : mapping(own.gateway);
}

function needsOf(merged: Values): string[] {
    const { gpusPerNode = 8, model } = mapping(merged.opt);
    const names = nodesOf(merged.opt);
    const { namespace, gateway } = merged;
    return [
        `namespace ${String(namespace)}, node port ${String(mapping(gateway).nodePort)} and a gateway of its own`,
        `${counted(Number(gpusPerNode), "GPU")} on each of ${names.join(", ")} for ${String(model)}: they must be free`,
    ];
}

/** Mappings are merged; other values are replaced. */
function merge(below: unknown, above: unknown): unknown {
    if (!isMap(below) || !isMap(above)) return above;
    const keys = [...new Set([...Object.keys(below), ...Object.keys(above)])];
    return Object.fromEntries(keys.map((key) => [key, key in above ? merge(below[key], above[key]) : below[key]]));
}

function without(values: Values, [key, ...rest]: string[]): Values {
    const { [key]: value, ...others } = values;
    return rest.length === 0 ? others : { ...others, [key]: without(mapping(value), rest) };
}

/** Ciphertext is valid for one stack only: it is replaced by the placeholder of its plain text. */
function withPlaceholders(value: unknown, secrets: ReadonlyMap<string, string>, taken: Map<string, string>): unknown {
    if (Array.isArray(value)) return value.map((one) => withPlaceholders(one, secrets, taken));
    if (!isMap(value)) return value;
    const { secure, ...others } = value;
    if (typeof secure === "string" && Object.keys(others).length === 0) {
        const placeholder = `(encrypted ${taken.size + 1})`;
        taken.set(placeholder, secrets.get(secure) ?? "");
        return { secure: placeholder };
    }
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withPlaceholders(one, secrets, taken)]));
}

function valuesOf(text: string): Values {
    const { config } = parseYaml(text).toJS() as { config?: Values };
    return Object.fromEntries(
        Object.entries(config ?? {}).map(([key, value]) => [key.replace(`${PROJECT}:`, ""), value]),
    );
}
