import * as z from "zod";
import { secret } from "@pulumi/pulumi/output";
import { isIP } from "node:net";
import type { GatewayTlsSettings } from "../../components/apisix/tls";
import type { ReleaseTls } from "../../components/apisix/values";
import {
    azureSide,
    HTTPS_PORT,
    idleMinutes,
    IDLE_MINUTES,
    type AzureSide,
} from "../../components/cloudflare/azure-side";
import { type CheckContext, at, type Problems, type Sound } from "../cross-check";
import { answerSeconds, nodePort } from "./exposure";
import type { ParsedGatewayOption as Parsed } from "./gateway-option";
import { tlsProblems, tlsHostnames, tlsWarnings } from "./tls";
import { isGiven, type Raw } from "../unchecked";
import { hostName, matching, repeats } from "../values";
import { plainAddress } from "../../dns/names";

const address = matching((text) => isIP(text) !== 0, "be an IPv4 or IPv6 address", "Write for example 20.50.2.10");

export const azure = z
    .strictObject({
        hostname: hostName.meta({
            description: "Host name that callers use. Its DNS zone stays at Azure.",
            examples: ["llm.example.com"],
        }),
        addresses: z
            .array(address)
            .min(1, { error: "must name at least one address. Write the address of the load balancer." })
            .meta({
                description: "Addresses that the name must resolve to: those of the load balancer, or of the nodes.",
                examples: [["20.50.2.10"]],
            }),
    })
    .optional()
    .meta({
        description:
            "The DNS record and the load balancer at Azure in front of the gateway, with exposure `direct`. The stack prints the required settings as outputs, in Azure's terms, and checks DNS and the ports; it changes nothing at Azure.",
        unset: "no outputs for Azure; callers use the node port",
    });

export function* azureChecks(config: Sound<Parsed>, given: Raw, context: CheckContext): Problems {
    if (given.exposure === "tunnel") return;
    const { azure } = config;
    const hasAddress = isGiven(given, "gateway", "address");
    if (isGiven(given, "azure") && hasAddress)
        yield at`${["gateway", "address"]}: must not be set with azure.hostname, since callers use that name. Remove it.`;
    else if (isGiven(given, "tls") && hasAddress)
        yield at`${["gateway", "address"]}: must not be set with tls, since callers use the first of tls.hostnames. Remove it.`;
    const addresses = azure?.addresses ?? [];
    for (const [i, first] of repeats(addresses.map((one) => one && plainAddress(one))))
        yield at`${["azure", "addresses", i]}: must be listed only once (got ${JSON.stringify(addresses[i])}, which is azure.addresses[${first}] too). Remove it.`;
    yield* tlsProblems(config, given, context);
}

/** The address for callers; undefined if it is the node port of HTTP. */
export function azureUrl(config: Parsed): string | undefined {
    const { azure, tls } = config;
    if (tls === undefined) return azure && `http://${azure.hostname}`;
    const port = httpsPort(config);
    return `https://${azure?.hostname ?? tlsHostnames(tls, azure)[0]}${port === HTTPS_PORT ? "" : `:${port}`}`;
}

export function azureOutputs(config: Parsed): AzureSide | undefined {
    const { azure, tls } = config;
    const http = nodePort(config);
    if (azure === undefined || http === undefined) return undefined;
    return azureSide(azure, { http, https: tls?.nodePort }, answerSeconds(config));
}

export const releaseTls = (config: Parsed): ReleaseTls | undefined =>
    config.tls && { nodePort: config.tls.nodePort, publicPort: httpsPort(config)! };

/** The TLS settings of the gateway, with the key marked as a secret. */
export function gatewayTls({ azure, tls }: Parsed): GatewayTlsSettings | undefined {
    if (tls === undefined) return undefined;
    const { certificate, key, issuer, redirect } = tls;
    const source = issuer
        ? { kind: "cert-manager" as const, issuer }
        : { kind: "files" as const, certificate: certificate!, key: secret(key!) };
    return { hostnames: tlsHostnames(tls, azure), redirect, source };
}

export function* azureWarnings(config: Parsed, today: Date): Iterable<string> {
    const { azure, tls } = config;
    const seconds = answerSeconds(config);
    if (azure && !tls) yield "azure: without tls anyone on the network path can read keys and tokens. Set tls.";
    if (tls && !tls.redirect)
        yield "tls.redirect: false, so callers can still send keys and tokens over HTTP, where they can be read. Set it to true.";
    if (azure && idleMinutes(seconds) > IDLE_MINUTES.max)
        yield `alpa.answerTimeoutSeconds: ${seconds} s is longer than the ${IDLE_MINUTES.max} minutes after which Azure's load balancer closes an idle connection. Have callers send TCP keepalives.`;
    if (tls?.certificate !== undefined) yield* tlsWarnings(tls.certificate, today);
}

function httpsPort({ azure, tls }: Parsed): number | undefined {
    return azure === undefined ? tls?.nodePort : HTTPS_PORT;
}
