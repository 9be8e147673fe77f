import { strict as assert } from "node:assert";
import { parse } from "../../../config";
import type { IntraBSettings } from "../../../config/options/intra";
import type { Phase } from "../../../components/opt/conversion-phases";
import { intra } from "../../../stacks/intra";
import { record, type Seen } from "../../kit";
import { SSH_KEY } from "./cloudflare";
import { CONSUMERS, raw } from "./intra-a";

/** The component: two nodes, with the weights in a claim. */
export const OPT = {
    image: "registry.example.com/alpa-serving:1.0.0",
    model: "alpa/opt-175b",
    nodes: ["dgx-01", "dgx-02"],
    rayVersion: "2.0.0",
    weights: { claim: "opt-weights" },
};

/** Login on the hosts. */
export const SSH = { user: "ops", privateKey: SSH_KEY };

/** A host of bare metal. @param number last part of its address */
export const bareHost = (number: number, more: object = {}) => ({
    address: `10.0.0.${number}`,
    hostKey: `ssh-ed25519 ${"A".repeat(68)}`,
    ...more,
});

/** Settings for a rollback to bare metal: two hosts with a systemd service. */
export const BARE_METAL = { hosts: [bareHost(11), bareHost(12)], unit: "alpa-ray.service" };

/** A config of option intra-b. */
export function intraBValues(
    values: Record<string, unknown> = {},
    opt: object = {},
    convert: object = {},
): Record<string, unknown> {
    return {
        option: "intra-b",
        alpa: { endpoints: ["10.0.0.11:20001"] },
        consumers: CONSUMERS,
        opt: { ...OPT, ...opt },
        ssh: SSH,
        convert: { bareMetal: BARE_METAL, ...convert },
        ...values,
    };
}

/** Validated settings of a stack of option intra-b. */
export function intraBSettings(...args: Parameters<typeof intraBValues>): IntraBSettings {
    const settings = parse(raw(intraBValues(...args)));
    assert.ok(settings.option === "intra-b");
    return settings;
}

/** All resources of the stack in a phase. */
export function recordIntraB(
    phase: Phase,
    values: Record<string, unknown> = {},
    opt: object = {},
    convert: object = {},
): Promise<Seen[]> {
    return record(() => intra(intraBSettings(values, opt, { phase, ...convert })), {
        "alpa-apisix-release": { status: { revision: 1 } },
    });
}

/** Settings of the component with Rampart's own charts. */
export const RAMPART_OPT = { shape: "rampart", weights: { inImage: "/weights" } };
