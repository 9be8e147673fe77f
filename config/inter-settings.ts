import type { InterClusterArgs } from "../components/inter-cluster";
import type { AzureSide } from "../components/parts/azure-side";
import { azureUrl, releaseTls } from "./exposure-azure-settings";
import { answerSeconds, nodePort } from "./exposure-settings";
import type { ParsedInter as Parsed } from "./inter";
import { publicUrl, sharedSettings } from "./intra-settings";

/** Option inter: a highly available gateway in a cluster of its own, Alpa outside of it. */
export interface InterSettings extends InterClusterArgs {
    option: "inter";
    /** What an operator should know before going on; shown as warnings, never a reason to stop. */
    warnings: string[];
    /** Day from which a credential is left out, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
    /** What the Azure side must hold. Unset: nothing is said of it. */
    azure?: AzureSide;
}

/** Checked values in the shape the components take. */
export function interSettings(config: Parsed, today: Date): InterSettings {
    const answerTimeoutSeconds = answerSeconds(config);
    return {
        option: "inter",
        ...sharedSettings(config, today),
        alpa: { endpoints: config.alpa.endpoints, answerTimeoutSeconds, failover: true },
        gateway: gatewaySettings(config, answerTimeoutSeconds),
    };
}

function gatewaySettings(config: Parsed, answerTimeoutSeconds: number): InterSettings["gateway"] {
    const { gateway, rampart } = config;
    const { installer, address, crds, sharedCounters: _, ...chosen } = gateway;
    const release = {
        ...chosen,
        nodePort: nodePort(config),
        tls: releaseTls(config),
        availability: { answerTimeoutSeconds },
    };
    const url = publicUrl(config) ?? azureUrl(config) ?? `http://${address}:${release.nodePort}`;
    if (installer === "helm") return { installer, release, crds, url };
    return { installer, release, install: rampart?.install, retry: rampart?.retry ?? 0, url };
}
