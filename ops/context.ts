import { resolve } from "node:path";
import type { PlainAccess } from "../components/kubernetes/api-server";
import type { Reader } from "../components/kubernetes/cluster-reader";
import { stackFilesFolder } from "../config/stack-file";
import { stateOf } from "./check/exposure-ports";
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
    /** Whether to show everything that Pulumi prints. Default: false. */
    verbose?: boolean;
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
        auditGateway,
        stateOfPort: stateOf,
        out: (line) => console.log(line),
        note,
    };
}
