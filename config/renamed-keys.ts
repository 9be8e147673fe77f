import { conversionStateFile } from "./conversion-state";
import type { Option } from "./options";
import { pathText } from "./problems";
import { isMapping, mapping, placesOf, stepsOf, valueAt, type Path } from "./unchecked";

type Values = Record<string, unknown>;

/** A key whose name or form has changed since an earlier version. */
interface RenamedKey {
    old: string;
    new: string[];
    /** Options that had the key. */
    options: Option[];
    /**
     * Converts an old value into the values of the new keys, in the order of `new`.
     * @default the old value for each new key
     * @param siblings the other keys of the same mapping
     * @returns undefined for a value that does not have an old form
     */
    values?: (old: unknown, siblings: Values) => unknown[] | undefined;
}

// The options that existed when these keys had their old names.
const INTRA: Option[] = ["intra-a", "intra-b"];
const GATEWAY: Option[] = [...INTRA, "inter"];

const EXPOSURES: Record<string, string> = { azure: "direct", cloudflare: "tunnel" };

/** Each key with another name in stack files of earlier versions. A test has a case for each. */
export const RENAMED_KEYS: RenamedKey[] = [
    {
        old: "exposure",
        new: ["exposure"],
        options: GATEWAY,
        values: (old) => (Object.hasOwn(EXPOSURES, String(old)) ? [EXPOSURES[String(old)]] : undefined),
    },
    { old: "tunnel.replicas", new: ["tunnel.connectors"], options: GATEWAY },
    { old: "tunnel.instances", new: ["tunnel.connectorsPerHost"], options: ["cloudflare"] },
    // All images have the same three keys.
    ...["gateway.image", "gateway.etcdImage", "gateway.sharedCounters.image"].map((image): RenamedKey => ({
        old: `${image}.tag`,
        new: [`${image}.tag`, `${image}.digest`],
        options: GATEWAY,
        values: (old) => (/@sha256:/.test(String(old)) ? String(old).split("@") : undefined),
    })),
    {
        old: "gateway.etcdImage.registry",
        new: ["gateway.etcdImage.repository"],
        options: GATEWAY,
        values: (registry, { repository = "etcd-development/etcd" }) => [`${String(registry)}/${String(repository)}`],
    },
    {
        old: "tunnel.version",
        new: ["tunnel.image"],
        options: GATEWAY,
        values: (version) => [imageParts(`:${String(version)}`)],
    },
    ...["opt.image", "opt.operatorChart.image"].map((image): RenamedKey => ({
        old: image,
        new: [image],
        options: INTRA,
        values: (old) => (typeof old === "string" ? [imageParts(old)] : undefined),
    })),
    ...[
        ["opt.gpuMemoryGiB", "opt.gpuMemory"],
        ["opt.shmGiB", "opt.sharedMemory"],
        ["opt.resources.memoryGiB", "opt.resources.memory"],
    ].map(([old, now]): RenamedKey => ({ old, new: [now], options: INTRA, values: (size) => [`${String(size)}Gi`] })),
    {
        old: "cluster.nodes[].labels",
        new: ["cluster.nodes[].labels"],
        options: GATEWAY,
        values: (old) =>
            Array.isArray(old) ? [Object.fromEntries(old.map((one) => String(one).split("=")))] : undefined,
    },
    {
        old: "cluster.nodes[].taints",
        new: ["cluster.nodes[].taints"],
        options: GATEWAY,
        values: (old) =>
            Array.isArray(old) && old.some((one) => typeof one === "string") ? [old.map(taintOf)] : undefined,
    },
    {
        old: "guard.disabledBecause",
        new: ["guard.enabled", "guard.reason"],
        options: GATEWAY,
        values: (reason) => [false, reason],
    },
    {
        old: "edgeWorker.disabledBecause",
        new: ["edgeWorker.enabled", "edgeWorker.reason"],
        options: ["cloudflare"],
        values: (reason) => [false, reason],
    },
    {
        old: "opt.hostNetwork.because",
        new: ["opt.hostNetwork.enabled", "opt.hostNetwork.reason"],
        options: INTRA,
        values: (reason) => [true, reason],
    },
];

