import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { Meaning } from "../meaning/plain";

export interface ZoneSettings {
    /** Domain, for example `example.com`. */
    name: string;
    /** Whether to create the zone, or to look up an existing one. */
    manage: "existing" | "create";
}

export interface ZoneArgs extends ZoneSettings {
    /** What it is, for the inputs of the component. Unset if a parent's inputs contain it. */
    meaning?: Meaning;
    /** Id of the Cloudflare account. */
    account: string;
}

/**
 * The DNS zone at Cloudflare, created or looked up. A created zone is kept when the stack is destroyed, since deleting
 * it would delete every record.
 */
export class Zone extends pulumi.ComponentResource {
    readonly zoneId: pulumi.Output<string>;
    /** Name servers that the registrar must delegate to before the zone is served. */
    readonly nameServers: pulumi.Output<string[]>;
    /** `pending` until the registrar has these name servers. The status of a created zone changes only with a refresh. */
    readonly status: pulumi.Output<string>;

    constructor(name: string, args: ZoneArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:Zone", name, args.meaning ?? {}, opts);
        const account = { id: args.account };
        const zone =
            args.manage === "create"
                ? new cloudflare.Zone(
                      `${name}-zone`,
                      { name: args.name, account },
                      // A new name or account would replace the zone, and a destroy would delete it. Both need an explicit unprotect.
                      { parent: this, protect: true, retainOnDelete: true },
                  )
                : cloudflare.getZoneOutput({ filter: { name: args.name, account } }, { parent: this });
        this.zoneId = zone.id;
        this.nameServers = zone.nameServers;
        this.status = zone.status;
        this.registerOutputs({ zoneId: this.zoneId, nameServers: this.nameServers, status: this.status });
    }
}
