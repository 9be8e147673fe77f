/** The recordings of option intra-a: one stack, and changes of its config. */
import type { StackConfig } from "../engine/kit/stack";

const key = (id: string) => ({ id, method: "key" });
const hs = { id: "hs", method: "jwt", algorithm: "HS256" };
export const alice = {
    name: "alice",
    limits: { requests: 60, perSeconds: 60, concurrent: 2 },
    credentials: [key("a1"), key("a2")],
};
export const bob = { name: "bob", credentials: [key("b1"), hs] };
export const consumers = [alice, bob];

/** Name of the stack, which is part of every URN. */
export const STACK = "review";

/** Addresses that a config needs. */
export interface Facts {
    nodePort: number;
    /** Address of Alpa. */
    alpa: string;
}

const limits = (values: object) => ({ consumers: [{ ...alice, limits: { ...alice.limits, ...values } }, bob] });
const ofAlice = (...credentials: object[]) => ({ consumers: [{ ...alice, credentials }, bob] });
const ended = { ...key("a2"), expires: "2020-01-31" };

/** A change of many things at once. The engine tests preview it too. */
export const MUCH = "much at once";

/** Changes of the config by name. Each returns the keys that replace keys of the stack's config. */
export const CHANGES: Record<string, (facts: Facts) => StackConfig> = {
    nothing: () => ({}),
    "callers in another order": () => ({ consumers: [bob, alice] }),
    "credentials in another order": () => ofAlice(key("a2"), key("a1")),
    "longer waits": () => ({ readiness: { settleSeconds: 1, graphTimeoutSeconds: 300, acceptTimeoutSeconds: 60 } }),
    "an expiry date far in the future": () => ofAlice(key("a1"), { ...key("a2"), expires: "2099-01-31" }),
    "an added credential": () => ofAlice(key("a1"), key("a2"), key("a3")),
    "an added caller": () => ({ consumers: [...consumers, { name: "carol", credentials: [key("c1")] }] }),
    "more requests": () => limits({ requests: 120 }),
    "more open requests": () => limits({ concurrent: 5 }),
    "a removed caller": () => ({ consumers: [alice] }),
    "no callers": () => ({ consumers: [] }),
    "a removed credential": () => ofAlice(key("a1")),
    "an expired credential": () => ofAlice(key("a1"), ended),
    "an expired credential, and a removed caller": () => ({
        consumers: [{ ...alice, credentials: [key("a1"), ended] }],
    }),
    "another method under one id": () => ({ consumers: [alice, { ...bob, credentials: [{ ...hs, id: "b1" }, hs] }] }),
    "a renamed caller": () => ({ consumers: [alice, { ...bob, name: "robert" }] }),
    "fewer requests": () => limits({ requests: 10 }),
    "a longer window": () => limits({ perSeconds: 600 }),
    "fewer open requests": () => limits({ concurrent: 1 }),
    "a limit where there was none": () => ({ consumers: [alice, { ...bob, limits: { concurrent: 1 } }] }),
    "no limits": () => ({ consumers: [{ ...alice, limits: undefined }, bob] }),
    "shorter bodies": () => ({ guard: { maxBodyBytes: 1024 } }),
    "no guard": () => ({ guard: { enabled: false, reason: "a trial of the model" } }),
    "a repeated deployment": () => ({ rampart: { retry: 1 } }),
    "shorter answers": ({ alpa }) => ({ alpa: { endpoints: [alpa], answerTimeoutSeconds: 300 } }),
    "longer answers": ({ alpa }) => ({ alpa: { endpoints: [alpa], answerTimeoutSeconds: 900 } }),
    "one more Alpa": ({ alpa }) => ({ alpa: { endpoints: [alpa, "10.255.0.1:20001"] } }),
    "another Alpa": () => ({ alpa: { endpoints: ["10.255.0.1:20001"] } }),
    "another port": ({ nodePort }) => ({ gateway: { nodePort: nodePort + 1 } }),
    "another address of the same nodes": () => ({ gateway: { address: "127.0.0.2" } }),
    "another image": () => ({ gateway: { image: { repository: "apache/apisix", tag: "3.18.1-ubuntu" } } }),
    [MUCH]: ({ alpa }) => ({
        consumers: [
            { ...alice, limits: { ...alice.limits, requests: 10 } },
            { name: "carol", credentials: [key("c1")] },
        ],
        alpa: { endpoints: [alpa], answerTimeoutSeconds: 300 },
        gateway: { image: { repository: "apache/apisix", tag: "3.18.1-ubuntu" } },
        guard: { maxBodyBytes: 1024 },
    }),
};
