/** The stack of a rehearsal, made of the one that is to be converted and of what `convert.rehearsal` says. Pure. */
import { stringify } from "yaml";
import { DEFAULT_NAMESPACE } from "../../config/schema";
import { parseYaml } from "../stack/keep-style";
import { PROJECT } from "../stack/stack-file";

type Values = Record<string, unknown>;

export interface RehearsalStack {
    /** Values of its config, without the project's prefix; a secret is `{ secure: <placeholder> }`. */
    values: Values;
    /** Plain text by placeholder. */
    secrets: Map<string, string>;
    /** What must not be production's, and is, or is not said. */
    problems: string[];
    /** What it takes of the cluster, one sentence each. */
    needs: string[];
}

/** Keys of the stack that the rehearsal has too, unless it has others. Neither entry point nor nodes nor callers are among them. */
const SHARED = ["cluster", "gateway", "readiness", "guard", "opt"];
const DEFAULT_NODE_PORT = 30800;
const REQUIRED = "Set it in convert.rehearsal";

/** @param secrets plain text of the stack's secrets, by ciphertext */
export function rehearsalStack(text: string, secrets: ReadonlyMap<string, string>): RehearsalStack {
    const own = valuesOf(text);
    const overlay = mapping(mapping(own.convert).rehearsal);
    const problems = [...overlaps(own, overlay)];
    const { rehearsal: _, phase: __, holder: ___, measured: ____, bareMetal: _____, ...convert } = mapping(own.convert);
    const base = Object.fromEntries(SHARED.filter((key) => own[key] !== undefined).map((key) => [key, own[key]]));
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
    const values = { ...(resealed(merged, secrets, taken) as Values), option: "intra-a" };
    return { values, secrets: taken, problems, needs: needsOf(merged) };
}

/** The text of its file. @param made what Pulumi wrote when it made the stack @param sealed ciphertext by placeholder */
export function renderRehearsal(made: string, values: Values, sealed: ReadonlyMap<string, string>): string {
    const head = (parseYaml(made).toJS() ?? {}) as Values;
    const prefixed = Object.entries(values).map(([key, value]) => [`${PROJECT}:${key}`, value]);
    const text = stringify({ ...head, config: Object.fromEntries(prefixed) });
    return [...sealed].reduce((done, [placeholder, cipher]) => done.replaceAll(placeholder, () => cipher), text);
}

/**
 * A gateway beside production's. Rampart can install one in a cluster only, since it calls every release the same and the
 * chart names its cluster roles after that: Helm installs it, and leaves alone the definitions that production's needs.
 */
function gatewayOf(own: Values, overlay: Values): Values {
    const { existing: _, ...gateway } = mapping(own.gateway);
    return mapping(overlay.gateway).installer === undefined
        ? { ...gateway, installer: "helm", crds: [] }
        : mapping(own.gateway);
}

/** What both would use at the same time: the rehearsal stops and starts what it calls bare metal. */
function overlaps(own: Values, overlay: Values): string[] {
    if (Object.keys(overlay).length === 0)
        return [
            "convert.rehearsal: required. Set what the rehearsal has of its own: alpa.endpoints, gateway.nodePort, opt and convert.bareMetal.",
        ];
    const problems: string[] = [];
    const endpoints = list(mapping(overlay.alpa).endpoints);
    const shared = endpoints.filter((one) => list(mapping(own.alpa).endpoints).includes(one));
    if (endpoints.length === 0)
        problems.push(
            `convert.rehearsal.alpa.endpoints: required: the address of a small Alpa of its own. ${REQUIRED}.`,
        );
    for (const one of shared)
        problems.push(
            `convert.rehearsal.alpa.endpoints: must not be production's (got ${String(one)}). Name another Alpa.`,
        );
    const port = mapping(overlay.gateway).nodePort;
    const { nodePort = DEFAULT_NODE_PORT } = mapping(own.gateway);
    if (port === undefined || port === nodePort)
        problems.push(
            `convert.rehearsal.gateway.nodePort: must be a node port of its own (got ${port === undefined ? "none" : String(port)}, and production has ${String(nodePort)}). ${REQUIRED}.`,
        );
    if (overlay.namespace !== undefined && overlay.namespace === (own.namespace ?? DEFAULT_NAMESPACE))
        problems.push(
            `convert.rehearsal.namespace: must not be production's (got ${String(overlay.namespace)}). Leave it out.`,
        );
    if (mapping(own.cluster).nodes !== undefined && overlay.cluster === undefined)
        problems.push(
            "convert.rehearsal.cluster: required where the stack makes its cluster, which the rehearsal must only use. Set kubeconfig or context.",
        );
    return [...problems, ...sharedNodes(own, overlay), ...sharedHosts(own, overlay)];
}

