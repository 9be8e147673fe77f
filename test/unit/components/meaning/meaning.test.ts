// Proves that the inputs of components say all that a config says, which reviews rely on: an object that changes although
// no component above it changes its inputs is reported as unexplained.
import { strict as assert } from "node:assert";
import { meaningOf, type Part } from "../../../../components/stack-meaning";
import { parse, type Settings } from "../../../../config";
import { DEFINITIONS, OPTIONS } from "../../../../config/options";
import { keysBelow } from "../../../../config/schema";
import { certificate } from "../../../certificates";
import { asked, isRegistered, type Seen } from "../../../kit";
import { TODAY } from "../../kit/cloudflare";
import { raw } from "../../kit/intra-a";
import { recordSettings } from "../../kit/program";
import { bases, callersFile, secretTexts, type Base } from "./bases";
import { changed, changes, type Change } from "./changes";

/** Kinds of resources that create no object: waits, proofs, records, salts of generated keys, and providers. */
const NO_OBJECT =
    /^pulumi:providers:|^random:index\/randomUuid:|:(Awaited|ConversionRecord|EtcdPrepared|GatewayServes|Revocations|SecretVersions)$/;

/** Topmost components, which {@link meaningOf} calls `Stack`. */
const TOPMOST = ["IntraCluster", "InterCluster", "CloudflareAccess"];

type Values = Record<string, unknown>;

function settingsOf(values: Values): Settings {
    const method = values.option === "cloudflare" ? "service-token" : "key";
    return parse(raw({ alpa: undefined, ...values }), () => true, TODAY, undefined, ".", callersFile(method));
}

/** The resources of one run of the program, by type and name. */
class Run {
    private readonly resources: Map<string, Seen>;
    /** Inputs as text. */
    private readonly texts: Map<string, string>;

    constructor(seen: Seen[]) {
        const registered = seen.filter((one) => isRegistered(one) && !NO_OBJECT.test(one.type));
        this.resources = new Map(registered.map((one) => [`${one.type} ${one.name}`, one]));
        this.texts = new Map([...this.resources].map(([key, one]) => [key, textOf(one)]));
    }

    get components(): Seen[] {
        return [...this.resources.values()].filter(({ custom }) => !custom);
    }

    /** Objects that another run makes differently, although no component above them has other inputs there. */
    unexplained(after: Run): string[] {
        const differs = (key: string) => this.texts.get(key) !== after.texts.get(key);
        const isExplained = (key: string) => [this, after].some((run) => run.above(key).some(differs));
        const keys = new Set([...this.texts.keys(), ...after.texts.keys()]);
        return [...keys].filter((key) => {
            const { custom } = (this.resources.get(key) ?? after.resources.get(key))!;
            return custom && differs(key) && !isExplained(key);
        });
    }

    private above(key: string): string[] {
        const resource = this.resources.get(key);
        const parent = resource && asked(resource).parent;
        if (!parent) return [];
        const [, , types, name] = parent.replace("urn:pulumi:", "").split("::");
        const next = `${types.split("$").pop()} ${name}`;
        return [next, ...this.above(next)];
    }
}

function textOf({ inputs, type }: Seen): string {
    const { __provider: _, ...all } = inputs as Values;
    // Another login of the same cluster changes no object.
    const { kubeconfig: __, context: ___, ...rest } = all;
    // The fake zone has another id if the stack creates it.
    return JSON.stringify(type.endsWith(":RampartGraph") ? rest : all).replaceAll("z".repeat(32), "alpa-zone-zone-id");
}

const run = async (values: Values) => new Run(await recordSettings(settingsOf(values)));

/** Components with inputs, in the form of {@link meaningOf}. */
function partsOf(components: Seen[]): Part[] {
    return components
        .filter(({ type, inputs }) => type.startsWith("alpa-auth:") && Object.keys(inputs as Values).length > 0)
        .map(({ type, name, inputs }) => {
            const last = type.split(":").pop()!;
            const caller = last === "Caller" ? { caller: name } : {};
            return { type: TOPMOST.includes(last) ? "Stack" : last, ...caller, inputs: inputs as Values };
        });
}

/** Inputs by component, without what only a run knows. */
const byName = (parts: Part[]) =>
    Object.fromEntries(
        parts.map(({ type, caller, inputs }) => [`${type} ${caller ?? ""}`, withoutFingerprints(inputs)]),
    );

function withoutFingerprints(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutFingerprints);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([, part]) => !/^fingerprint:/.test(String(part)));
    return Object.fromEntries(entries.map(([key, part]) => [key, withoutFingerprints(part)]));
}

/** Leaf keys of an option. */
function keysOf(option: (typeof OPTIONS)[number]): string[] {
    const paths = keysBelow(DEFINITIONS[option].schema).map(([path]) => path);
    return paths.filter(
        (path) => !paths.some((other) => other.startsWith(`${path}.`) || other.startsWith(`${path}[]`)),
    );
}

describe("meaning of a stack", () => {
    let configs: Record<Base, Values>;
    let table: Record<Base, Change>;
    let secrets: string[];
    const runs = new Map<Base, Run>();

    before(async () => {
        const names = ["llm.example.com", "opt.example.com"];
        const pair = await certificate(names, { notBefore: new Date("2026-11-01") });
        configs = bases(pair);
        table = changes(await certificate(names, { notBefore: new Date("2026-11-01") }));
        secrets = secretTexts(pair);
        for (const [base, values] of Object.entries(configs) as [Base, Values][]) runs.set(base, await run(values));
    });

    for (const option of OPTIONS)
        it(`has another value for each key of option ${option}`, () => {
            // With another option, a stack is another stack, except for intra-a and intra-b.
            const isEdge = (base: string) => (option === "cloudflare") === (base === "cloudflare");
            const covered = Object.entries(table).flatMap(([base, keys]) => (isEdge(base) ? Object.keys(keys) : []));
            assert.deepEqual(
                keysOf(option).filter((key) => key !== "option" && !covered.includes(key)),
                [],
            );
        });

    for (const base of Object.keys(bases({ certificate: "", key: "" })) as Base[]) {
        it(`explains each object that a changed key of config ${base} changes`, async () => {
            const found: string[] = [];
            // Several keys can have only one change together.
            const same = new Map<string, Run>();
            for (const [key, value] of Object.entries(table[base])) {
                const config = changed(configs[base], key, value);
                const after = await (same.get(JSON.stringify(config)) ?? run(config));
                same.set(JSON.stringify(config), after);
                found.push(
                    ...runs
                        .get(base)!
                        .unexplained(after)
                        .map((object) => `${key}: ${object}`),
                );
            }
            assert.deepEqual(found, []);
        });
        it(`is the same in each run of config ${base}, and contains no secret`, async () => {
            const [before, after] = [runs.get(base)!, await run(configs[base])].map(({ components }) =>
                components.map(({ type, name, inputs }) => [type, name, inputs as Values]),
            );
            assert.deepEqual(after, before);
            const text = JSON.stringify(before);
            const forms = secrets.flatMap((secret) => [secret, Buffer.from(secret).toString("base64").slice(0, -4)]);
            assert.deepEqual(
                forms.filter((form) => text.includes(form)),
                [],
            );
        });
        it(`is known before a run of config ${base}`, () => {
            assert.deepEqual(byName(partsOf(runs.get(base)!.components)), byName(meaningOf(settingsOf(configs[base]))));
        });
    }
});
