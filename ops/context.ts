import { resolve } from "node:path";
import type { PlainAccess } from "../components/kubernetes/api-server";
import type { Reader } from "../components/kubernetes/cluster-reader";
import { stackFilesFolder } from "../config/stack-file";
import { stateOf } from "./check/exposure-ports";
import { UsageError } from "./errors";
import { auditGateway, type AuditGateway } from "./gateway/audit";
import { underPolicy, WITHOUT_PACK } from "./stack/policy-pack";
import { announced, runPulumi, type PulumiRunner } from "./stack/pulumi";

/** Root of the clone, with Pulumi.yaml. */
export const ROOT = resolve(__dirname, "..");

/** Everything outside the process that a command uses. Tests replace it. */
export interface Context {
    pulumi: PulumiRunner;
    /** Folder of the stack files. */
    folder: string;
    /** Root of the clone, where git and Pulumi find the program. @default {@link ROOT} */
    program?: string;
    today: Date;
    /** Longest wait until the gateway rejects a revoked credential, in seconds. */
    refusalSeconds: number;
    /** Address to connect to instead of the host of a stack's https URL. @default the URL's host */
    connectTo?: string;
    /** Opens a cluster for reading objects. @default the cluster of the access */
    openReader?: (access: PlainAccess) => Reader;
    /** Finds objects in APISIX that the ingress controller did not write. */
    auditGateway: AuditGateway;
    /** Whether a port of an address answers. */
    stateOfPort: typeof stateOf;
    /** Prints the result of the command, to standard output. */
    out(text: string): void;
    /** Prints messages during the command to standard error, so that the result can be piped. */
    note(text: string): void;
}

export function realContext(): Context {
    const note = (line: string) => console.error(line);
    return {
        pulumi: announced(underPolicy(runPulumi(ROOT), ROOT, process.env[WITHOUT_PACK], note), note),
        folder: stackFilesFolder(ROOT),
        today: new Date(),
        refusalSeconds: 30, // In measurements the rejection took less than 2 seconds.
        // For the sandbox, whose edge has neither DNS nor TLS: the host name of a stack does not resolve there.
        get connectTo() {
            return loopback(process.env.ALPA_AUTH_CONNECT_TO);
        },
        auditGateway,
        stateOfPort: stateOf,
        out: (line) => console.log(line),
        note,
    };
}

/**
 * Accepts only this machine, for the sandbox. Any other host would receive the credentials, and its answers would prove
 * nothing.
 */
function loopback(address: string | undefined): string | undefined {
    if (!address) return undefined;
    if (/^http:\/\/127\.0\.0\.1:\d+\/?$/.test(address)) return address;
    throw new UsageError([
        `ALPA_AUTH_CONNECT_TO: must be an address of this machine, for example http://127.0.0.1:8080 (got ${address}). Unset it.`,
    ]);
}