/** On a node of both the rehearsal's pods could have the GPUs that production's side is about to take. */
function sharedNodes(own: Values, overlay: Values): string[] {
    const theirs = nodesOf(own.opt);
    const ours = nodesOf(overlay.opt);
    if (ours.length === 0)
        return [`convert.rehearsal.opt.nodes: required: nodes that production does not use. ${REQUIRED}.`];
    return ours
        .filter((node) => theirs.includes(node))
        .map(
            (node) =>
                `convert.rehearsal.opt.nodes: must not be among production's, whose GPUs it would take (got ${node}). Name another node.`,
        );
}

function nodesOf(opt: unknown): string[] {
    return list(mapping(opt).nodes).map((node) => String(isMapping(node) ? node.name : node));
}

function sharedHosts(own: Values, overlay: Values): string[] {
    const [theirs, ours] = [own, overlay].map((values) => mapping(mapping(values.convert).bareMetal));
    if (Object.keys(ours).length === 0)
        return [
            `convert.rehearsal.convert.bareMetal: required: the hosts of the small Alpa, and the service or commands that run it. ${REQUIRED}.`,
        ];
    const launch = ({ unit, commands }: Values) => JSON.stringify(unit ?? commands ?? null);
    const addresses = list(theirs.hosts).map((host) => mapping(host).address);
    const shared = list(ours.hosts).filter((host) => addresses.includes(mapping(host).address));
    if (shared.length === 0 || launch(theirs) !== launch(ours)) return [];
    return [
        `convert.rehearsal.convert.bareMetal: must not be what runs production's Alpa on ${String(mapping(shared[0]).address)}: the rehearsal stops it. Name another service, or other hosts.`,
    ];
}

function needsOf(merged: Values): string[] {
    const { gpusPerNode = 8, model } = mapping(merged.opt);
    const names = nodesOf(merged.opt);
    const { namespace, gateway } = merged;
    return [
        `namespace ${String(namespace)}, node port ${String(mapping(gateway).nodePort)} and a gateway of its own`,
        `${String(gpusPerNode)} GPU(s) on each of ${names.join(", ")} for ${String(model)}: they must be free`,
    ];
}

/** Mappings are laid over one another; everything else is replaced. */
function merge(below: unknown, above: unknown): unknown {
    if (!isMapping(below) || !isMapping(above)) return above;
    const keys = [...new Set([...Object.keys(below), ...Object.keys(above)])];
    return Object.fromEntries(keys.map((key) => [key, key in above ? merge(below[key], above[key]) : below[key]]));
}

/** Ciphertext is of one stack: in its place stands what stands for the plain text. */
function resealed(value: unknown, secrets: ReadonlyMap<string, string>, taken: Map<string, string>): unknown {
    if (Array.isArray(value)) return value.map((one) => resealed(one, secrets, taken));
    if (!isMapping(value)) return value;
    const { secure, ...others } = value;
    if (typeof secure === "string" && Object.keys(others).length === 0) {
        const placeholder = `(sealed ${taken.size + 1})`;
        taken.set(placeholder, secrets.get(secure) ?? "");
        return { secure: placeholder };
    }
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resealed(one, secrets, taken)]));
}

function valuesOf(text: string): Values {
    const { config } = parseYaml(text).toJS() as { config?: Values };
    return Object.fromEntries(
        Object.entries(config ?? {}).map(([key, value]) => [key.replace(`${PROJECT}:`, ""), value]),
    );
}

function isMapping(value: unknown): value is Values {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mapping(value: unknown): Values {
    return isMapping(value) ? value : {};
}

function list(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}
