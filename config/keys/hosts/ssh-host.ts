import * as z from "zod";
import { secret } from "@pulumi/pulumi/output";
import { createPrivateKey } from "node:crypto";
import type { SshHost } from "../../../components/hosts/ssh-host";
import { at, type Path, type Problems, type Sound } from "../../cross-check";
import { pathText } from "../../problems";
import { isHost, isPort, matching, repeats, text, unquotedText } from "../../values";

const HOST_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,2}( .*)?$/;

const ADDRESS = /^(?:([a-z_][a-z0-9_-]{0,31})@)?([^@:]+)(?::(\d+))?$/;

/** Parts of the address of a host: `10.0.0.1`, `10.0.0.1:2222` or `ops@10.0.0.1`. */
export function hostParts(text = ""): { user?: string; address: string; port: number } {
    const [, user, address = "", port = "22"] = ADDRESS.exec(text) ?? [];
    return { user, address, port: Number(port) };
}

export const sshHost = z.strictObject({
    address: matching((text) => {
        const { address, port } = hostParts(text);
        return isHost(address) && isPort(port);
    }, "be a lower-case host or an IPv4 address, with user@ or :port where they are not ssh.user and 22").meta({
        description:
            "Host name or IPv4 address for SSH. Write `ops@10.20.96.188:2222` for another user than `ssh.user` and another port than 22.",
        examples: ["10.20.96.188"],
    }),
    hostKey: z
        .string()
        .refine((line) => HOST_KEY.test(line), {
            error: "must be a public key as ssh-keyscan prints it, without the host in front. Run: ssh-keyscan -t ed25519 <address>, and compare the key with /etc/ssh/ssh_host_ed25519_key.pub on the host.",
        })
        .meta({
            description:
                "Public key of the SSH server. A host with another key is rejected. Print the key with `ssh-keyscan -t ed25519 <address>`, and compare it with `/etc/ssh/ssh_host_ed25519_key.pub` on the host.",
            // The private key could be written here by mistake.
            mayBeSecret: true,
            examples: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5eXl5"],
        }),
});

export const ssh = z
    .strictObject({
        user: matching(/^[a-z_][a-z0-9_-]{0,31}$/, "be the name of a user").meta({
            description: "User to log in as: root, or a user that may use sudo.",
            examples: ["ops"],
        }),
        privateKey: unquotedText.meta({
            description: "Private key of the user, as a secret, without a passphrase.",
            secret: "id_ed25519",
        }),
        sudoPassword: text("a password")
            .meta({ secret: "password.txt" })
            .optional()
            .meta({ description: "Password of the user for sudo, as a secret.", unset: "sudo needs no password" }),
    })
    .describe("The login on the hosts that this stack manages over SSH.");

export type ParsedSsh = z.infer<typeof ssh>;
type ParsedSshHost = z.infer<typeof sshHost>;

export function sshHosts(hosts: ParsedSshHost[], login: ParsedSsh | undefined): SshHost[] {
    return hosts.map((host) => sshHostOf(host, login!));
}

export function sshHostOf({ address: place, hostKey }: ParsedSshHost, login: ParsedSsh): SshHost {
    const { address, port, user = login.user } = hostParts(place);
    const { privateKey, sudoPassword } = login;
    return {
        ...{ address, port, user, hostKey },
        privateKey: secret(privateKey),
        ...(sudoPassword === undefined ? {} : { sudoPassword: secret(sudoPassword) }),
    };
}

/**
 * Checks the hosts of a list, and that a login is set for them.
 * @param list path of the list, for example that of `tunnel.hosts`
 * @param twice advice in the error about a duplicate host
 */
export function* sshHostProblems(
    list: Path,
    hosts: Sound<ParsedSshHost[]>,
    login: Sound<ParsedSsh> | undefined,
    twice = "Remove it.",
): Problems {
    if (login === undefined && hosts.length > 0)
        yield at`${["ssh"]}: required with ${pathText(list)}. Set ssh.user, and run: pulumi config set --secret --path ssh.privateKey < id_ed25519`;
    const places = hosts.map((host) => {
        const { address, port } = hostParts(host?.address);
        return host?.address && `${address}:${port}`;
    });
    for (const [i, first] of repeats(places))
        yield at`${[...list, i]}: must be listed only once (${pathText([...list, first])} is ${places[i]} too). ${twice}`;
}

export function* sshProblems({ privateKey }: Sound<ParsedSsh> = {}): Problems {
    const wrong = privateKey === undefined ? undefined : sshKeyProblem(privateKey);
    if (wrong !== undefined) yield at`${["ssh", "privateKey"]}: ${wrong}`;
}

const BEGIN = /^\s*-----BEGIN ((?:[A-Z]+ )*)PRIVATE KEY-----\s/;
const OPENSSH_MAGIC = "openssh-key-v1\0";
const PASSPHRASE =
    "must have no passphrase, since a run cannot enter one. Create a separate key for this: ssh-keygen -t ed25519 -N ''";

/** Problem of a private key for SSH; undefined if there is none. Never quotes the key. */
export function sshKeyProblem(pem: string): string | undefined {
    const kind = BEGIN.exec(pem)?.[1];
    if (kind === undefined)
        return "must be a private key, from BEGIN to END line (it cannot be read). Set the content of the file, not its name.";
    if (kind === "ENCRYPTED " || /^Proc-Type: .*ENCRYPTED/m.test(pem)) return PASSPHRASE;
    if (kind === "OPENSSH ") return openSshProblem(pem);
    try {
        createPrivateKey(pem);
        return undefined;
    } catch {
        return CUT_OFF;
    }
}

const CUT_OFF = "must be a complete private key (it is damaged or truncated). Set the content of the file again.";

/** Checks header and encryption of a key in the format of ssh-keygen, which Node.js does not support. */
function openSshProblem(pem: string): string | undefined {
    const body = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----\s*$/.exec(
        pem,
    );
    const bytes = Buffer.from(body?.[1] ?? "", "base64");
    const start = OPENSSH_MAGIC.length;
    if (bytes.subarray(0, start).toString("latin1") !== OPENSSH_MAGIC || bytes.length < start + 4) return CUT_OFF;
    const length = bytes.readUInt32BE(start);
    const cipher = bytes.subarray(start + 4, start + 4 + length).toString("latin1");
    return cipher === "none" ? undefined : PASSPHRASE;
}
