import * as pulumi from "@pulumi/pulumi";

export interface CloudflaredHostArgs {
    hosts: {
        address: string;
        port: number;
        user: string;
        hostKey: string;
        privateKey: pulumi.Output<string>;
        sudoPassword?: pulumi.Output<string>;
    }[];
    version: string;
    sha256: string;
    source?: string;
    token: pulumi.Output<string>;
    graceSeconds: number;
    instances: number;
}

export class CloudflaredHost extends pulumi.ComponentResource {
    constructor(name: string, _args: CloudflaredHostArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:CloudflaredHost", name, {}, opts);
        this.registerOutputs({});
    }
}
