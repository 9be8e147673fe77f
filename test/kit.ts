import { strict as assert } from "node:assert";
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";

export type Seen = pulumi.runtime.MockResourceArgs;

/** What the program requests from the engine for one resource, without the inputs. */
export interface Asked {
    /** URN of the parent; empty without one. */
    parent: string;
    /** URNs of dependencies, with the children of a component instead of the component. */
    dependsOn: string[];
    retainOnDelete: boolean;
    deleteBeforeReplace: boolean;
    protect: boolean;
    /** URN of the resource whose deletion also deletes this one; empty without one. */
    deletedWith: string;
    /** Timeout for deletion as the program writes it, for example `15m`; empty without one. */
    deleteTimeout: string;
    /** Names of the beforeCreate hooks. */
    beforeCreate: string[];
    /** Earlier URNs. */
    earlierUrns: string[];
    /** Number of transform functions of a component. */
    transforms: number;
}

const requests = new WeakMap<Seen, Asked>();

// Turns off the stack traces that the SDK keeps to report promises that never end. With source maps they take two
// thirds of a program's time on a fake engine.
type Debuggable = { debuggablePromise: (promise: Promise<unknown>, about: unknown) => unknown };
const sdk = createRequire(__filename)("@pulumi/pulumi/runtime/debuggable") as Debuggable;
const { debuggablePromise } = sdk;
sdk.debuggablePromise = (promise, about) => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
        return debuggablePromise(promise, about);
    } finally {
        Error.stackTraceLimit = stackTraceLimit;
    }
};

type State = { getStore: () => { settings: { options: { cacheDynamicProviders?: boolean } } } };
const state = createRequire(__filename)("@pulumi/pulumi/runtime/state") as State;

/** Text that the fake engine generates. @param length of a password, in characters; unset for a UUID */
export const generatedText = (length = 0) => "generated".padEnd(length, "-");

/**
 * Runs `build` on a fake engine. @returns all registered resources, after their promises have settled
 * @param found existing resources that the program reads, by name, with their fields
 * @param answers of provider functions, by token; a call of another function is an error
 * @param preview whether the run is a preview.
 * @default no
 */
export async function record(
    build: () => unknown,
    found: Record<string, object> = {},
    answers: Record<string, object> = {},
    preview = false,
): Promise<Seen[]> {
    const seen: Seen[] = [];
    let request: Asked | undefined;
    await pulumi.runtime.setMocks(
        {
            newResource: (r) => {
                seen.push(r);
                if (request) requests.set(r, request);
                request = undefined; // A read has no inputs.
                const metadata = { generation: 1, ...r.inputs.metadata };
                const made = { generation: 1, uid: "its-uid" };
                const state = {
                    ...made,
                    ...r.inputs,
                    result: generatedText(r.inputs.length),
                    metadata,
                    ...found[r.name],
                };
                return { id: `${r.name}-id`, state };
            },
            call: (c) => {
                if (c.token in answers) return { ...c.inputs, ...answers[c.token] };
                throw new Error(`no fake for ${c.token}`);
            },
        },
        "alpa-auth",
        "test",
        preview,
        "organization",
    );
    // The real engine sets this option too. Without it, each program serializes all providers, which takes 40 to 90 ms
    // of CPU time (2026-11).
    state.getStore().settings.options.cacheDynamicProviders = true;
    acceptHooks();
    acceptTransforms();
    listen((next) => (request = next));
    build();
    await pulumi.runtime.disconnect(); // Waits for every registration. The next `setMocks` connects again.
    const keys = seen.map((r) => `${r.type} ${r.name}`);
    assert.deepEqual(
        keys.filter((k, i) => keys.indexOf(k) !== i),
        [],
        "the real engine refuses these duplicates",
    );
    return seen;
}

/** Accepts hooks, which the SDK's fake engine does not support. They are never called, like in a preview. */
function acceptHooks() {
    const monitor = pulumi.runtime.getMonitor() as unknown as Record<string, unknown>;
    monitor.registerResourceHook = (_request: unknown, done: (error: null, answer: unknown) => void) => done(null, {});
}

/** Accepts transforms, which the SDK's fake engine does not support. They are never called. */
function acceptTransforms() {
    const state = createRequire(__filename)("@pulumi/pulumi/runtime/state") as { getStore: () => Store };
    state.getStore().supportsTransforms = true;
}
type Store = { supportsTransforms: boolean };

