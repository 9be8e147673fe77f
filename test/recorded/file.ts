/**
 * The file format of a set of recorded previews. The file has each resource once, and only the differences for each
 * preview, because most of a resource's state is the same in all previews.
 */
import { strict as assert } from "node:assert";
import { isDeepStrictEqual } from "node:util";
import { differences, parsePath, pathText } from "../../ops/stack/review/differences";
import type { ResourceState, Step } from "../../ops/stack/review/preview";
import { isMap, type Path } from "../../policy/resources/values";
import { PROJECT } from "../../ops/stack/stack-file";
import { applied, differenceOf, type Difference } from "./difference";
import type { Made } from "./made";

/** Values of a config by whole key, as the engine passes them: secrets as `[secret]`, mappings as JSON. */
export type Config = Record<string, string>;

export interface Recorded {
    made: Made;
    /** Config of the stack before the change. Undefined if the config was empty. */
    before: Config;
    /** The config that was previewed. */
    config: Config;
    changeSummary?: object;
    /** Steps of the preview. A step with operation `same` is left out, unless it changes the URN of its resource. */
    steps: Step[];
}

/** The previews of a set, by the name of the change. */
export type Recording = Record<string, Recorded>;

/** A config whose mappings and lists are parsed. */
type Values = Record<string, unknown>;

/** The state of a resource, without the type and the name, which are its key in the file. */
interface State extends Omit<ResourceState, "urn" | "type" | "custom"> {
    /** Types of its parents, as in the URN. Default: it has no parent. */
    in?: string;
    /** Set for a component, which has no provider. */
    component?: true;
}

interface StoredStep {
    /** The operation. */
    op: string;
    /** Type and name of the resource. */
    of: string;
    /** Difference from the state in `resources` to the old state. */
    was?: Difference;
    /** Difference to the new state, from the old state or, without an old state, from the state in `resources`. */
    becomes?: Difference;
    replaceReasons?: string[];
    /** Properties that Pulumi reports as changed although their inputs are equal. */
    diffReasons?: string[];
    /** Pulumi's kind of change, by path. Contains only paths whose inputs are equal. */
    detailedDiff?: Record<string, string>;
}

interface Case {
    /** Origin of this case, if it was not recorded in the same run as the file. */
    made?: Made;
    /** Difference from the file's `before` to the config before this change. */
    before?: Difference;
    /** Difference from the config before this change to the config of the preview. */
    config?: Difference;
    changeSummary?: object;
    steps?: StoredStep[];
}

export interface Stored {
    /** Name of the stack, which is part of every URN. */
    stack: string;
    made: Made;
    before: Values;
    /** The first old state of each resource, or its first new state if there is no old state; by type and name. */
    resources: Record<string, State>;
    cases: Record<string, Case>;
}

const OLD = ["update", "replace", "delete"];
const NEW = ["create", "update", "replace"];

/** @throws AssertionError if the recording that is read from the result differs */
export function stored(recording: Recording): Stored {
    const all = Object.values(recording);
    const steps = all.flatMap((one) => one.steps);
    const first = all.find(({ before }) => Object.keys(before).length > 0) ?? all[0];
    const file: Stored = {
        stack: steps[0].urn.split(":")[2],
        made: first.made,
        before: valuesOf(first.before),
        resources: {},
        cases: {},
    };
    for (const { urn, oldState } of steps) if (oldState) file.resources[keyOf(urn)] ??= stateOf(oldState);
    for (const { urn, newState } of steps) if (newState) file.resources[keyOf(urn)] ??= stateOf(newState);
    file.resources = canonical(file.resources) as Stored["resources"];
    for (const [what, one] of Object.entries(recording)) file.cases[what] = caseOf(one, file);
    const plain = JSON.parse(JSON.stringify(file)) as Stored;
    const [read, expected] = [recordingOf(plain), essence(recording)];
    for (const what of Object.keys(expected)) assert.deepEqual(read[what], expected[what], `${what} must not change`);
    return plain;
}

/**
 * @param where name of the file in errors @throws AssertionError that names a difference that does not apply, or an unknown
 * field
 */
export function recordingOf({ stack, made, before, resources, cases }: Stored, where = "file"): Recording {
    const entries = Object.entries(cases).map(([what, one]) => {
        const at = `${where}: ${what}`;
        const { made: own, before: was, config, changeSummary, steps = [], ...unknown } = one;
        assert.deepEqual(unknown, {}, `${at}: must have known keys only`);
        const old = applied(before, was, `${at}: before`);
        const recorded: Recorded = {
            made: own ?? made,
            before: configOf(old),
            config: configOf(applied(old, config, `${at}: config`)),
            ...(changeSummary && { changeSummary }),
            steps: steps.map((step, i) => stepOf(step, { stack, resources, where: `${at}: steps[${i}]` })),
        };
        return [what, recorded];
    });
    return JSON.parse(JSON.stringify(Object.fromEntries(entries))) as Recording;
}

function caseOf({ made, before, config, changeSummary, steps }: Recorded, file: Stored): Case {
    const old = valuesOf(before);
    return {
        ...(!isDeepStrictEqual(made, file.made) && { made }),
        before: differenceOf(file.before, old),
        config: differenceOf(old, valuesOf(config)),
        changeSummary: changeSummary && (canonical(changeSummary) as object),
        ...(steps.length > 0 && { steps: steps.map((step) => storedStep(step, file.resources)) }),
    };
}

