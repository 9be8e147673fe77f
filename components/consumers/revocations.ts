import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { RevocationsArgs } from "./revocations-provider";

const TYPE = "pulumi-nodejs:dynamic/alpa-auth:Revocations";
/** Components of the options whose callers pass a gateway. */
const OPTIONS = ["IntraCluster", "InterCluster", "GatewayCallers"];

/**
 * Remembers which keys that callers brought themselves this stack has revoked. A config that declares one of them again is rejected in preview,
 * unless it names the revocation. It creates no object outside of the state (decision 0036).
 * Another option means another URN, so the aliases list the URN under each option: a change of option keeps the record.
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
