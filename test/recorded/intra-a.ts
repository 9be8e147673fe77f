/** The recordings of option intra-a: one stack, and changes of its config. */
import type { StackConfig } from "../engine/kit/stack";

const key = (id: string) => ({ id, method: "key" });
const hs = { id: "hs", method: "jwt", algorithm: "HS256" };
export const alice = {
    name: "alice",
    limits: { requests: 60, perSeconds: 60, concurrent: 2 },
    credentials: [key("a1"), key("a2")],
};
const bob = { name: "bob", credentials: [key("b1"), hs] };
export const consumers = [alice, bob];

/** Name of the stack, which is part of every URN. */
export const STACK = "review";

const ended = { ...key("a2"), expires: "2020-01-31" };

/** A change of many things at once. The engine tests preview it too. */
export const MUCH = "much at once";

/**
 * Changes of the config by name, whose previews show what only the engine knows. Each returns the keys that replace keys
 * of the stack's config. test/unit/ops/stack/review/transitions.test.ts has other changes, on a fake engine.
 */
export const CHANGES: Record<string, () => StackConfig> = {
    "an expired credential": () => ({ consumers: [{ ...alice, credentials: [key("a1"), ended] }, bob] }),
    [MUCH]: () => ({
        consumers: [
            { ...alice, limits: { ...alice.limits, requests: 10 } },
            { name: "carol", credentials: [key("c1")] },
        ],
        gateway: { image: "apache/apisix:3.18.1-ubuntu" },
    }),
};