function storedStep({ op, urn, oldState, newState, ...reasons }: Step, resources: Stored["resources"]): StoredStep {
    const of = keyOf(urn);
    const old = oldState && stateOf(oldState);
    const { replaceReasons, diffReasons, detailedDiff } = reasonsOf({ op, urn, oldState, newState, ...reasons });
    return {
        op,
        of,
        ...(old && { was: differenceOf(resources[of], old) }),
        ...(newState && { becomes: differenceOf(withoutId(old ?? resources[of]), stateOf(newState)) }),
        replaceReasons,
        diffReasons,
        ...(detailedDiff && {
            detailedDiff: Object.fromEntries(Object.entries(detailedDiff).map(([path, { kind }]) => [path, kind])),
        }),
    };
}

function stepOf(
    { op, of, was, becomes, detailedDiff, ...reasons }: StoredStep,
    { stack, resources, where }: Pick<Stored, "stack" | "resources"> & { where: string },
): Step {
    const { replaceReasons, diffReasons, ...unknown } = reasons;
    assert.deepEqual(unknown, {}, `${where}: must have known keys only`);
    assert.ok(OLD.includes(op) || NEW.includes(op), `${where}: must have a known operation (got ${op})`);
    const base = resources[of];
    assert.ok(base, `${where}: must be of a resource of this file (got ${of})`);
    const [, type, name] = /^(\S+) (.+)$/.exec(of)!;
    const urn = `urn:pulumi:${stack}::${PROJECT}::${base.in === undefined ? "" : `${base.in}$`}${type}::${name}`;
    const state = ({ in: _, component, ...rest }: State) => ({
        urn,
        type,
        custom: component === undefined,
        ...(canonical(rest) as State),
    });
    const old = OLD.includes(op) ? applied(base, was, `${where}: was`) : undefined;
    const now = NEW.includes(op) ? applied(withoutId(old ?? base), becomes, `${where}: becomes`) : undefined;
    const kinds = Object.entries(detailedDiff ?? {}).map(([path, kind]) => [path, { kind }]);
    return {
        op,
        urn,
        ...(old && { oldState: state(old) }),
        ...(now && { newState: state(now) }),
        replaceReasons,
        diffReasons,
        ...(detailedDiff && { detailedDiff: Object.fromEntries(kinds) }),
    };
}

/** The value with sorted keys. */
function canonical(value: unknown): unknown {
    if (!isMap(value)) return Array.isArray(value) ? value.map(canonical) : value;
    const keys = Object.keys(value).sort();
    return Object.fromEntries(keys.map((key) => [key, canonical(value[key])]));
}

/** Applies a function to each part of a list or of a map. */
export function mapped(value: object, of: (part: unknown) => unknown): unknown {
    if (Array.isArray(value)) return value.map(of);
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, of(part)]));
}

function valuesOf(config: Config): Values {
    const value = (text: string) => (/^[[{]/.test(text) ? JSON.parse(text) : text);
    return canonical(mapped(config, (text) => value(text as string))) as Values;
}

function configOf(values: Values): Config {
    return mapped(values, (value) => (typeof value === "string" ? value : JSON.stringify(canonical(value)))) as Config;
}

/** `urn:pulumi:stack::project::parents$type::name` as `type name`. */
function keyOf(urn: string): string {
    const [, , types, name] = urn.split("::");
    return `${types.split("$").at(-1)} ${name}`;
}

function stateOf({ urn, type, custom, ...rest }: ResourceState): State {
    const parents = urn.split("::")[2].split("$").slice(0, -1).join("$");
    const more = { ...(parents && { in: parents }), ...(!custom && { component: true }) };
    return canonical(JSON.parse(JSON.stringify({ ...more, ...rest }))) as State;
}

/** In a preview the new state of a resource has no id (Pulumi 3.274). */
function withoutId({ id: _, ...rest }: State): State {
    return rest;
}

/**
 * The parts of a recording that a review reads. A change that Pulumi reports is left out if the inputs differ at its
 * path, because the review then reads the inputs. The order of a config's keys does not matter.
 */
function essence(recording: Recording): Recording {
    const config = (one: Config) => configOf(valuesOf(one));
    const part = ({ before, config: now, steps, ...rest }: Recorded) => ({
        ...rest,
        before: config(before),
        config: config(now),
        steps: steps.map((step) => ({ ...step, ...reasonsOf(step) })),
    });
    return JSON.parse(JSON.stringify(mapped(recording, (one) => part(one as Recorded)))) as Recording;
}

function reasonsOf({
    oldState,
    newState,
    ...step
}: Step): Pick<Step, "replaceReasons" | "diffReasons" | "detailedDiff"> {
    const seen = differences(oldState?.inputs, newState?.inputs, []).map(({ path }) => path);
    const hidden = (text: string) => !seen.some((path) => overlap(parsePath(text), path));
    const diffReasons = step.diffReasons?.filter(hidden);
    const kinds = Object.entries(step.detailedDiff ?? {}).filter(([path]) => hidden(path));
    return {
        replaceReasons: step.replaceReasons,
        diffReasons: diffReasons?.length ? diffReasons : undefined,
        detailedDiff: kinds.length ? Object.fromEntries(kinds.map(([path, { kind }]) => [path, { kind }])) : undefined,
    };
}

/** Whether one path is the beginning of the other. */
function overlap(a: Path, b: Path): boolean {
    const length = Math.min(a.length, b.length);
    return pathText(a.slice(0, length)) === pathText(b.slice(0, length));
}
