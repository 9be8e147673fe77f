import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ConversionRecordArgs } from "./conversion-record-provider";

/** Label of the ConfigMap, to find it in every namespace. */
export const RECORD_LABELS = { "alpa-auth.io/role": "conversion" };

/**
 * The ConfigMap that records the progress of a conversion. A run writes the first resource of this type at its start and the
 * second at its end, so that an interrupted run can be detected. Deleting the first resource deletes the ConfigMap.
 */
export class ConversionRecord extends DynamicResource {
    /** Time at which the recorded phase was reached. */
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
