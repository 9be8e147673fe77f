import * as pulumi from "@pulumi/pulumi";
import type { Phase } from "./conversion-phases";
import { provider } from "./conversion-record-provider";
import type { ClusterAccess } from "./kubeconfig";
import type { metadata } from "./ownership";

/** What tells it from others in a list of the whole cluster. */
export const RECORD_LABELS = { "alpa-auth.io/role": "conversion" };

/** What is written before anything is done. */
export interface Beginning {
    /** Phase that the run is on its way to. */
    going: Phase;
    /** How often a run was begun after one that did not end. */
    attempt: string;
    /** Nodes that the conversion is about, with commas. */
    nodes: string;
    /** Who runs the conversion. Unset: nobody keeps others out. */
    holder?: string;
    /** When that ends. */
    until?: string;
}

/** What is written when all is done. */
export interface Ending {
    /** Phase that was reached. `since` says when, and stays while the phase does. */
    phase: Phase;
    /** Which callers there were. */
    callers: string;
}

export interface ConversionRecordArgs {
    cluster: ClusterAccess;
    metadata: ReturnType<typeof metadata>;
    begin?: Beginning;
    end?: Ending;
}

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
