import { secret } from "@pulumi/pulumi/output";
import {
    azureSide,
    HTTPS_PORT,
    idleMinutes,
    IDLE_MINUTES,
    type AzureSide,
} from "../../../components/cloudflare/azure-side";
import type { ReleaseTls } from "../../../components/apisix/values";
import type { GatewayTlsSettings } from "../../../components/apisix/tls";
import type { z } from "zod";
import type { azure as azureSchema } from "./azure-schema";
import type { tls as tlsSchema } from "../tls/schema";
import { tlsHostnames, tlsWarnings } from "../tls/checks";

/** The keys that these functions read from the config of every option. */
interface AzureConfig {
    azure?: z.infer<typeof azureSchema>;
    tls?: z.infer<typeof tlsSchema>;
}

/** The address for callers; undefined if it is the node port of HTTP. */
export function azureUrl(config: AzureConfig): string | undefined {
    const { azure, tls } = config;
    if (tls !== undefined) {
        const port = httpsPort(config);
        return `https://${azure?.hostname ?? names(config)[0]}${port === HTTPS_PORT ? "" : `:${port}`}`;
    }
    return azure === undefined ? undefined : `http://${azure.hostname}`;
}

/** The required settings at Azure; undefined without a host name. */
export function azureOutputs(
    { azure, tls }: AzureConfig,
    nodePort: number | undefined,
    answerTimeoutSeconds: number,
): AzureSide | undefined {
    if (azure === undefined || nodePort === undefined) return undefined;
    return azureSide(azure, { http: nodePort, https: tls?.nodePort }, answerTimeoutSeconds);
}

/** The TLS settings for installing APISIX. */
export function releaseTls(config: AzureConfig): ReleaseTls | undefined {
    const { tls } = config;
    if (tls === undefined) return undefined;
    return { nodePort: tls.nodePort, publicPort: httpsPort(config)! };
}

/** The TLS settings of the gateway, with the key marked as a secret. */
export function gatewayTls(config: AzureConfig): GatewayTlsSettings | undefined {
    const { tls } = config;
    if (tls === undefined) return undefined;
    const { certificate, key, issuer } = tls;
    return {
        hostnames: names(config),
        redirect: tls.redirect,
        source: issuer
            ? { kind: "cert-manager", issuer }
            : { kind: "files", certificate: certificate!, key: secret(key!) },
    };
}

export function azureWarnings({ azure, tls }: AzureConfig, answerTimeoutSeconds: number, today: Date): string[] {
    const warnings: string[] = [];
    if (azure !== undefined && tls === undefined)
        warnings.push("azure: without tls anyone on the network path can read keys and tokens. Set tls.");
    if (tls !== undefined && !tls.redirect)
        warnings.push(
            "tls.redirect: false, so callers can still send keys and tokens over HTTP, where they can be read. Set it to true.",
        );
    if (azure !== undefined && idleMinutes(answerTimeoutSeconds) > IDLE_MINUTES.max)
        warnings.push(
            `alpa.answerTimeoutSeconds: ${answerTimeoutSeconds} s is longer than the ${IDLE_MINUTES.max} minutes after which Azure's load balancer closes an idle connection. Have callers send TCP keepalives.`,
        );
    return [...warnings, ...(tls?.certificate === undefined ? [] : tlsWarnings(tls.certificate, today))];
}

function names({ azure, tls }: AzureConfig): string[] {
    return tlsHostnames(tls, azure);
}

function httpsPort({ azure, tls }: AzureConfig): number | undefined {
    return azure === undefined ? tls?.nodePort : HTTPS_PORT;
}
