import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { logicalName, renderRecord, type Phase, type ZoneRecord } from "./dns-record";

export interface DnsRecordsArgs {
    zoneId: pulumi.Input<string>;
    /** The reviewed records. Those of the service's own hostname are not among them: they belong to the tunnel. */
    records: ZoneRecord[];
    /** How far the zone has moved. Preflight checks what each phase needs. */
    phase: Phase;
    /**
     * Longest time to live before phase `proxied`, in seconds; Cloudflare takes 60 or more.
     * @default 300: a mistake is over after five minutes
     */
    moveTtlSeconds?: number;
}

/** The records of a zone at Cloudflare, and its signatures at the end of a move. */
export class DnsRecords extends pulumi.ComponentResource {
    /** DS record for the registrar, in phase `signed`. */
    readonly ds: pulumi.Output<string> | undefined;

    constructor(name: string, args: DnsRecordsArgs, opts?: pulumi.ComponentResourceOptions) {
        super("alpa-auth:parts:DnsRecords", name, args, opts);
        const { zoneId, records, phase, moveTtlSeconds } = args;

        const made = records.map(
            (record) =>
                new cloudflare.DnsRecord(
                    `${name}-${logicalName(record)}`,
                    { zoneId, ...renderRecord(record, phase, moveTtlSeconds) },
                    { parent: this },
                ),
        );
        if (phase === "signed") {
            const signed = new cloudflare.ZoneDnssec(
                `${name}-dnssec`,
                { zoneId, status: "active" },
                // Kept when the phase goes back or the stack is destroyed: without signatures and with the DS record
                // still at the registry, validating resolvers would refuse the whole zone.
                { parent: this, dependsOn: made, retainOnDelete: true },
            );
            this.ds = signed.ds;
        }
        this.registerOutputs({ ds: this.ds });
    }
}