/** Passes each registration to `heard` before the fake engine. */
function listen(heard: (request: Asked) => void) {
    const monitor = pulumi.runtime.getMonitor() as unknown as Record<"registerResource", RegisterResource>;
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, done) => {
        heard({
            parent: request.getParent(),
            dependsOn: request.getDependenciesList(),
            retainOnDelete: request.getRetainondelete() ?? false,
            deleteBeforeReplace: request.getDeletebeforereplace(),
            protect: request.getProtect() ?? false,
            deletedWith: request.getDeletedwith(),
            deleteTimeout: request.getCustomtimeouts()?.getDelete() ?? "",
            beforeCreate: request.getHooks()?.getBeforeCreateList() ?? [],
            transforms: request.getTransformsList().length,
            earlierUrns: request.getAliasesList().flatMap((alias) => alias.getUrn() || []),
        });
        return register(request, done);
    };
}
type RegisterResource = (request: RegisterResourceRequest, done: unknown) => unknown;

/** The program's request to the engine for a recorded resource. */
export function asked(resource: Seen): Asked {
    const found = requests.get(resource);
    assert.ok(found, `${resource.name} was looked up, not registered`);
    return found;
}

/** Whether the program registers a resource. False for one that it looks up. */
export const isRegistered = (resource: Seen): boolean => requests.has(resource);

/** Whether `later` is created only after `earlier`, because `later` or one of its parents depends on `earlier`. */
export function comesAfter(seen: Seen[], later: Seen, earlier: Seen): boolean {
    const key = (urn: string) => {
        const [, , type, name] = urn.replace("urn:pulumi:", "").split("::");
        return `${type.split("$").pop()} ${name}`;
    };
    const byKey = new Map(seen.map((r) => [`${r.type} ${r.name}`, r]));
    const visited = new Set<Seen>();
    const visit = (resource: Seen): boolean => {
        if (visited.has(resource)) return false;
        visited.add(resource);
        const { parent, dependsOn } = asked(resource);
        return [...dependsOn, ...(parent ? [parent] : [])]
            .map((urn) => byKey.get(key(urn)))
            .some((r) => r !== undefined && (r === earlier || visit(r)));
    };
    return visit(later);
}

/** Inputs as a provider gets them, with each secret replaced by `shown`. */
export function inputsOf(resource: Seen, shown: (secret: unknown) => unknown = () => "(secret)"): any {
    const walk = (input: any): unknown => {
        if (pulumi.runtime.isRpcSecret(input)) return shown(pulumi.runtime.unwrapRpcSecret(input));
        if (Array.isArray(input)) return input.map(walk);
        if (typeof input !== "object" || input === null) return input;
        return Object.fromEntries(Object.entries(input).map(([field, v]) => [field, walk(v)]));
    };
    return walk(resource.inputs);
}

/** Content of a Secret, as texts. */
export function textsOf(secret: Seen): Record<string, string> {
    const data = inputsOf(secret, (shown) => shown).data as Record<string, string>;
    return Object.fromEntries(
        Object.entries(data).map(([field, text]) => [field, Buffer.from(text, "base64").toString()]),
    );
}

/** The only resource of a type, or of a type and name. Fails if there is none or more than one. */
export function one(seen: Seen[], type: string, name?: string): Seen {
    const found = seen.filter((r) => r.type === type && (name === undefined || r.name === name));
    assert.equal(found.length, 1, `expected one ${type} ${name ?? ""}, got ${found.map((r) => r.name).join(", ")}`);
    return found[0];
}

/** The only custom resource of a Kubernetes kind, or of a kind and object name. */
export function oneOfKind(seen: Seen[], kind: string, name?: string): Seen {
    const found = seen.filter(
        (r) => r.inputs.kind === kind && (name === undefined || r.inputs.metadata?.name === name),
    );
    assert.equal(found.length, 1, `expected one ${kind} ${name ?? ""}, got ${found.map((r) => r.name).join(", ")}`);
    return found[0];
}

/** The value of an output, to await. Secrets are plain text: for comparisons only. */
export function value<T>(output: pulumi.Output<T>): Promise<T> {
    return (output as unknown as { promise(withUnknowns?: boolean): Promise<T> }).promise();
}

/** A recorded value with its secrets in plain text: for comparisons only. */
export function plain(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    if (pulumi.runtime.isRpcSecret(value)) return plain(pulumi.runtime.unwrapRpcSecret(value));
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}
