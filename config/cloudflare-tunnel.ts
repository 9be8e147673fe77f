import * as z from "zod";
import { got } from "./problems";
import { isHost, pinned, positive, text, url } from "./values";

const HOST_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,2}( .*)?$/;

const port = (advice: string) =>
    z.number().refine((n) => Number.isInteger(n) && n >= 1 && n <= 65535, {
        error: (i) => `must be a port between 1 and 65535${got(i.input)}. ${advice}`,
    });

const host = z.strictObject({
    address: z
        .string()
        .refine(isHost, {
            error: (i) =>
                `must be a lower-case host or an IPv4 address, without user or port${got(i.input)}. Correct it`,
        })
        .describe("Host or IPv4 address where the program reaches it by SSH."),
    port: port("SSH listens on 22").default(22).describe("Port of its SSH server."),
    user: z
        .string()
        .refine((name) => /^[a-z_][a-z0-9_-]{0,31}$/.test(name), {
            error: (i) => `must be the name of a user${got(i.input)}. Correct it`,
        })
        .describe("User to log in as: root, or one that may use sudo."),
    hostKey: z
        .string()
        .refine((line) => HOST_KEY.test(line), {
            error: "must be a public key as ssh-keyscan prints it, without the host in front. Run: ssh-keyscan -t ed25519 <address>, and compare it on the host",
        })
        .describe("Public key of its SSH server, as `ssh-ed25519 AAAA…`. Another one is refused."),
    privateKey: z
        .string({ error: () => "must be a text. Correct it" })
        .describe("Private key to log in with, as a secret, without a passphrase."),
    sudoPassword: text("a password").optional().describe("Password of sudo, as a secret. Unset: sudo asks for none."),
    metricsPort: port("Use 20241")
        .default(20241)
        .describe("Port on 127.0.0.1 where the first connector tells its health; each other has the next one."),
});

/** Key `tunnel`. */
export const tunnel = z
    .strictObject({
        hosts: z
            .array(host)
            .min(1, { error: "must name at least one host, the Ray head node. Add it" })
            .describe("Hosts that run the connectors: the Ray head node, and more to survive the loss of one."),
        version: pinned.describe("Version of `cloudflared`, as `2026.8.2`."),
        sha256: z
            .string()
            .refine((sum) => /^[0-9a-f]{64}$/.test(sum), {
                error: (i) =>
                    `must be 64 hexadecimal digits in lower case${got(i.input)}. Take it from the release page`,
            })
            .describe("SHA-256 of that program for the hosts' architecture: what is downloaded must have it."),
        source: url.optional().describe("Address to download it from, whole. Unset: the release page of its project."),
        instances: positive("a number of connectors")
            .default(2)
            .describe("Connectors on each host: with two, one serves while the other is upgraded."),
        graceSeconds: positive("a time in seconds")
            .optional()
            .describe(
                "Time for running answers when a connector stops. Unset: `alpa.answerTimeoutSeconds` and 20 more.",
            ),
    })
    .describe("The connectors (`cloudflared`) that carry requests from Cloudflare to Alpa.");
