import * as pulumi from "@pulumi/pulumi";
import { provider, type ConversionRecordArgs } from "./conversion-record-provider";

/** What tells it from others in a list of the whole cluster. */
export const RECORD_LABELS = { "alpa-auth.io/role": "conversion" };

/**
 * The ConfigMap that says how far a conversion is. One of these is the first thing of a run, and another is the last: so
 * whoever looks can tell a run that ended from one that did not. With the first one the object goes.
 */
export class ConversionRecord extends pulumi.dynamic.Resource {
    /** When the phase was reached that the object says was reached. */
    declare readonly since: pulumi.Output<string>;

    constructor(name: string, args: ConversionRecordArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster, since: undefined }, opts, "alpa-auth", "ConversionRecord");
    }
}
