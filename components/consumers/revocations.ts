import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { RevocationsArgs } from "./revocations-provider";

const TYPE = "pulumi-nodejs:dynamic/alpa-auth:Revocations";
/** Components of the options that have callers. */
const OPTIONS = ["IntraCluster", "InterCluster", "GatewayCallers"];

/**
 * Remembers which keys of callers' own this stack has revoked. A config that declares one of them again is rejected in preview,
 * unless it names the revocation. It creates no object outside of the state (decision 0036).
 * A stack whose option is changed has other URNs: this one is known by those of each option, and keeps what it remembers.
 */
export class Revocations extends DynamicResource {
    constructor(name: string, args: RevocationsArgs, opts: pulumi.CustomResourceOptions) {
        super(
            "consumers/revocations-provider",
            name,
            { ...args, salt: undefined, revoked: undefined },
            { ...opts, aliases: OPTIONS.map((option) => urnIn(option, name)) },
            "Revocations",
        );
    }
}

function urnIn(option: string, name: string): string {
    const types = [`alpa-auth:components:${option}`, "alpa-auth:parts:Consumers", TYPE];
    return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${types.join("$")}::${name}`;
}
