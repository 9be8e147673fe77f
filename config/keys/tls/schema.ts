import * as z from "zod";
import { dnsLabel, hostName, nodePort, problem, text } from "../../values";

/** Default port of TLS on every node. */
const DEFAULT_TLS_NODE_PORT = 30843;

/** Key `tls`: TLS at the gateway. */
export const tls = z
    .strictObject({
        certificate: text("certificates in PEM form")
            .optional()
            .meta({
                description:
                    "A certificate of your own in PEM form, followed by its intermediate certificates in order.",
                examples: ["-----BEGIN CERTIFICATE-----…"],
                unset: "not set; `issuer` is set instead",
            }),
        key: text("a private key in PEM form").meta({ secret: "tls.key" }).optional().meta({
            description: "Private key of `certificate` in PEM form, as a secret, without a passphrase.",
            unset: "not set; `issuer` is set instead",
        }),
        issuer: dnsLabel.optional().meta({
            description:
                "Name of the ClusterIssuer with which cert-manager in the cluster issues and renews a certificate.",
            examples: ["letsencrypt"],
            unset: "not set; `certificate` and `key` are set instead",
        }),
        hostnames: z
            .array(hostName)
            .optional()
            .meta({
                description: "Host names that TLS is served for. Callers must use one of them.",
                examples: [["llm.example.com"]],
                unset: "`azure.hostname`",
            }),
        nodePort: nodePort(DEFAULT_TLS_NODE_PORT).default(DEFAULT_TLS_NODE_PORT).meta({
            description: "Port of HTTPS on every node.",
            reason: "A fixed port lets a load balancer be set up before the first run.",
        }),
        redirect: z.boolean().default(true).meta({
            description:
                "Whether HTTP redirects to HTTPS. With `false` callers can use both, and keys that they send over HTTP can be read on the network.",
            reason: "Callers that still use HTTP are moved to HTTPS.",
        }),
    })
    .check((ctx) => {
        const { certificate, key, issuer } = ctx.value;
        if (
            issuer === undefined
                ? certificate === undefined || key === undefined
                : certificate !== undefined || key !== undefined
        )
            ctx.issues.push(
                problem(ctx.value, "must have either certificate and key, or issuer", "Set one of them", {
                    quote: false,
                }),
            );
    })
    .optional()
    .meta({
        description: "TLS at the gateway, with exposure `direct`.",
        examples: [{ hostnames: ["llm.example.com"], issuer: "letsencrypt" }],
        unset: "the gateway serves HTTP",
    });
