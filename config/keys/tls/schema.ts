import * as z from "zod";
import { got } from "../../problems";
import { dnsLabel, hostName, problem, text } from "../../values";

/** Default port of TLS on every node. */
const DEFAULT_TLS_NODE_PORT = 30843;
const NODE_PORTS = { min: 30000, max: 32767 };

const files = z
    .strictObject({
        certificate: text("certificates in PEM form").meta({
            description: "The certificate in PEM form, followed by its intermediate certificates in order.",
            examples: ["-----BEGIN CERTIFICATE-----…"],
        }),
        key: text("a private key in PEM form").meta({
            description: "Private key of the certificate in PEM form, as a secret, without a passphrase.",
            secret: "key.txt",
        }),
    })
    .optional()
    .meta({ description: "A certificate of your own.", unset: "not set; `certManager` is set instead" });

const certManager = z
    .strictObject({
        issuer: dnsLabel.meta({ description: "Name of the issuer, which must exist.", examples: ["letsencrypt"] }),
        kind: z.enum(["ClusterIssuer", "Issuer"]).default("ClusterIssuer").meta({
            description: "Kind of the issuer. An `Issuer` is in the namespace of the stack.",
            reason: "One issuer usually serves the whole cluster.",
        }),
    })
    .optional()
    .meta({
        description: "A certificate that cert-manager in the cluster issues and renews.",
        unset: "not set; `files` is set instead",
    });

/** Key `tls`: TLS at the gateway. */
export const tls = z
    .strictObject({
        certificate: z
            .strictObject({ files, certManager })
            .check((ctx) => {
                const named = Object.values(ctx.value).filter((one) => one !== undefined).length;
                if (named !== 1)
                    ctx.issues.push(
                        problem(ctx.value, "must have exactly one of files and certManager", "Set one of them", {
                            quote: false,
                        }),
                    );
            })
            .describe("Source of the certificate: exactly one of `files` and `certManager`."),
        hostnames: z
            .array(hostName)
            .optional()
            .meta({
                description: "Host names that TLS is served for. Callers must use one of them.",
                examples: [["llm.example.com"]],
                unset: "`azure.hostname`",
            }),
        nodePort: z
            .number()
            .refine((n) => Number.isInteger(n) && n >= NODE_PORTS.min && n <= NODE_PORTS.max, {
                error: (i) =>
                    `must be between ${NODE_PORTS.min} and ${NODE_PORTS.max}, the range of node ports${got(i.input)}. Use ${DEFAULT_TLS_NODE_PORT}`,
            })
            .default(DEFAULT_TLS_NODE_PORT)
            .meta({
                description: "Port of HTTPS on every node.",
                reason: "A fixed port lets a load balancer be set up before the first run.",
            }),
        redirect: z.boolean().default(true).meta({
            description:
                "Whether HTTP redirects to HTTPS. With `false` callers can use both, and keys that they send over HTTP can be read on the network.",
            reason: "Callers that still use HTTP are moved to HTTPS.",
        }),
        minimumVersion: z
            .enum(["1.2", "1.3"], {
                // Without quotes, YAML parses 1.2 as a number.
                error: (i) =>
                    typeof i.input === "number" ? `must be a string${got(i.input)}. Write it in quotes` : undefined,
            })
            .default("1.2")
            .meta({
                description: "Oldest accepted version of TLS.",
                examples: ["1.3"],
                reason: "All current clients support TLS 1.2.",
            }),
    })
    .optional()
    .meta({ description: "TLS at the gateway, with exposure `direct`.", unset: "the gateway serves HTTP" });
