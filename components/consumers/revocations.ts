import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { RevocationsArgs } from "./revocations-provider";

const TYPE = "pulumi-nodejs:dynamic/alpa-auth:Revocations";
/** Components that can be the parent of the resource: each option with a gateway has its own component. */
const OPTIONS = ["IntraCluster", "InterCluster"];

/**
 * Records the keys set by operators that this stack has revoked. A preview rejects a config that declares such a key
 * again, unless it names the revocation. The resource creates no object outside of the state (decision 0005).
 *
 * Its URN depends on the option, so the aliases list the URN under each option: a change of option keeps the record.
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
    const types = [`alpa-auth:index:${option}`, "alpa-auth:index:Consumers", TYPE];
    return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${types.join("$")}::${name}`;
}
