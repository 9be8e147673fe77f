import { secret } from "@pulumi/pulumi/output";
import {
    azureSide,
    idleMinutes,
    IDLE_MINUTES,
    type AzureChoice,
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
    if (tls !== undefined) return address("https", azure?.hostname ?? names(config)[0], httpsPort(config)!, 443);
    return azure === undefined ? undefined : address("http", azure.hostname, azure.ports.http, 80);
}

/** The required settings at Azure; undefined without a host name. */
export function azureOutputs(
    { azure, tls }: AzureConfig,
    nodePort: number | undefined,
    answerTimeoutSeconds: number,
): AzureSide | undefined {
    if (azure === undefined || nodePort === undefined) return undefined;
    const choice: AzureChoice = azure;
    return azureSide(choice, { http: nodePort, https: tls?.nodePort }, answerTimeoutSeconds);
}

/** The TLS settings for installing APISIX. */
export function releaseTls(config: AzureConfig): ReleaseTls | undefined {
    const { tls } = config;
    if (tls === undefined) return undefined;
    const { nodePort, minimumVersion } = tls;
    return { nodePort, minimumVersion, publicPort: httpsPort(config)! };
}

/** The TLS settings of the gateway, with the key marked as a secret. */
export function gatewayTls(config: AzureConfig): GatewayTlsSettings | undefined {
    const { tls } = config;
    if (tls === undefined) return undefined;
    const { files, certManager } = tls.certificate;
    const { certificate, key } = files ?? {};
    return {
        hostnames: names(config),
        redirect: tls.redirect,
        source: certManager
            ? { kind: "cert-manager", issuer: { name: certManager.issuer, kind: certManager.kind } }
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
    const files = tls?.certificate.files;
    return files === undefined ? warnings : [...warnings, ...tlsWarnings(files.certificate, today)];
}

function names({ azure, tls }: AzureConfig): string[] {
    return tlsHostnames(tls, azure);
}

function httpsPort({ azure, tls }: AzureConfig): number | undefined {
    return azure?.ports.https ?? tls?.nodePort;
}

function address(scheme: string, host: string, port: number, usual: number): string {
    return `${scheme}://${host}${port === usual ? "" : `:${port}`}`;
}
