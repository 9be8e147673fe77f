/** What the controller asks of helm. The real CLI is behind helm.ts; tests script their own. */
import type { JsonObject } from "../types.js";

export interface HelmRepo {
    /** Name under which helm knows it: a hash of the URL, see graph/chart.ts. */
    name: string;
    url: string;
    /** The other keys of the Secret that named the repo (username, password, passCredentials, …). */
    options: Record<string, string>;
}

export interface ReleaseRequest {
    release: string;
    namespace: string;
    chart: { repo: string; name: string; version: string };
    values: JsonObject;
    timeoutSeconds: number;
    wait: true;
}

export interface Limits {
    timeoutSeconds: number;
    signal: AbortSignal;
}

export interface HelmRunner {
    /** helm repo add. */
    repoCheck(repo: HelmRepo, limits: Limits): Promise<void>;
    /** helm show chart: the text of Chart.yaml. A version of undefined means the newest, pre-releases included. */
    showChart(repo: HelmRepo, name: string, version: string | undefined, limits: Limits): Promise<string>;
    /** helm upgrade --install. Ends the process when the signal says so, and resolves only after it has ended. */
    upgradeInstall(request: ReleaseRequest, signal: AbortSignal): Promise<void>;
    /** helm uninstall --wait. */
    uninstall(release: string, namespace: string): Promise<void>;
}

/** helm ended with a code other than 0. */
export class HelmError extends Error {
    constructor(
        readonly code: number,
        readonly stdout: string,
        readonly stderr: string,
        /** Argument list without values and credentials. */
        readonly args: string[] = ["helm"],
    ) {
        super(`helm: must end with 0 (got ${code}).\n${stderr}`);
    }
}

/** helm did not end in the time it was given. */
export class HelmTimeout extends Error {}
