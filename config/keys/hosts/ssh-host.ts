import { secret } from "@pulumi/pulumi/output";
import * as z from "zod";
import type { SshHost } from "../../../components/hosts/ssh-host";
import type { Sound } from "../../cross-check";
import { got } from "../../problems";
import { sshKeyProblem } from "./ssh-key";
import { isHost, text, unquotedText } from "../../values";

const HOST_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,2}( .*)?$/;

/** Schema of a port. @param advice second sentence of the error */
export const port = (advice: string) =>
    z.number().refine((n) => Number.isInteger(n) && n >= 1 && n <= 65535, {
        error: (i) => `must be a port between 1 and 65535${got(i.input)}. ${advice}`,
    });

/** Schema of a host that is managed over SSH, for every list of hosts. */
export const sshHost = z.strictObject({
    address: z
        .string()
        .refine(isHost, {
            error: (i) => `must be a lower-case host or an IPv4 address, without user or port${got(i.input)}`,
        })
        .meta({ description: "Host name or IPv4 address for SSH.", examples: ["10.20.96.188"] }),
    port: port("SSH listens on 22")
        .default(22)
        .meta({ description: "Port of the SSH server.", reason: "Standard port of SSH." }),
    user: z
        .string()
        .refine((name) => /^[a-z_][a-z0-9_-]{0,31}$/.test(name), {
            error: (i) => `must be the name of a user${got(i.input)}`,
        })
        .meta({ description: "User to log in as: root, or a user that may use sudo.", examples: ["ops"] }),
    hostKey: z
        .string()
        .refine((line) => HOST_KEY.test(line), {
            error: "must be a public key as ssh-keyscan prints it, without the host in front. Run: ssh-keyscan -t ed25519 <address>, and compare the key with /etc/ssh/ssh_host_ed25519_key.pub on the host",
        })
        .meta({
            description:
                "Public key of the SSH server. A host with another key is rejected. Print the key with `ssh-keyscan -t ed25519 <address>`, and compare it with `/etc/ssh/ssh_host_ed25519_key.pub` on the host.",
            examples: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5"],
        }),
    privateKey: unquotedText.meta({
        description: "Private key of the user, as a secret, without a passphrase.",
        secret: "id_ed25519",
    }),
    sudoPassword: text("a password")
        .meta({ secret: "password.txt" })
        .optional()
        .meta({ description: "Password of the user for sudo, as a secret.", unset: "sudo needs no password" }),
});

type ParsedSshHost = z.infer<typeof sshHost>;

/** Converts a checked host into settings of the components, and keeps the other keys of the entry. */
export function sshHostOf<T extends ParsedSshHost>(host: T): Omit<T, "privateKey" | "sudoPassword"> & SshHost {
    const { privateKey, sudoPassword, ...rest } = host;
    return {
        ...rest,
        privateKey: secret(privateKey),
        ...(sudoPassword === undefined ? {} : { sudoPassword: secret(sudoPassword) }),
    };
}

/**
 * Checks the hosts of a list, and that their secrets are encrypted.
 * @param key path of the list, for example `tunnel.hosts`
 * @param isSecret whether a value is stored encrypted
 * @param twice advice in the error about a duplicate host
 */
export function sshHostProblems(
    key: string,
    hosts: Sound<ParsedSshHost[]>,
    isSecret: (value: unknown) => boolean,
    twice = "Remove it.",
): string[] {
    const seen = new Map<string, string>();
    return hosts.flatMap(({ address, port, privateKey, sudoPassword } = {}, i) => {
        const where = `${key}[${i}]`;
        const problems: string[] = [];
        for (const [name, value] of Object.entries({ privateKey, sudoPassword }))
            if (value !== undefined && !isSecret(value))
                problems.push(
                    `${where}.${name}: must be stored encrypted (it is in the stack file in plain text). Anyone with access to that file can read it. Replace this secret on the host, and run: pulumi config set --secret --path '${where}.${name}'`,
                );
        const wrong = privateKey === undefined ? undefined : sshKeyProblem(privateKey);
        if (wrong !== undefined) problems.push(`${where}.privateKey: ${wrong}`);
        const place = `${address}:${port}`;
        const first = seen.get(place);
        seen.set(place, first ?? where);
        if (first !== undefined && address !== undefined)
            problems.push(`${where}: must be listed only once (${first} is ${place} too). ${twice}`);
        return problems;
    });
}
