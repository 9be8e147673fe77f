import type { Option } from "./options";
import { isMapping } from "./cross-checks";

type Values = Record<string, unknown>;

/** A key that has another name, or another form, since an earlier version. */
interface RenamedKey {
    old: string;
    new: string[];
    /** Options that had the key. */
    options: Option[];
    /**
     * Values of the new keys, in their order.
     * @default the old value for each
     * @param beside the keys beside the old one
     * @returns undefined for a value that is no old form
     */
    values?: (old: unknown, beside: Values) => unknown[] | undefined;
}

const INTRA: Option[] = ["intra-a", "intra-b"];
const GATEWAY: Option[] = [...INTRA, "inter"];

const EXPOSURES: Record<string, string> = { azure: "direct", cloudflare: "tunnel" };

/** Each key that stack files of earlier versions have under another name; a list of the docs is compared with it. */
export const RENAMED_KEYS: RenamedKey[] = [
    {
        old: "exposure",
        new: ["exposure"],
        options: GATEWAY,
        values: (old) => (Object.hasOwn(EXPOSURES, String(old)) ? [EXPOSURES[String(old)]] : undefined),
    },
    { old: "tunnel.replicas", new: ["tunnel.connectors"], options: GATEWAY },
    { old: "tunnel.instances", new: ["tunnel.connectorsPerHost"], options: ["cloudflare"] },
    // Images have the same three keys everywhere.
    ...["gateway.image", "gateway.etcdImage", "gateway.sharedCounters.image"].map(
        (image): RenamedKey => ({
            old: `${image}.tag`,
            new: [`${image}.tag`, `${image}.digest`],
            options: GATEWAY,
            values: (old) => (/@sha256:/.test(String(old)) ? String(old).split("@") : undefined),
        }),
    ),
    {
        old: "gateway.etcdImage.registry",
        new: ["gateway.etcdImage.repository"],
        options: GATEWAY,
        values: (registry, { repository = "bitnamilegacy/etcd" }) => [`${String(registry)}/${String(repository)}`],
    },
    {
        old: "tunnel.version",
        new: ["tunnel.image"],
        options: GATEWAY,
        values: (version) => [imageParts(`:${String(version)}`)],
    },
    ...["opt.image", "opt.operatorChart.image"].map(
        (image): RenamedKey => ({
            old: image,
            new: [image],
            options: INTRA,
            values: (old) => (typeof old === "string" ? [imageParts(old)] : undefined),
        }),
    ),
];

/** An image in one text as the keys that it has now. */
function imageParts(image: string): Record<string, string> {
    const [name, digest = ""] = image.split("@");
    const [, repository, tag = ""] = /^(.*?)(?::(\w[\w.-]*))?$/.exec(name)!;
    return Object.fromEntries(Object.entries({ repository, tag, digest }).filter(([, part]) => part !== ""));
}

/**
 * Values of a stack config under the names of today, so that an old name is one problem and hides no other.
 * @returns a problem for each old name
 */
export function renameKeys(values: Values, option: Option): { values: Values; problems: string[] } {
    const problems: string[] = [];
    let renamed = values;
    for (const key of RENAMED_KEYS) {
        if (!key.options.includes(option)) continue;
        const path = key.old.split(".");
        const old = valueAt(renamed, path);
        if (old === undefined) continue;
        const beside = valueAt(renamed, path.slice(0, -1)) as Values;
        const found = key.values ? key.values(old, beside) : key.new.map(() => old);
        if (found === undefined) continue;
        const pairs = key.new.map((name, i) => `${name}: ${shown(found[i])}`);
        const what = key.new.includes(key.old) ? "has another form" : `is called ${key.new.join(" and ")}`;
        problems.push(`${key.old}: ${what} now. Write ${pairs.join(" and ")}.`);
        renamed = withValue(renamed, path, undefined);
        for (const [i, name] of key.new.entries()) renamed = withValue(renamed, name.split("."), found[i]);
    }
    return { values: renamed, problems };
}

function valueAt(values: unknown, path: string[]): unknown {
    return path.reduce((value, step) => (isMapping(value) ? value[step] : undefined), values);
}

/** A copy with a value at a path. @param value undefined takes the key away */
function withValue(values: Values, [step, ...rest]: string[], value: unknown): Values {
    const { [step]: old, ...others } = values;
    const next = rest.length === 0 ? value : withValue(isMapping(old) ? old : {}, rest, value);
    return next === undefined ? others : { ...others, [step]: next };
}

/** As a stack file has it, in one line. */
function shown(value: unknown): string {
    if (typeof value === "string" && /^[a-z][\w./:-]*$|^\d+\.\d+\.[\w.-]+$/i.test(value)) return value;
    if (!isMapping(value)) return JSON.stringify(value);
    const pairs = Object.entries(value).map(([key, part]) => `${key}: ${shown(part)}`);
    return `{ ${pairs.join(", ")} }`;
}
