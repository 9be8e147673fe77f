import * as z from "zod";
import { hostName } from "../exposure/azure-schema";
import { got } from "../../problems";
import { dnsLabel, problem, text } from "../../values";

/** Port of TLS on every node, unless a stack says otherwise. */
export const DEFAULT_TLS_NODE_PORT = 30843;
const NODE_PORTS = { min: 30000, max: 32767 };

const files = z
    .strictObject({
        certificate: text("certificates in PEM form").describe(
            "The certificate in PEM form, and behind it each one that issued the one before.",
        ),
        key: text("a private key in PEM form").describe(
            "Its private key in PEM form, as a secret, without a passphrase.",
        ),
    })
    .optional()
    .describe("A certificate of your own.");

const certManager = z
    .strictObject({
        issuer: dnsLabel.describe("Name of the issuer, which must be there."),
        kind: z
            .enum(["ClusterIssuer", "Issuer"])
            .default("ClusterIssuer")
            .describe("Kind of the issuer; an `Issuer` lies in the stack's namespace."),
    })
    .optional()
    .describe("A certificate that cert-manager in the cluster gets and renews.");

/** Key `tls`: the gateway speaks TLS itself. */
export const tls = z
    .strictObject({
        certificate: z
            .strictObject({ files, certManager })
            .check((ctx) => {
                const named = Object.values(ctx.value).filter((one) => one !== undefined).length;
                if (named !== 1)
                    ctx.issues.push(
                        problem(ctx.value, "must name files, or else certManager", "Set one of them, not both", {
                            quote: false,
                        }),
                    );
            })
            .describe("Where the certificate comes from: one of the two."),
        hostnames: z
            .array(hostName)
            .optional()
            .describe("Names that TLS is served for; callers must use one of them. Unset: `azure.hostname`."),
        nodePort: z
            .number()
            .refine((n) => Number.isInteger(n) && n >= NODE_PORTS.min && n <= NODE_PORTS.max, {
                error: (i) =>
                    `must be between ${NODE_PORTS.min} and ${NODE_PORTS.max}, the range of node ports${got(i.input)}. Use ${DEFAULT_TLS_NODE_PORT}`,
            })
            .default(DEFAULT_TLS_NODE_PORT)
            .describe("Port of TLS on every node."),
        redirect: z
            .boolean()
            .default(true)
            .describe("Whether HTTP sends callers to HTTPS. `false`: both serve, and keys can be read on the way."),
        minimumVersion: z
            .enum(["1.2", "1.3"], {
                // YAML takes 1.2 for a number.
                error: (i) =>
                    typeof i.input === "number" ? `must be a text${got(i.input)}. Write it in quotes` : undefined,
            })
            .default("1.2")
            .describe("Oldest version of TLS that is spoken."),
    })
    .optional()
    .describe("TLS at the gateway, with exposure `direct`. Unset: it speaks HTTP.");
