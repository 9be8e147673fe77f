import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { RecordKind } from "./record-provider";

/** A record that exists only in the state, with a rule how it may change. It creates no object. */
export abstract class StateRecord extends DynamicResource {
    protected constructor(kind: RecordKind, name: string, props: pulumi.Inputs, opts: pulumi.CustomResourceOptions) {
        super("records/record-provider", name, { kind, ...props }, opts, kind);
    }
}
