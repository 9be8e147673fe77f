import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { logicalName, renderRecord, type Phase, type ZoneRecord } from "./dns-record";

export interface DnsRecordsArgs {
    zoneId: pulumi.Input<string>;
    /** The reviewed records. */
    records: ZoneRecord[];
    /** Names among the records that point to the tunnel from phase `proxied` on. Unset: none. */
    service?: ServiceNames;
    /** Phase of the zone's move. Preflight checks the conditions of each phase. */
    phase: Phase;
    /**
     * Longest time to live before phase `proxied`, in seconds; Cloudflare takes 60 or more.
     * @default 300: a mistake is over after five minutes
     */
    moveTtlSeconds?: number;
}

/**
 * Names that callers used before the move and keep using. Each is a CNAME, so that its switch to the tunnel updates one
 * record: Cloudflare rejects a CNAME next to an address record, and deleting first would leave the name without an
 * answer.
 */
export interface ServiceNames {
    hostnames: string[];
    /** Name of the tunnel. */
    target: pulumi.Input<string>;
    /** Resources that protect the service; they exist before its names point to the tunnel. */
    after: pulumi.Resource[];
}

/** The records of a zone at Cloudflare, and its signatures at the end of a move. */
export class DnsRecords extends pulumi.ComponentResource {
    /** DS record for the registrar, in phase `signed`. */
    readonly ds: pulumi.Output<string> | undefined;

    constructor(name: string, args: DnsRecordsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:DnsRecords", name, {}, opts);
        const { zoneId, records, phase, moveTtlSeconds, service } = args;

        const made = records.map((record) => {
            const rendered = renderRecord(record, phase, moveTtlSeconds);
            const turned = rendered.proxied && service?.hostnames.includes(record.name) ? service : undefined;
            return new cloudflare.DnsRecord(
                `${name}-${logicalName(record)}`,
                { zoneId, ...rendered, ...(turned ? { content: turned.target } : {}) },
                // From phase `delegated` on the zone may be live: one that leaves the data, or the stack, takes mail and
                // more with it. docs/operate/dns-move.md says how one goes.
                { parent: this, dependsOn: turned?.after, protect: phase !== "mirror" },
            );
        });
        if (phase === "signed") {
            const signed = new cloudflare.ZoneDnssec(
                `${name}-dnssec`,
                {
                    zoneId,
                    status: "active",
                    // Set to Cloudflare's own values: if they were unset, every refresh would show differences.
                    dnssecMultiSigner: false,
                    dnssecPresigned: false,
                    dnssecUseNsec3: false,
                },
                // Kept when the phase goes back or the stack is destroyed: without signatures and with the DS record
                // still at the registry, validating resolvers would refuse the whole zone.
                { parent: this, dependsOn: made, retainOnDelete: true },
            );
            this.ds = signed.ds;
        }
        this.registerOutputs({ ds: this.ds });
    }
}
