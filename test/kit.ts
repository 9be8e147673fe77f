import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";

export type Seen = pulumi.runtime.MockResourceArgs;

/** Runs `build` on a fake engine and returns every resource it registered, once all have settled. */
export async function record(build: () => unknown): Promise<Seen[]> {
    const seen: Seen[] = [];
    await pulumi.runtime.setMocks(
        {
            newResource: (r) => {
                seen.push(r);
                const metadata = { generation: 1, ...r.inputs.metadata };
                return { id: `${r.name}-id`, state: { ...r.inputs, result: "generated", metadata } };
            },
            call: (c) => {
                throw new Error(`no fake for ${c.token}`);
            },
        },
        "alpa-auth",
        "test",
        false,
        "organization",
    );
    acceptHooks();
    build();
    await pulumi.runtime.disconnect(); // waits for every registration; setMocks connects afresh next time
    const keys = seen.map((r) => `${r.type} ${r.name}`);
    assert.deepEqual(
        keys.filter((k, i) => keys.indexOf(k) !== i),
        [],
        "the real engine refuses these duplicates",
    );
    return seen;
}

/** The SDK's fake engine knows no hooks: take them, and never call them, as a preview does. */
function acceptHooks() {
    const monitor = pulumi.runtime.getMonitor() as unknown as Record<string, unknown>;
    monitor.registerResourceHook = (_request: unknown, done: (error: null, answer: unknown) => void) => done(null, {});
}

/** The one resource of a type, or of a type and name; fails on none and on two. */
export function one(seen: Seen[], type: string, name?: string): Seen {
    const found = seen.filter((r) => r.type === type && (name === undefined || r.name === name));
    assert.equal(found.length, 1, `expected one ${type} ${name ?? ""}, got ${found.map((r) => r.name).join(", ")}`);
    return found[0];
}

/** The one custom resource of a Kubernetes kind, or of a kind and object name. */
export function oneOfKind(seen: Seen[], kind: string, name?: string): Seen {
    const found = seen.filter(
        (r) => r.inputs.kind === kind && (name === undefined || r.inputs.metadata?.name === name),
    );
    assert.equal(found.length, 1, `expected one ${kind} ${name ?? ""}, got ${found.map((r) => r.name).join(", ")}`);
    return found[0];
}

/** The value of an output, to await. Secrets come in plain: for comparisons only. */
export function value<T>(output: pulumi.Output<T>): Promise<T> {
    return (output as unknown as { promise(withUnknowns?: boolean): Promise<T> }).promise();
}
