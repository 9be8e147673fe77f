import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { logicalName, renderRecord, type Phase, type ZoneRecord } from "./dns-record";
import type { Meaning } from "../meaning/plain";

export interface DnsRecordsArgs {
    /** What it is, for the inputs of the component. */
    meaning: Meaning;
    zoneId: pulumi.Input<string>;
    /** The records to create, from the records file. */
    records: ZoneRecord[];
    /** Names in the records file that point to the tunnel from phase `proxied` on. Default: none. */
    service?: ServiceNames;
    /** Phase of the zone's move. The conditions of each phase are checked before the first resource. */
    phase: Phase;
}

/**
 * Host names that callers use before and after the move. Each name is a CNAME before the move too, so that the switch to the
 * tunnel only updates a record. An address record would have to be deleted first, because Cloudflare rejects a CNAME next
 * to it. The name would then not resolve until the CNAME exists.
 */
interface ServiceNames {
    hostnames: string[];
    /** DNS name of the tunnel. */
    target: pulumi.Input<string>;
    /** Resources that protect the service. They must exist before the names point to the tunnel. */
    after: pulumi.Resource[];
}

/** The records of a zone at Cloudflare, and the signing of the zone (DNSSEC) at the end of a move. */
export class DnsRecords extends pulumi.ComponentResource {
    /** DS record for the registrar, in phase `signed`. */
    readonly ds: pulumi.Output<string> | undefined;

    constructor(name: string, args: DnsRecordsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:index:DnsRecords", name, args.meaning, opts);
        const { zoneId, records, phase, service } = args;

        const created = records.map((record) => {
            const rendered = renderRecord(record, phase);
            const turned = rendered.proxied && service?.hostnames.includes(record.name) ? service : undefined;
            return new cloudflare.DnsRecord(
                `${name}-${logicalName(record)}`,
                { zoneId, ...rendered, ...(turned ? { content: turned.target } : {}) },
                // From phase `delegated` on the zone may be live, and removing a record from the records file could break
                // mail and other services. docs/operate/dns-move.md describes how to remove a record.
                { parent: this, dependsOn: turned?.after, protect: phase !== "mirror" },
            );
        });
        if (phase === "signed") {
            const signed = new cloudflare.ZoneDnssec(
                `${name}-dnssec`,
                {
                    zoneId,
                    status: "active",
                    // Cloudflare's own values. Without them, every refresh would show a diff.
                    dnssecMultiSigner: false,
                    dnssecPresigned: false,
                    dnssecUseNsec3: false,
                },
                // Kept when the phase is set back or the stack is destroyed. While the registry has the DS record,
                // validating resolvers reject a zone without signatures.
                { parent: this, dependsOn: created, retainOnDelete: true },
            );
            this.ds = signed.ds;
        }
        this.registerOutputs({ ds: this.ds });
    }
}
