import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ConversionRecordArgs } from "./conversion-record-provider";

/** Label of the object, to find it in the whole cluster. */
export const RECORD_LABELS = { "alpa-auth.io/role": "conversion" };

/**
 * The ConfigMap that records the progress of a conversion. A run starts with one of these resources and ends with another,
 * which distinguishes a completed run from an interrupted one. Deleting the first one deletes the object.
 */
export class ConversionRecord extends DynamicResource {
    /** Time at which the reached phase in the object was reached. */
    declare readonly since: pulumi.Output<string>;

    constructor(name: string, args: ConversionRecordArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(
            "opt/conversion-record-provider",
            name,
            { ...rest, ...cluster, since: undefined },
            opts,
            "ConversionRecord",
        );
    }
}