function taintOf(old: unknown): unknown {
    const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(.*)$/.exec(String(old)) ?? [];
    return key === undefined ? old : { key, ...(value === undefined ? {} : { value }), effect };
}

/** Splits an image reference into the current keys. */
function imageParts(image: string): Record<string, string> {
    // An image that is written as a block of text in YAML ends with a line break.
    const [name, digest = ""] = image.trim().split("@");
    const [, repository, tag = ""] = /^([^]*?)(?::(\w[\w.-]*))?$/.exec(name)!;
    return Object.fromEntries(Object.entries({ repository, tag, digest }).filter(([, part]) => part !== ""));
}

/**
 * Renames old keys to the current ones, so that the schema can check the values of old keys too.
 * @returns the renamed values, and a problem for each old name
 */
export function renameKeys(values: Values, option: Option): { values: Values; problems: string[] } {
    const problems: string[] = [];
    let renamed = values;
    for (const key of RENAMED_KEYS.filter(({ options }) => options.includes(option)))
        for (const path of placesOf(renamed, stepsOf(key.old))) {
            const old = valueAt(renamed, path);
            const siblings = valueAt(renamed, path.slice(0, -1)) as Values;
            const found = key.values ? key.values(old, siblings) : key.new.map(() => old);
            if (found === undefined) continue;
            const named = (name: string) => placed(name, path);
            const pairs = key.new.map((name, i) => `${pathText(named(name))}: ${shown(found[i])}`);
            const what = key.new.includes(key.old) ? "has another form" : `is called ${key.new.join(" and ")}`;
            problems.push(`${pathText(path)}: ${what} now. Write ${pairs.join(" and ")}.`);
            renamed = withValue(renamed, path, undefined) as Values;
            for (const [i, name] of key.new.entries()) renamed = withValue(renamed, named(name), found[i]) as Values;
        }
    const moved = INTRA.includes(option) ? stateProblems(renamed.convert) : [];
    if (moved.length > 0) {
        const { holder: _, measured: __, ...convert } = mapping(renamed.convert);
        renamed = { ...renamed, convert };
    }
    return { values: renamed, problems: [...problems, ...moved] };
}

/** Reports the state of a conversion that an earlier version has left in key `convert` of a stack file. */
export function stateProblems(convert: unknown): string[] {
    const state = Object.entries(mapping(convert)).filter(([key]) => key === "holder" || key === "measured");
    if (state.length === 0) return [];
    const names = state.map(([key]) => `convert.${key}`).join(" and ");
    return [
        `${names}: must not be in the stack file, since convert run keeps this state in another file. Remove it from the stack file, and create ${conversionStateFile("", "<stack>")} next to the stack file with this text: ${JSON.stringify(Object.fromEntries(state))}`,
    ];
}

/** The path of a key. Each `[]` in `name` becomes the list index at the same position of the path `like`. */
function placed(name: string, like: Path): Path {
    return stepsOf(name).map((step, i) => (step === "[]" ? like[i] : step));
}

/** A copy with a value at a path. @param value undefined removes the key */
function withValue(values: unknown, [step, ...rest]: Path, value: unknown): unknown {
    const next = rest.length === 0 ? value : withValue(valueAt(values, [step]), rest, value);
    if (Array.isArray(values)) return (values as unknown[]).map((one, i) => (i === step ? next : one));
    const { [step]: _, ...others } = isMapping(values) ? values : {};
    return next === undefined ? others : { ...others, [step]: next };
}

/** Text that needs no quotes in YAML. */
const PLAIN = /^(?!(true|false|yes|no|on|off|null|y|n)$)[a-z][\w./:-]*$|^\d+\.\d+\.[\w.-]+$|^\d+[KMGT]i$/i;

/** A value as one line of a stack file. */
function shown(value: unknown): string {
    if (typeof value === "string" && PLAIN.test(value)) return value;
    if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
    if (!isMapping(value)) return JSON.stringify(value);
    const pairs = Object.entries(value).map(([key, part]) => `${key}: ${shown(part)}`);
    return `{ ${pairs.join(", ")} }`;
}
